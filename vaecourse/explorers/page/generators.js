// The two kinds of generative model, as decode(codes) and prior(level, codes). Codes are lists of numbers for each level,
// z_1 first, those of a map channel by channel, as in PyTorch.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { Network, readMap, writeMap } = vaecourse;

  const pictureIn = (map, kernel) => readMap(map, kernel).map((logit) => 1 / (1 + Math.exp(-logit)));
  const same = (one, other) => one.length === other.length && one.every((value, k) => value === other[k]);

  /** The decoder reads codes; each prior reads those of the level above. */
  class Dense {
    constructor({ decoder, priors, reads, levels }, weights, layout) {
      this.reads = reads;
      const sizes = levels.map(({ size }) => size);
      const inputs = reads === "all" ? sizes.reduce((one, other) => one + other) : sizes[0];
      this.decoder = new Network(decoder, layout.map(inputs), weights, layout);
      this.priors = priors.map((layers, level) => new Network(layers, layout.map(sizes[level + 1]), weights, layout));
    }

    /** The decoded picture: values in [0, 1], row by row, channel last. */
    decode(codes) {
      this.#run(codes);
      return pictureIn(this.decoder.output, this.kernel);
    }

    /** What the decoder gives before the sigmoid: in it lies the exact distortion of white and black pixels. */
    logits(codes) {
      this.#run(codes);
      return readMap(this.decoder.output, this.kernel);
    }

    #run(codes) {
      writeMap(this.decoder.input, this.#read(codes), this.kernel);
      this.decoder.run(this.kernel);
    }

    /** The decoder's input: the first level, all levels concatenated, or their sum divided by √K (PH-VAE). */
    #read(codes) {
      if (this.reads === "first") return codes[0];
      if (this.reads === "all") return codes.flat();
      return codes[0].map((_, unit) => codes.reduce((sum, code) => sum + code[unit], 0) / Math.sqrt(codes.length));
    }

    /** Means and standard deviations of a level given the codes of the one above. */
    prior(level, codes) {
      const network = this.priors[level];
      writeMap(network.input, codes[level + 1], this.kernel);
      network.run(this.kernel);
      const parameters = Array.from(readMap(network.output, this.kernel));
      const mean = parameters.splice(0, parameters.length / 2);
      return { mean, std: parameters.map((logVariance) => Math.exp(0.5 * logVariance)) };
    }
  }

  /**
   * A map of features comes down from the top. At each level the network `enter` brings it to that level's size, `prior`
   * reads the prior of the codes from it, and `read` adds the codes; `decoder` draws the picture from what is left.
   * What lies above a level that changes is not computed again.
   */
  class FromFeatures {
    constructor({ top, stages, decoder, levels, logVarianceLimit }, weights, layout) {
      this.shapes = levels.map(({ shape, size }) => shape ?? [size]);
      this.limit = logVarianceLimit;
      this.top = levels.length - 1;
      this.stages = [];
      const network = (layers, input) => new Network(layers, input, weights, layout);
      this.stages[this.top] = { read: network(top, layout.map(...this.shapes[this.top])) };
      for (let level = this.top - 1; level >= 0; level--) {
        const enter = network(stages[level].enter, this.stages[level + 1].read.output);
        const prior = network(stages[level].prior, enter.output);
        const read = network(stages[level].read, layout.map(...this.shapes[level]));
        read.add(enter.output, read.output);
        this.stages[level] = { enter, prior, read };
      }
      this.decoder = network(decoder, this.stages[0].read.output);
      this.known = levels.map(() => ({}));
    }

    /** The decoded picture, as for the other kind. */
    decode(codes) {
      this.#read(0, codes);
      this.picture ??= (this.decoder.run(this.kernel), pictureIn(this.decoder.output, this.kernel));
      return this.picture;
    }

    /** Means and standard deviations of a level given the codes of all above. */
    prior(level, codes) {
      this.#enter(level, codes);
      this.known[level].prior ??= this.#prior(level);
      return this.known[level].prior;
    }

    #prior(level) {
      const [channels, height, width] = this.shapes[level];
      this.stages[level].prior.run(this.kernel);
      const found = readMap(this.stages[level].prior.output, this.kernel);
      const [mean, std] = [[], []];
      for (let channel = 0; channel < channels; channel++) {
        for (let pixel = 0; pixel < height * width; pixel++) {
          const at = 2 * channels * pixel + channel;
          const logVariance = found[at + channels] / (1 + Math.abs(found[at + channels]) / this.limit);
          mean.push(found[at]);
          std.push(Math.exp(0.5 * logVariance));
        }
      }
      return { mean, std };
    }

    /** Brings the features to the size of a level, below all those above it. */
    #enter(level, codes) {
      this.#read(level + 1, codes);
      if (this.known[level].entered) return;
      this.stages[level].enter.run(this.kernel);
      this.known[level].entered = true;
    }

    /** Adds the codes of a level to its features. */
    #read(level, codes) {
      if (level < this.top) this.#enter(level, codes);
      const known = this.known[level];
      if (known.codes && same(known.codes, codes[level])) return;
      const [channels, height = 1, width = 1] = this.shapes[level];
      const pixels = height * width;
      const values = codes[level].map((_, k) => codes[level][(k % channels) * pixels + Math.floor(k / channels)]);
      writeMap(this.stages[level].read.input, values, this.kernel);
      this.stages[level].read.run(this.kernel);
      known.codes = codes[level].slice();
      for (let below = 0; below < level; below++) this.known[below] = {};
      this.picture = null;
    }
  }

  vaecourse.generator = (manifest, weights, layout) =>
    new (manifest.stages ? FromFeatures : Dense)(manifest, weights, layout);
})();
