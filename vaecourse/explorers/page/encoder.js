// The encoder of a model of digits: from a picture to the posterior of each level, and what the picture costs.
// The counterpart of infer(images, sample) of the models, and of distortion and rates in vaecourse/losses/elbo.py.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { Layout, Network, WeightReader, readMap, writeMap } = vaecourse;

  /** Two halves of a network's output, as means and log variances. */
  const gaussian = (values) => {
    const numbers = Array.from(values);
    return { mean: numbers.slice(0, numbers.length / 2), logVariance: numbers.slice(numbers.length / 2) };
  };

  const standard = (size) => ({ mean: Array(size).fill(0), logVariance: Array(size).fill(0) });

  /** The normalised product of two Gaussians: precisions add. */
  const product = (one, other) => {
    const share = one.logVariance.map((value, u) => 1 / (1 + Math.exp(value - other.logVariance[u])));
    return {
      mean: share.map((part, u) => part * one.mean[u] + (1 - part) * other.mean[u]),
      logVariance: share.map((part, u) => one.logVariance[u] + Math.log(part)),
    };
  };

  const kl = (one, other) =>
    one.mean.map((mean, u) => {
      const [own, others] = [one.logVariance[u], other.logVariance[u]];
      return 0.5 * ((Math.exp(own) + (mean - other.mean[u]) ** 2) / Math.exp(others) - 1 + others - own);
    });

  /** log of one density over another at codes, for each unit. */
  const logRatio = (codes, one, other) => {
    const at = ({ mean, logVariance }, u) => logVariance[u] + (codes[u] - mean[u]) ** 2 / Math.exp(logVariance[u]);
    return codes.map((_, u) => 0.5 * (at(other, u) - at(one, u)));
  };

  /** The polynomials of degree 1 to `degree` of an image, as in models/ph_vae.py. */
  const polynomials = {
    powers: (image, degree) => Array.from({ length: degree }, (_, k) => image.map((value) => value ** (k + 1))),
    legendre: (image, degree) => {
      const values = image.map((value) => 2 * value - 1);
      const found = [values.map(() => 1), values];
      for (let k = 1; k < degree; k++) {
        found.push(values.map((x, i) => ((2 * k + 1) * x * found[k][i] - k * found[k - 1][i]) / (k + 1)));
      }
      return found.slice(1);
    },
  };

  class Encoder {
    /** An encoder from its model's part of the manifest, the shape of the images and the bytes of its weights. */
    static async load({ encoder: manifest, levels }, shape, bytes) {
      const encoder = new Encoder();
      const layout = new Layout();
      const weights = new WeightReader(bytes, manifest.type);
      const asMap = manifest.networks[0][0].kind === "convolution";
      const input = () => layout.map(...(asMap ? shape : [shape.reduce((one, other) => one * other)]));
      encoder.manifest = manifest;
      encoder.networks = manifest.networks.map((layers) => new Network(layers, input(), weights, layout));
      const upwards = (layers, below) => new Network(layers, layout.map(levels[below].size), weights, layout);
      encoder.upwards = manifest.posteriors.map(upwards);
      encoder.kernel = await vaecourse.kernel(layout.bytes);
      layout.fill(encoder.kernel.buffer);
      return encoder;
    }

    #run(network, values) {
      writeMap(network.input, values, this.kernel);
      network.run(this.kernel);
      return readMap(network.output, this.kernel);
    }

    /** Reads an image (28 × 28 values in [0, 1]); `levels` and `bound` then speak of it. */
    read(image) {
      const { inference } = this.manifest;
      const read = polynomials[inference]?.(image, this.networks.length) ?? [image];
      this.image = image;
      this.seen = this.networks.map((network, k) => this.#run(network, read[k]));
    }

    /**
     * The levels, z_1 first, as {codes, posterior, prior}; null for both of an autoencoder. `choose` makes codes of a
     * posterior: its mean, unless given. Each level is computed from the codes of the one before, as in PyTorch.
     */
    levels(model, choose = ({ mean }) => mean) {
      const { inference } = this.manifest;
      const level = (posterior, prior) => ({ codes: choose(posterior), posterior, prior });
      if (inference === "code") return [{ codes: Array.from(this.seen[0]), posterior: null, prior: null }];
      if (inference === "bottom_up") return this.#bottomUp(model, level);
      if (inference === "top_down") return this.#topDown(model, level);
      return this.seen.map((values) => {
        const posterior = gaussian(values);
        return level(posterior, standard(posterior.mean.length));
      });
    }

    #bottomUp(model, level) {
      const found = [level(gaussian(this.seen[0]), null)];
      for (const network of this.upwards) found.push(level(gaussian(this.#run(network, found.at(-1).codes)), null));
      const codes = found.map((one) => one.codes);
      found.forEach((one, number) => (one.prior = this.#prior(model, number, codes)));
      return found;
    }

    #topDown(model, level) {
      const sizes = model.manifest.levels.map(({ size }) => size);
      const codes = sizes.map((size) => Array(size).fill(0));
      const found = [];
      let end = this.seen[0].length;
      for (let number = sizes.length - 1; number >= 0; number--) {
        const evidence = gaussian(this.seen[0].subarray(end - 2 * sizes[number], end));
        end -= 2 * sizes[number];
        const prior = this.#prior(model, number, codes);
        found[number] = level(number === sizes.length - 1 ? evidence : product(evidence, prior), prior);
        codes[number] = found[number].codes;
      }
      return found;
    }

    #prior(model, number, codes) {
      const { mean, std } = model.prior(number, codes);
      return { mean, logVariance: std.map((value) => 2 * Math.log(value)) };
    }

    /** Rates of the units of a level: see `rates` in losses/elbo.py. */
    #rates({ codes, posterior, prior }, number, levels) {
      const estimated = this.manifest.inference === "bottom_up" && number < levels.length - 1;
      return estimated ? logRatio(codes, posterior, prior) : kl(posterior, prior);
    }

    /** −log p(image|codes), in nats. */
    #distortion(model, codes) {
      const { sigma } = model.manifest;
      const each = (logit, pixel) => {
        if (sigma === null) return Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - pixel * logit;
        const off = (pixel - 1 / (1 + Math.exp(-logit))) / sigma;
        return 0.5 * (off ** 2 + Math.log(2 * Math.PI * sigma ** 2));
      };
      return model.logits(codes).reduce((sum, logit, k) => sum + each(logit, this.image[k]), 0);
    }

    /**
     * Distortion, rate, −ELBO and the rate of each unit of each level, in nats: averages over draws from the posterior.
     * Of an autoencoder there is a distortion only.
     */
    bound(model, normal, draws = this.manifest.draws) {
      const draw = ({ mean, logVariance }) => mean.map((value, u) => value + Math.exp(0.5 * logVariance[u]) * normal());
      let distortion = 0;
      const units = model.manifest.levels.map(({ size }) => Array(size).fill(0));
      for (let k = 0; k < draws; k++) {
        const levels = this.levels(model, draw);
        distortion += this.#distortion(model, levels.map(({ codes }) => codes)) / draws;
        if (levels[0].posterior === null) continue;
        levels.forEach((level, number) => {
          this.#rates(level, number, levels).forEach((rate, u) => (units[number][u] += rate / draws));
        });
      }
      if (this.manifest.inference === "code") return { terms: { distortion }, units: null };
      const rate = units.flat().reduce((sum, value) => sum + value, 0);
      return { terms: { distortion, rate, negative_elbo: distortion + rate }, units };
    }
  }

  vaecourse.Encoder = Encoder;
})();
