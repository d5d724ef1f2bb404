// A VAE of points in the plane with one or two levels of codes: its draws, its loss and the gradients of it.
//
// One level: p(z₁) = N(0, I), q(z₁|x). Two levels: p(z₂) = N(0, I), p(z₁|z₂), inferred bottom-up by q(z₁|x) q(z₂|z₁).
// In both p(x|z₁) = N(f(z₁), σ² I). The loss is distortion + β₁ · rate₁ + β₂ · rate₂, in nats for each point.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { Network, Parameters } = vaeLab;
  const LOG_TWO_PI = Math.log(2 * Math.PI);
  const HIDDEN = 32;
  const UPPER_HIDDEN = 16;

  /** A network that gives `units` means, and after them `units` logarithms of variances. */
  const towards = (inputs, hidden, units) => new Network([inputs, ...hidden, 2 * units]);

  class Model {
    constructor({ units, levels }) {
      Object.assign(this, { units, levels });
      this.encoder = towards(2, [HIDDEN, HIDDEN], units);
      this.decoder = new Network([units, HIDDEN, HIDDEN, 2]);
      this.upper = levels > 1 ? towards(units, [UPPER_HIDDEN], units) : null; // q(z₂|z₁)
      this.prior = levels > 1 ? towards(units, [UPPER_HIDDEN], units) : null; // p(z₁|z₂)
      const networks = [this.encoder, this.decoder, this.upper, this.prior].filter(Boolean);
      this.parameters = new Parameters(networks, 1); // the last one is log σ
    }

    get logSigma() {
      return this.parameters.values[this.parameters.extra];
    }

    set logSigma(value) {
      this.parameters.values[this.parameters.extra] = value;
    }

    get sigma() {
      return Math.exp(this.logSigma);
    }

    /** z = μ + σ ε, row by row. */
    draw(parameters, noise, rows) {
      const { units } = this;
      const codes = new Float64Array(rows * units);
      for (let r = 0; r < rows; r++) {
        for (let u = 0; u < units; u++) {
          const mean = parameters[2 * r * units + u];
          const logVariance = parameters[(2 * r + 1) * units + u];
          codes[r * units + u] = mean + Math.exp(logVariance / 2) * noise[r * units + u];
        }
      }
      return codes;
    }

    /**
     * The loss of points x (rows × 2), averaged over them, given the noise of each level (rows × units); gradients are
     * added to the parameters'. What the views of one step show is kept in `.last`.
     */
    loss(x, rows, noise, betas) {
      const { units, encoder, decoder } = this;
      const posterior = encoder.forward(x, rows);
      const codes = this.draw(posterior, noise[0], rows);
      const mean = decoder.forward(codes, rows);
      const precision = Math.exp(-2 * this.logSigma);
      const toMean = new Float64Array(2 * rows);
      let squares = 0;
      for (let k = 0; k < toMean.length; k++) {
        const difference = mean[k] - x[k];
        squares += difference * difference;
        toMean[k] = (precision * difference) / rows;
      }
      const distortion = (0.5 * precision * squares) / rows + LOG_TWO_PI + 2 * this.logSigma;
      this.parameters.gradients[this.parameters.extra] += 2 - (precision * squares) / rows;
      const fromDistortion = decoder.backward(toMean, rows).slice();
      const toPosterior = new Float64Array(2 * rows * units);
      const toCodes = fromDistortion.slice();
      const rates = this.levels > 1 ? this.#twoRates(posterior, codes, rows, noise, betas, toCodes, toPosterior)
        : [this.#standardRate(posterior, rows, betas[0], toPosterior)];
      const fromRate = toPosterior.slice();
      this.#throughDraw(posterior, noise[0], rows, toCodes, toPosterior);
      this.last = { x, rows, noise, posterior: posterior.slice(), codes, mean: mean.slice(), fromDistortion, fromRate, toPosterior: toPosterior.slice() };
      encoder.backward(toPosterior, rows);
      const loss = distortion + rates.reduce((sum, rate, level) => sum + betas[level] * rate, 0);
      return { loss, distortion, rates };
    }

    /** KL(q‖N(0, I)), averaged over rows; β times its gradient is added to that of the posterior's parameters. */
    #standardRate(posterior, rows, beta, toPosterior) {
      const { units } = this;
      let sum = 0;
      for (let r = 0; r < rows; r++) {
        for (let u = 0; u < units; u++) {
          const at = 2 * r * units + u;
          const [mean, logVariance] = [posterior[at], posterior[at + units]];
          const variance = Math.exp(logVariance);
          sum += 0.5 * (mean * mean + variance - 1 - logVariance);
          toPosterior[at] += (beta * mean) / rows;
          toPosterior[at + units] += (0.5 * beta * (variance - 1)) / rows;
        }
      }
      return sum / rows;
    }

    /** Adds to the gradient of the posterior's parameters what arrives at the codes drawn from it. */
    #throughDraw(posterior, noise, rows, toCodes, toPosterior) {
      const { units } = this;
      for (let r = 0; r < rows; r++) {
        for (let u = 0; u < units; u++) {
          const at = 2 * r * units + u;
          const k = r * units + u;
          toPosterior[at] += toCodes[k];
          toPosterior[at + units] += toCodes[k] * 0.5 * Math.exp(posterior[at + units] / 2) * noise[k];
        }
      }
    }

    /**
     * Rate₁ = E[log q(z₁|x) − log p(z₁|z₂)], whose first term is in closed form and whose second is taken at the draw;
     * rate₂ = KL(q(z₂|z₁)‖N(0, I)). The closed form of KL(q(z₁|x)‖p(z₁|z₂)) would be wrong: z₂ was drawn from z₁.
     */
    #twoRates(posterior, codes, rows, noise, betas, toCodes, toPosterior) {
      const { units, upper, prior } = this;
      const upperPosterior = upper.forward(codes, rows);
      const upperCodes = this.draw(upperPosterior, noise[1], rows);
      const expected = prior.forward(upperCodes, rows);
      const toExpected = new Float64Array(2 * rows * units);
      const toUpper = new Float64Array(2 * rows * units);
      const weight = betas[0] / rows;
      let sum = 0;
      for (let r = 0; r < rows; r++) {
        for (let u = 0; u < units; u++) {
          const at = 2 * r * units + u;
          const difference = codes[r * units + u] - expected[at];
          const precision = Math.exp(-expected[at + units]);
          const square = difference * difference * precision;
          sum += 0.5 * (square + expected[at + units] - 1 - posterior[at + units]);
          toPosterior[at + units] -= 0.5 * weight;
          toCodes[r * units + u] += weight * difference * precision;
          toExpected[at] = -weight * difference * precision;
          toExpected[at + units] = 0.5 * weight * (1 - square);
        }
      }
      const upperRate = this.#standardRate(upperPosterior, rows, betas[1], toUpper);
      this.#throughDraw(upperPosterior, noise[1], rows, prior.backward(toExpected, rows), toUpper);
      const more = upper.backward(toUpper, rows);
      for (let k = 0; k < toCodes.length; k++) toCodes[k] += more[k];
      return [sum / rows, upperRate];
    }
  }

  Object.assign(vaeLab, { Model, LOG_TWO_PI });
})();
