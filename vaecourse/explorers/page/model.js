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
      const weights = new vaecourse.WeightReader(bytes, manifest.type);
      const layout = new vaecourse.Layout();
      model.manifest = manifest;
      model.decoder = new vaecourse.Network(manifest.decoder, weights, layout);
      model.priors = manifest.priors.map((layers) => new vaecourse.Network(layers, weights, layout));
      model.kernel = await vaecourse.kernel(layout.bytes);
      layout.fill(model.kernel.buffer);
      return model;
    }

    /** The decoded picture: values in [0, 1], row by row, channel last. */
    decode(codes) {
      return this.decoder.run(this.#read(codes), this.kernel).map((logit) => 1 / (1 + Math.exp(-logit)));
    }

    /** The decoder's input: the first level, all levels concatenated, or their sum divided by √K (PH-VAE). */
    #read(codes) {
      const { reads } = this.manifest;
      if (reads === "first") return codes[0];
      if (reads === "all") return codes.flat();
      return codes[0].map((_, unit) => codes.reduce((sum, code) => sum + code[unit], 0) / Math.sqrt(codes.length));
    }

    /** Means and standard deviations of a level given the codes of the one above. */
    prior(level, above) {
      const parameters = Array.from(this.priors[level].run(above, this.kernel));
      const mean = parameters.splice(0, parameters.length / 2);
      return { mean, std: parameters.map((logVariance) => Math.exp(0.5 * logVariance)) };
    }

    /** Codes of start image `index`, and the standard deviations of their posterior (null for an autoencoder). */
    start(index) {
      const { codes, widths } = this.manifest.starts[index];
      return { codes: copied(codes), widths };
    }

    /** Codes on the straight line from one start (share 0) to another (1), on every level. */
    mix(first, second, share) {
      const other = this.start(second).codes;
      return this.start(first).codes.map((code, l) => code.map((one, u) => one + share * (other[l][u] - one)));
    }

    /** Codes after a change of one unit; in a hierarchy the units below keep their noise (z − μ)/σ. */
    move(codes, level, unit, value) {
      const moved = copied(codes);
      moved[level][unit] = value;
      if (!this.manifest.hierarchy) return moved;
      for (let below = level - 1; below >= 0; below--) {
        const before = this.prior(below, codes[below + 1]);
        const after = this.prior(below, moved[below + 1]);
        // z + Δμ + (z − μ)(σ'/σ − 1) rather than μ' + …: it is exactly z, without rounding, if nothing changes.
        moved[below] = codes[below].map((code, u) => {
          const shift = after.mean[u] - before.mean[u];
          return code + shift + (code - before.mean[u]) * (after.std[u] / before.std[u] - 1);
        });
      }
      return moved;
    }

    /** Codes with this level and those above kept, and those below drawn from their priors. */
    resampleBelow(codes, level, seed) {
      const drawn = copied(codes);
      const normal = vaecourse.gaussians(seed);
      for (let below = level - 1; below >= 0; below--) {
        const { mean, std } = this.prior(below, drawn[below + 1]);
        drawn[below] = mean.map((value, u) => value + std[u] * normal());
      }
      return drawn;
    }

    /** Codes drawn from the prior, from the top level down. */
    draw(seed) {
      const normal = vaecourse.gaussians(seed);
      const codes = this.manifest.levels.map((level) => level.labels.map(normal));
      return this.manifest.hierarchy ? this.resampleBelow(codes, codes.length - 1, seed + 0x9e3779b9) : codes;
    }
  };
})();
