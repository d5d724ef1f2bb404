// Random numbers that depend on a seed alone: any two browsers, and the twin of this file in Python, draw the same.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const STEP = 0x9e3779b9; // 2³² divided by the golden ratio, as in SplitMix

  const mixed = (number) => {
    let z = number | 0;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };

  /** A stream of random numbers: the n-th one is a hash of the seed, the number of the stream, and n. */
  vaeLab.Random = class Random {
    constructor(seed, stream) {
      this.origin = mixed(mixed(seed) + stream);
      this.count = 0;
    }

    /** A number between 0 and 1, neither included. */
    uniform() {
      this.count += 1;
      return (mixed(this.origin + Math.imul(this.count, STEP)) + 0.5) / 2 ** 32;
    }

    /** A whole number from 0 to `size` − 1. */
    index(size) {
      return Math.floor(this.uniform() * size);
    }

    /** `count` independent standard normal numbers, by the transform of Box and Muller. */
    normals(count) {
      const values = new Float64Array(count);
      for (let place = 0; place < count; place += 2) {
        const length = Math.sqrt(-2 * Math.log(this.uniform()));
        const angle = 2 * Math.PI * this.uniform();
        values[place] = length * Math.cos(angle);
        if (place + 1 < count) values[place + 1] = length * Math.sin(angle);
      }
      return values;
    }
  };
})();
