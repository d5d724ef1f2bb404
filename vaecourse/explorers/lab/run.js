// A training run: its settings, its data, its model, and what was measured on the way. The same settings give the same run.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { Random, Model, drawPoints, evaluate } = vaeLab;
  const STREAMS = { data: 1, weights: 2, batches: 3, noise: 4, codes: 5, pixels: 6 };
  // Points on which the terms are evaluated, and steps from one evaluation to the next, by the dimensions of all codes.
  const MEASURED = { 1: 128, 2: 64, 4: 32 };
  const EVERY = { 1: 10, 2: 25, 4: 50 };
  const LEAST_SIGMA = 0.03;
  const MOST_KEPT = 600;
  const STRUCTURE = ["data", "points", "units", "levels", "seed"]; // a change of these begins again

  class Run {
    /** `pending` are changes [step, name, value] to repeat when their step comes. */
    constructor(settings, pending = []) {
      this.settings = { ...settings };
      this.pending = pending;
      this.changes = []; // what was changed by hand since the start, likewise
      this.begin(settings);
    }

    begin(start) {
      this.start = { ...start };
      const { settings } = this;
      const stream = (name) => new Random(settings.seed, STREAMS[name]);
      this.data = settings.data === "own" ? Float64Array.from(settings.points.flat()) : drawPoints(settings.data, stream("data"));
      this.count = this.data.length / 2;
      const dimensions = settings.units * settings.levels;
      this.measured = this.data.subarray(0, 2 * MEASURED[dimensions]);
      this.model = new Model(settings);
      this.model.parameters.initialise(stream("weights"));
      this.model.logSigma = Math.log(settings.sigma);
      this.batches = stream("batches");
      this.noise = stream("noise");
      this.steps = 0;
      this.every = EVERY[dimensions];
      this.history = [];
      this.diverged = false;
      if (this.count) this.measure();
    }

    get betas() {
      return [this.settings.beta, this.settings.beta2];
    }

    /** Changes a setting by hand; returns whether the run had to begin again. */
    set(name, value) {
      this.settings[name] = value;
      if (STRUCTURE.includes(name)) {
        this.changes = [];
        this.begin(this.settings);
        return true;
      }
      if (!this.steps) this.start[name] = value;
      else this.changes.push([this.steps, name, value]);
      if (name === "sigma") this.model.logSigma = Math.log(value);
      if (!this.steps && this.count) {
        this.history = [];
        this.measure();
      }
      return false;
    }

    /** Points of the next batch, drawn with replacement. */
    #batch(size) {
      const x = new Float64Array(2 * size);
      for (let r = 0; r < size; r++) {
        const from = 2 * this.batches.index(this.count);
        x[2 * r] = this.data[from];
        x[2 * r + 1] = this.data[from + 1];
      }
      return x;
    }

    /** One step of Adam on one batch; returns the terms of the batch. */
    step() {
      while (this.pending.length && this.pending[0][0] <= this.steps) this.set(...this.pending.shift().slice(1));
      const { model, settings } = this;
      const size = settings.batch;
      const noise = Array.from({ length: settings.levels }, () => this.noise.normals(size * settings.units));
      const terms = model.loss(this.#batch(size), size, noise, this.betas);
      if (Number.isFinite(terms.loss)) this.#update();
      else this.diverged = true;
      if (!this.diverged && this.steps % this.every === 0) this.measure();
      return terms;
    }

    #update() {
      const { model, settings } = this;
      const { gradients, extra } = model.parameters;
      if (!settings.learned) gradients[extra] = 0;
      model.parameters.step(settings.rate);
      if (settings.learned) model.logSigma = Math.max(model.logSigma, Math.log(LEAST_SIGMA));
      else model.logSigma = Math.log(settings.sigma);
      this.steps += 1;
    }

    /** One step of Adam for one point, with the noise given. An address does not repeat it. */
    learnFrom(point, noise) {
      this.model.loss(point, 1, noise, this.betas);
      this.#update();
      this.measure();
    }

    measure() {
      this.history.push({ step: this.steps, betas: this.betas, ...evaluate(this.model, this.measured) });
      if (this.history.length > MOST_KEPT) {
        this.every *= 2;
        this.history = this.history.filter(({ step }) => step % this.every === 0);
      }
    }

    get latest() {
      return this.history.at(-1);
    }

    /** Codes z₁ that the model draws, with the same noise each time. */
    codesFromPrior(count) {
      const { model, settings } = this;
      const random = new Random(settings.seed, STREAMS.codes);
      const codes = random.normals(count * settings.units);
      if (settings.levels === 1) return codes;
      return model.draw(model.prior.apply(codes, count), random.normals(count * settings.units), count);
    }

    /** Points that the model draws: codes from the prior, decoded, with the noise of the decoder. */
    samples(count) {
      const noise = new Random(this.settings.seed, STREAMS.pixels).normals(2 * count);
      const means = this.model.decoder.apply(this.codesFromPrior(count), count);
      return means.map((value, k) => value + this.model.sigma * noise[k]);
    }
  }

  Object.assign(vaeLab, { Run, STRUCTURE });
})();
