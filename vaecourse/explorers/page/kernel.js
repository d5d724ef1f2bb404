// The functions of kernel.wat: in WebAssembly if the browser supports SIMD instructions, else in plain JavaScript.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  // kernel.wat, assembled, in base64. A test (test_page_kernel.py) compares them and prints the new text if they differ.
  const ASSEMBLED =
    "AGFzbQEAAAABGgNgCX9/f39/f39/fQBgA39/fwBgBH9/f38AAhQBCGV4cGxvcmVyBm1lbW9yeQIAAQMEAwABAgcZAwhtdWx0aXBseQAABHNp" +
    "bHUAAQNhZGQAAgruBgOMBAILfwx7IAj9EyEXA0AgACENIAEhDiACIQoDQCAFIQ8gBv0ABAAhGCAG/QAEECEZIBghGiAZIRsgGCEcIBkhHSAY" +
    "IR4gGSEfIAMhCwNAIA0oAgAhECANKAIEIREgDSgCCCESIA0oAgwhEyANQRBqIQ0gBCEMA0AgD/0ABAAhFCAP/QAEECEVIBD9CQIAIRYgGCAW" +
    "IBT95gH95AEhGCAZIBYgFf3mAf3kASEZIBH9CQIAIRYgGiAWIBT95gH95AEhGiAbIBYgFf3mAf3kASEbIBL9CQIAIRYgHCAWIBT95gH95AEh" +
    "HCAdIBYgFf3mAf3kASEdIBP9CQIAIRYgHiAWIBT95gH95AEhHiAfIBYgFf3mAf3kASEfIBBBBGohECARQQRqIREgEkEEaiESIBNBBGohEyAP" +
    "QSBqIQ8gDEEBayIMDQALIAtBAWsiCw0ACyAOKAIAIAlqIRAgDigCBCAJaiERIA4oAgggCWohEiAOKAIMIAlqIRMgDkEQaiEOIBAgGCAX/ekB" +
    "/QsEACAQIBkgF/3pAf0LBBAgESAaIBf96QH9CwQAIBEgGyAX/ekB/QsEECASIBwgF/3pAf0LBAAgEiAdIBf96QH9CwQQIBMgHiAX/ekB/QsE" +
    "ACATIB8gF/3pAf0LBBAgCkEBayIKDQALIA8hBSAGQSBqIQYgCUEgaiEJIAkgB0EFdEkNAAsLoQIBBHsDQCAA/QAEACEDIAP94QFDAACuQv0T" +
    "/egBQwAArsL9E/3pASEFIAVDO6q4P/0T/eYB/WohBCAFIARDAIAxP/0T/eYB/eUBIARDg4Beuf0T/eYB/eUBIQVDYQu2Ov0TIQYgBiAF/eYB" +
    "Q4mICDz9E/3kASEGIAYgBf3mAUOrqio9/RP95AEhBiAGIAX95gFDq6oqPv0T/eQBIQYgBiAF/eYBQwAAAD/9E/3kASEGIAYgBf3mAUMAAIA/" +
    "/RP95AEhBiAGIAX95gFDAACAP/0T/eQBIQYgBiAE/fgBQf8A/RH9rgFBF/2rAf3mASEGIAEgA0MAAIA//RMgBv3kAf3nAf0LBAAgAEEQaiEA" +
    "IAFBEGohASACQQRrIgJBAEoNAAsLOwADQCACIAD9AAQAIAH9AAQA/eQB/QsEACAAQRBqIQAgAUEQaiEBIAJBEGohAiADQQRrIgNBAEoNAAsL" +
    "AMYCBG5hbWUC7wEDACAABmlucHV0cwEHb3V0cHV0cwIGYmxvY2tzAwR0YXBzBAhjaGFubmVscwUHd2VpZ2h0cwYEYmlhcwcGcGFuZWxzCAVm" +
    "bG9vcgkFcGFuZWwKBWJsb2NrCwN0YXAMBGxlZnQNAmluDgNvdXQPAXcQAnIwEQJyMRICcjITAnIzFAJiMBUCYjEWAXgXA2xvdxgDczAwGQNz" +
    "MDEaA3MxMBsDczExHANzMjAdA3MyMR4DczMwHwNzMzEBBwAEZnJvbQECdG8CBWNvdW50AwF4BAFuBQFyBgFwAgQAA29uZQEFb3RoZXICAnRv" +
    "AwVjb3VudANNAwAEAAplYWNoX3BhbmVsAQplYWNoX2Jsb2NrAghlYWNoX3RhcAMMZWFjaF9jaGFubmVsAQEACWVhY2hfZm91cgIBAAllYWNo" +
    "X2ZvdXI=";

  /** The same functions on an ArrayBuffer. Addresses are in bytes, as in WebAssembly. */
  function plainFunctions(buffer) {
    const floats = new Float32Array(buffer);
    const addresses = new Int32Array(buffer);
    const silu = (from, to, count) => {
      for (let k = 0; k < count; k++) floats[to / 4 + k] = floats[from / 4 + k] / (1 + Math.exp(-floats[from / 4 + k]));
    };
    const add = (one, other, to, count) => {
      for (let k = 0; k < count; k++) floats[to / 4 + k] = floats[one / 4 + k] + floats[other / 4 + k];
    };
    const multiply = (inputs, outputs, blocks, taps, channels, weights, bias, panels, floor) => {
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
    return { multiply, silu, add };
  }

  /** Memory of at least `bytes` bytes, as {buffer, multiply, silu, add}: see kernel.wat for the arguments. */
  vaecourse.kernel = async (bytes) => {
    const code = Uint8Array.from(atob(ASSEMBLED), (character) => character.charCodeAt(0));
    if (!globalThis.WebAssembly?.validate(code)) {
      const buffer = new ArrayBuffer(16 * Math.ceil(bytes / 16));
      return { buffer, ...plainFunctions(buffer) };
    }
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
    const { instance } = await WebAssembly.instantiate(code, { explorer: { memory } });
    return { buffer: memory.buffer, ...instance.exports };
  };
})();
