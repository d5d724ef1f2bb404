// Dense layers and transposed convolutions (kernel 4, stride 2, padding 1), planned as products of kernel.wat.
// Images are stored channel last; in the output of a product, each pixel is padded to a multiple of eight channels.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const PANEL = 8;
  const ROWS = 4;
  // Output row 2i depends on the input rows i and i − 1, output row 2i + 1 on i + 1 and i; columns likewise.
  const TAPS = [[0, -1], [1, 0]];

  const padded = (count, multiple) => multiple * Math.ceil(count / multiple);

  /** A table of all half-precision numbers in single precision, indexed by their bits. */
  function halves() {
    const table = new Float32Array(65536);
    for (let bits = 0; bits < 65536; bits++) {
      const exponent = (bits >> 10) & 31;
      const fraction = bits & 1023;
      const size = exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction;
      table[bits] = bits >> 15 ? -size : size;
    }
    return table;
  }
  let table = null;

  /** Reads weights in sequence from the bytes of a file: half-precision numbers, or bytes with scales. */
  class WeightReader {
    constructor(buffer, type) {
      this.buffer = buffer;
      this.inBytes = type === "int8";
      this.position = 0;
      table ??= halves();
    }

    // Loops here and below, because Float32Array.from takes almost a second for the three million weights of CelebA.
    /** The next half-precision numbers. */
    next(count) {
      const bits = this.#take(Uint16Array, count);
      const values = new Float32Array(count);
      for (let k = 0; k < count; k++) values[k] = table[bits[k]];
      return values;
    }

    /** The next matrix, in panels; `scaleAt(k)` is the scale of the k-th number if numbers are bytes. */
    matrix(count, scaleAt) {
      if (!this.inBytes) return this.next(count);
      const steps = this.#take(Int8Array, count);
      const values = new Float32Array(count);
      for (let k = 0; k < count; k++) values[k] = steps[k] * scaleAt(k);
      return values;
    }

    #take(type, count) {
      const start = this.position;
      this.position += count * type.BYTES_PER_ELEMENT;
      if (this.position > this.buffer.byteLength) throw new Error("the file of weights is too short");
      return new type(this.buffer, start, count);
    }
  }

  /** The addresses of all arrays in the kernel's memory, in bytes, multiples of 16. */
  class Layout {
    bytes = 0;
    contents = [];

    reserve(count) {
      const address = this.bytes;
      this.bytes += padded(4 * count, 16);
      return address;
    }

    place(values) {
      const address = this.reserve(values.length);
      this.contents.push([address, values]);
      return address;
    }

    fill(buffer) {
      for (const [address, values] of this.contents) new values.constructor(buffer, address, values.length).set(values);
      this.contents = [];
    }
  }

  /** A network of the manifest. `run` can be called once the layout is copied to a kernel's memory. */
  class Network {
    constructor(layers, weights, layout) {
      this.outputs = layers.at(-1).outputs;
      this.inputs = layers[0].inputs;
      this.products = [];
      this.input = layout.reserve(this.inputs);
      let from = { address: this.input, stride: this.inputs };
      const widest = Math.max(...layers.map((layer) => padded(Math.max(layer.inputs, layer.outputs), PANEL)));
      this.nothing = layout.reserve(widest); // zeros, seen beyond the edges
      this.spill = layout.reserve(widest); // results of rows that only fill a block up
      for (const layer of layers) from = this.#plan(layer, from, weights, layout);
      this.output = from;
    }

    /** Adds the products of one layer, and returns where its outputs are. */
    #plan({ inputs, outputs, from: size, to, relu }, from, weights, layout) {
      const stride = padded(outputs, PANEL);
      const [height, width] = to ?? [1, 1];
      const result = { address: layout.reserve(stride * height * width), stride, pixels: height * width };
      // Bytes have one scale for each output of a dense layer, or for each input channel of a convolution.
      const scales = weights.inBytes ? weights.next(size ? inputs : stride) : null;
      const scaleAt = size
        ? (k) => scales[Math.floor(k / PANEL) % inputs]
        : (k) => scales[PANEL * Math.floor(k / (PANEL * inputs)) + (k % PANEL)];
      const phases = size ? [[0, 0], [0, 1], [1, 0], [1, 1]] : [null];
      const products = phases.map((phase) => {
        const [sources, targets] = phase
          ? this.#rows(phase, size, to, inputs, from, result)
          : [[[from.address]], [result.address]];
        while (targets.length % ROWS) {
          sources.push(sources[0].map(() => this.nothing));
          targets.push(this.spill);
        }
        const taps = sources[0].length;
        const addresses = new Int32Array(sources.length * taps);
        sources.forEach((row, r) => row.forEach((address, tap) => {
          addresses[ROWS * (Math.floor(r / ROWS) * taps + tap) + (r % ROWS)] = address;
        }));
        return [
          layout.place(addresses), layout.place(Int32Array.from(targets)), targets.length / ROWS, taps, inputs,
          layout.place(weights.matrix(taps * inputs * stride, scaleAt)),
        ];
      });
      const bias = layout.place(weights.next(stride));
      for (const product of products) this.products.push([...product, bias, stride / PANEL, relu ? 0 : -Infinity]);
      return result;
    }

    /** For each output pixel of one phase, the addresses of its four input pixels and its own address. */
    #rows([odd, right], [height, width], [tall, wide], channels, from, result) {
      const stride = from.pixels === height * width ? from.stride : channels; // the output of a dense layer has no padding
      const sources = [];
      const targets = [];
      for (let i = 0; 2 * i + odd < tall; i++) {
        for (let j = 0; 2 * j + right < wide; j++) {
          const seen = TAPS[odd].flatMap((down) => TAPS[right].map((aside) => [i + down, j + aside]));
          sources.push(seen.map(([y, x]) => {
            const inside = y >= 0 && y < height && x >= 0 && x < width;
            return inside ? from.address + 4 * stride * (y * width + x) : this.nothing;
          }));
          targets.push(result.address + 4 * result.stride * ((2 * i + odd) * wide + 2 * j + right));
        }
      }
      return [sources, targets];
    }

    /** Outputs (channel last) for inputs; the next run may overwrite the returned array. */
    run(values, { buffer, multiply }) {
      new Float32Array(buffer, this.input, this.inputs).set(values);
      for (const product of this.products) multiply(...product);
      const { address, stride, pixels } = this.output;
      const found = new Float32Array(buffer, address, stride * pixels);
      if (pixels === 1 || stride === this.outputs) return found.subarray(0, this.outputs * pixels);
      const pressed = new Float32Array(this.outputs * pixels);
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (let channel = 0; channel < this.outputs; channel++) {
          pressed[pixel * this.outputs + channel] = found[pixel * stride + channel];
        }
      }
      return pressed;
    }
  }

  Object.assign(vaecourse, { WeightReader, Layout, Network });
})();
