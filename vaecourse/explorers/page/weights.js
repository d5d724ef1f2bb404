// The weights in a file, and the places of all arrays in the kernel's memory.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const PANEL = 8;

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

    // Loops here and below, because Float32Array.from takes almost a second for three million weights.
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
    shared = {};

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

    /** A map: pixel by pixel, the channels of a pixel together, filled up with zeros to a multiple of eight. */
    map(channels, height = 1, width = 1) {
      const stride = padded(channels, PANEL);
      const count = stride * height * width;
      return { address: this.reserve(count), channels, height, width, stride, count };
    }

    /** A place that all may use, of `count` numbers or more: "zeros", seen beyond an edge, or "spill", never read. */
    common(name, count) {
      if (!(this.shared[name]?.count >= count)) this.shared[name] = { count, address: this.reserve(count) };
      return this.shared[name].address;
    }

    fill(buffer) {
      for (const [address, values] of this.contents) new values.constructor(buffer, address, values.length).set(values);
      this.contents = [];
    }
  }

  Object.assign(vaecourse, { PANEL, padded, WeightReader, Layout });
})();
