// A model with its weights: the counterpart, for one image, of vaecourse/explorers/exploration.py in PyTorch.
// Codes are a list with an array of numbers for each level, z_1 first. Levels and units are counted from 0 here.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  /** A seeded generator of standard normal numbers: mulberry32, then Box and Muller (1958). */
  vaecourse.gaussians = (seed) => {
    let state = seed >>> 0;
    const uniform = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
    };
    return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  };

  const copied = (codes) => codes.map((code) => code.slice());

  vaecourse.Model = class Model {
    /** A model from its part of the manifest and the bytes of its weights. */
    static async load(manifest, bytes) {
      const model = new Model();
      const layout = new vaecourse.Layout();
      model.manifest = manifest;
      model.generator = vaecourse.generator(manifest, new vaecourse.WeightReader(bytes, manifest.type), layout);
      model.generator.kernel = await vaecourse.kernel(layout.bytes);
      layout.fill(model.generator.kernel.buffer);
      return model;
    }

    /** The decoded picture: values in [0, 1], row by row, channel last. */
    decode(codes) {
      return this.generator.decode(codes);
    }

    /** The logits of the decoded picture. */
    logits(codes) {
      return this.generator.logits(codes);
    }

    /** Means and standard deviations of the prior of a level: given all above in a hierarchy, else 0 and 1. */
    prior(level, codes) {
      if (this.manifest.hierarchy && level < codes.length - 1) return this.generator.prior(level, codes);
      return { mean: codes[level].map(() => 0), std: codes[level].map(() => 1) };
    }

    /** What is left of the codes of a level after its prior: (z − μ)/σ. */
    noise(level, codes) {
      const { mean, std } = this.prior(level, codes);
      return codes[level].map((code, u) => (code - mean[u]) / std[u]);
    }

    /** Codes of start image `index`, and the standard deviations of their posterior (null for an autoencoder or a map). */
    start(index) {
      const { codes, widths } = this.manifest.starts[index];
      return { codes: copied(codes), widths };
    }

    /** Codes of a picture, and the standard deviations of their posterior (null for an autoencoder). */
    read(picture) {
      this.encoder.read(picture);
      const levels = this.encoder.levels(this);
      const widths = levels.map(({ posterior }) => posterior && posterior.logVariance.map((value) => Math.exp(0.5 * value)));
      return { levels, codes: levels.map(({ codes }) => codes), widths: widths[0] && widths };
    }

    /** Codes on the straight line from one start (share 0) to another (1), on every level. */
    mix(first, second, share) {
      const other = this.start(second).codes;
      return this.start(first).codes.map((code, l) => code.map((one, u) => one + share * (other[l][u] - one)));
    }

    /** The levels from `kept` upwards from one start, those below from another, with the noise that they have there. */
    mixLevels(first, second, kept) {
      return this.follow(this.start(second).codes, this.start(first).codes.slice(kept));
    }

    /** Codes with other upper levels (the last ones of all); in a hierarchy those below keep their noise (z − μ)/σ. */
    follow(codes, upper) {
      const moved = copied(codes);
      const held = codes.length - upper.length;
      moved.splice(held, upper.length, ...copied(upper));
      if (!this.manifest.hierarchy) return moved;
      const before = codes.slice(0, held).map((_, level) => this.prior(level, codes));
      for (let below = held - 1; below >= 0; below--) {
        const { mean, std } = before[below];
        const after = this.prior(below, moved);
        // z + Δμ + (z − μ)(σ'/σ − 1) rather than μ' + …: it is exactly z, without rounding, if nothing changes.
        moved[below] = codes[below].map(
          (code, u) => code + (after.mean[u] - mean[u]) + (code - mean[u]) * (after.std[u] / std[u] - 1),
        );
      }
      return moved;
    }

    /** Codes after one level takes other values. */
    replace(codes, level, values) {
      return this.follow(codes, [values, ...codes.slice(level + 1)]);
    }

    /** Codes after one unit takes another value. */
    move(codes, level, unit, value) {
      return this.replace(codes, level, codes[level].map((code, u) => (u === unit ? value : code)));
    }

    /** Codes with the levels from `kept` upwards, and below them what they expect: the means of the priors. */
    descend(codes, kept) {
      const expected = copied(codes);
      for (let below = kept - 1; below >= 0; below--) expected[below] = this.prior(below, expected).mean;
      return expected;
    }

    /** Codes after the noise of one level is multiplied by a factor: with 0 it is what the levels above expect. */
    amplify(codes, level, factor) {
      const { mean } = this.prior(level, codes);
      return this.replace(codes, level, codes[level].map((code, u) => mean[u] + factor * (code - mean[u])));
    }

    /** Codes with this level and those above kept, and those below drawn from their priors. */
    resampleBelow(codes, level, seed, temperature) {
      const drawn = copied(codes);
      const normal = vaecourse.gaussians(seed);
      for (let below = level - 1; below >= 0; below--) {
        const { mean, std } = this.prior(below, drawn);
        drawn[below] = mean.map((value, u) => value + temperature * std[u] * normal());
      }
      return drawn;
    }

    /** Codes drawn from the prior, from the top level down; `temperature` multiplies its standard deviations. */
    draw(seed, temperature) {
      const normal = vaecourse.gaussians(seed);
      const codes = this.manifest.levels.map(({ size }) => Array.from({ length: size }, () => temperature * normal()));
      if (!this.manifest.hierarchy) return codes;
      return this.resampleBelow(codes, codes.length - 1, seed + 0x9e3779b9, temperature);
    }
  };
})();
