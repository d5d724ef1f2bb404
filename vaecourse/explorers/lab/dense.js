// Networks of dense layers with tanh between them, their backward pass, and Adam. Arrays hold rows one after the other.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  /** y[r, o] = bias[o] + Σ_i x[r, i] weight[i, o]. */
  const affine = (x, weight, bias, rows, inputs, outputs, y) => {
    for (let r = 0; r < rows; r++) {
      const to = r * outputs;
      for (let o = 0; o < outputs; o++) y[to + o] = bias[o];
      for (let i = 0; i < inputs; i++) {
        const value = x[r * inputs + i];
        const from = i * outputs;
        for (let o = 0; o < outputs; o++) y[to + o] += value * weight[from + o];
      }
    }
  };

  const CHUNK = 128; // rows at a time where no gradient follows: they stay in the cache

  /** One layer: its weights and the sums of their gradients are parts of the arrays of all parameters. */
  class Layer {
    constructor(inputs, outputs, bends) {
      Object.assign(this, { inputs, outputs, bends, size: (inputs + 1) * outputs, rows: 0 });
    }

    place(values, gradients, start) {
      const split = start + this.inputs * this.outputs;
      const part = (all, from, to) => all.subarray(from, to);
      this.weight = part(values, start, split);
      this.bias = part(values, split, start + this.size);
      this.weightGradient = part(gradients, start, split);
      this.biasGradient = part(gradients, split, start + this.size);
    }

    compute(x, rows, y) {
      affine(x, this.weight, this.bias, rows, this.inputs, this.outputs, y);
      if (this.bends) for (let k = 0; k < rows * this.outputs; k++) y[k] = 1 - 2 / (Math.exp(2 * y[k]) + 1);
      return y;
    }

    /** The outputs, which are kept for the backward pass and overwritten by the next call. */
    forward(x, rows) {
      if (this.y?.length !== rows * this.outputs) {
        this.y = new Float64Array(rows * this.outputs);
        this.toInput = new Float64Array(rows * this.inputs);
      }
      this.x = x;
      return this.compute(x, rows, this.y);
    }

    /** Adds to the gradients of the parameters, overwrites `toOutput`, and returns the gradient of the input. */
    backward(toOutput, rows) {
      const { inputs, outputs, x, y, weight, weightGradient, biasGradient, toInput } = this;
      if (this.bends) for (let k = 0; k < y.length; k++) toOutput[k] *= 1 - y[k] * y[k];
      for (let r = 0; r < rows; r++) {
        const at = r * outputs;
        for (let o = 0; o < outputs; o++) biasGradient[o] += toOutput[at + o];
        for (let i = 0; i < inputs; i++) {
          const value = x[r * inputs + i];
          const from = i * outputs;
          let sum = 0;
          for (let o = 0; o < outputs; o++) {
            const arriving = toOutput[at + o];
            weightGradient[from + o] += value * arriving;
            sum += weight[from + o] * arriving;
          }
          toInput[r * inputs + i] = sum;
        }
      }
      return toInput;
    }
  }

  class Network {
    /** `widths` counts the inputs, the units of each hidden layer and the outputs. */
    constructor(widths) {
      this.layers = widths.slice(1).map((width, place) => new Layer(widths[place], width, place < widths.length - 2));
    }

    forward(x, rows) {
      for (const layer of this.layers) x = layer.forward(x, rows);
      return x;
    }

    /** The outputs for any number of rows; nothing is kept for a backward pass. */
    apply(x, rows) {
      const { inputs } = this.layers[0];
      const { outputs } = this.layers.at(-1);
      const all = new Float64Array(rows * outputs);
      this.scratch ??= this.layers.map((layer) => new Float64Array(CHUNK * layer.outputs));
      for (let start = 0; start < rows; start += CHUNK) {
        const count = Math.min(CHUNK, rows - start);
        let values = x.subarray(start * inputs, (start + count) * inputs);
        this.layers.forEach((layer, place) => (values = layer.compute(values, count, this.scratch[place])));
        all.set(values.subarray(0, count * outputs), start * outputs);
      }
      return all;
    }

    backward(toOutput, rows) {
      for (const layer of this.layers.toReversed()) toOutput = layer.backward(toOutput, rows);
      return toOutput;
    }
  }

  /** All parameters of some networks, and `extra` ones, in one array, with Adam's memory. */
  class Parameters {
    constructor(networks, extra = 0) {
      this.layers = networks.flatMap((network) => network.layers);
      const inLayers = this.layers.reduce((sum, layer) => sum + layer.size, 0);
      for (const name of ["values", "gradients", "first", "second"]) this[name] = new Float64Array(inLayers + extra);
      this.extra = inLayers;
      this.steps = 0;
      let start = 0;
      for (const layer of this.layers) {
        layer.place(this.values, this.gradients, start);
        start += layer.size;
      }
    }

    /** Weights from N(0, 1/inputs), biases 0. */
    initialise(random) {
      for (const { weight, inputs } of this.layers) {
        weight.set(random.normals(weight.length).map((value) => value / Math.sqrt(inputs)));
      }
    }

    /** One step of Adam (Kingma and Ba, 2015), with β₁ = 0.9, β₂ = 0.999, ε = 1e-8; then the gradients are 0. */
    step(learningRate) {
      const { values, gradients, first, second } = this;
      this.steps += 1;
      const size = learningRate / (1 - 0.9 ** this.steps);
      const correction = 1 / Math.sqrt(1 - 0.999 ** this.steps);
      for (let k = 0; k < values.length; k++) {
        first[k] = 0.9 * first[k] + 0.1 * gradients[k];
        second[k] = 0.999 * second[k] + 0.001 * gradients[k] * gradients[k];
        values[k] -= (size * first[k]) / (Math.sqrt(second[k]) * correction + 1e-8);
      }
      gradients.fill(0);
    }
  }

  Object.assign(vaeLab, { Network, Parameters });
})();
