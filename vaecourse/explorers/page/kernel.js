// The products of kernel.wat: in WebAssembly if the browser supports SIMD instructions, else in plain JavaScript.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  // kernel.wat, assembled, in base64. A test (test_page_kernel.py) compares them and prints the new text if they differ.
  const ASSEMBLED =
    "AGFzbQEAAAABDQFgCX9/f39/f39/fQACFAEIZXhwbG9yZXIGbWVtb3J5AgABAwIBAAcMAQhtdWx0aXBseQAACo8EAYwEAgt/DHsgCP0TIRcD" +
    "QCAAIQ0gASEOIAIhCgNAIAUhDyAG/QAEACEYIAb9AAQQIRkgGCEaIBkhGyAYIRwgGSEdIBghHiAZIR8gAyELA0AgDSgCACEQIA0oAgQhESAN" +
    "KAIIIRIgDSgCDCETIA1BEGohDSAEIQwDQCAP/QAEACEUIA/9AAQQIRUgEP0JAgAhFiAYIBYgFP3mAf3kASEYIBkgFiAV/eYB/eQBIRkgEf0J" +
    "AgAhFiAaIBYgFP3mAf3kASEaIBsgFiAV/eYB/eQBIRsgEv0JAgAhFiAcIBYgFP3mAf3kASEcIB0gFiAV/eYB/eQBIR0gE/0JAgAhFiAeIBYg" +
    "FP3mAf3kASEeIB8gFiAV/eYB/eQBIR8gEEEEaiEQIBFBBGohESASQQRqIRIgE0EEaiETIA9BIGohDyAMQQFrIgwNAAsgC0EBayILDQALIA4o" +
    "AgAgCWohECAOKAIEIAlqIREgDigCCCAJaiESIA4oAgwgCWohEyAOQRBqIQ4gECAYIBf96QH9CwQAIBAgGSAX/ekB/QsEECARIBogF/3pAf0L" +
    "BAAgESAbIBf96QH9CwQQIBIgHCAX/ekB/QsEACASIB0gF/3pAf0LBBAgEyAeIBf96QH9CwQAIBMgHyAX/ekB/QsEECAKQQFrIgoNAAsgDyEF" +
    "IAZBIGohBiAJQSBqIQkgCSAHQQV0SQ0ACwsA9AEEbmFtZQK3AQEAIAAGaW5wdXRzAQdvdXRwdXRzAgZibG9ja3MDBHRhcHMECGNoYW5uZWxz" +
    "BQd3ZWlnaHRzBgRiaWFzBwZwYW5lbHMIBWZsb29yCQVwYW5lbAoFYmxvY2sLA3RhcAwEbGVmdA0CaW4OA291dA8BdxACcjARAnIxEgJyMhMC" +
    "cjMUAmIwFQJiMRYBeBcDbG93GANzMDAZA3MwMRoDczEwGwNzMTEcA3MyMB0DczIxHgNzMzAfA3MzMQMzAQAEAAplYWNoX3BhbmVsAQplYWNo" +
    "X2Jsb2NrAghlYWNoX3RhcAMMZWFjaF9jaGFubmVs";

  /** The same products on an ArrayBuffer. Addresses are in bytes, as in WebAssembly. */
  function plainProducts(buffer) {
    const floats = new Float32Array(buffer);
    const addresses = new Int32Array(buffer);
    return (inputs, outputs, blocks, taps, channels, weights, bias, panels, floor) => {
      for (let panel = 0; panel < panels; panel++) {
        for (let row = 0; row < 4 * blocks; row++) {
          const sums = floats.slice(bias / 4 + 8 * panel, bias / 4 + 8 * panel + 8);
          let weight = weights / 4 + 8 * panel * taps * channels;
          for (let tap = 0; tap < taps; tap++) {
            const start = addresses[inputs / 4 + 4 * ((row >> 2) * taps + tap) + (row & 3)] / 4;
            for (let channel = 0; channel < channels; channel++) {
              const value = floats[start + channel];
              for (let column = 0; column < 8; column++) sums[column] += value * floats[weight++];
            }
          }
          const end = addresses[outputs / 4 + row] / 4 + 8 * panel;
          for (let column = 0; column < 8; column++) floats[end + column] = Math.max(sums[column], floor);
        }
      }
    };
  }

  /** Memory of at least `bytes` bytes, as {buffer, multiply}: see kernel.wat for the arguments of multiply. */
  vaecourse.kernel = async (bytes) => {
    const code = Uint8Array.from(atob(ASSEMBLED), (character) => character.charCodeAt(0));
    if (!globalThis.WebAssembly?.validate(code)) {
      const buffer = new ArrayBuffer(16 * Math.ceil(bytes / 16));
      return { buffer, multiply: plainProducts(buffer) };
    }
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
    const { instance } = await WebAssembly.instantiate(code, { explorer: { memory } });
    return { buffer: memory.buffer, multiply: instance.exports.multiply };
  };
})();
