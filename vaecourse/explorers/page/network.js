// A network is a list of layers {kind, …}, written by layers.py. Here it becomes a list of calls of kernel.wat, which
// read and write maps at fixed addresses. A vector is a map of one pixel.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { PANEL, padded } = vaecourse;
  const ROWS = 4;
  // Output row 2i of a doubling depends on the input rows i and i − 1, output row 2i + 1 on i + 1 and i; columns likewise.
  const TAPS = [[0, -1], [1, 0]];
  const PHASES = [[0, 0], [0, 1], [1, 0], [1, 1]];

  class Network {
    /** Reads the weights of `layers` and plans them, from the map `input`, which another network may have written. */
    constructor(layers, input, weights, layout) {
      Object.assign(this, { input, layout, weights, steps: [] });
      this.output = layers.reduce((from, layer) => this.#plan(layer, from), input);
    }

    /** Adds the steps of one layer, and returns where its outputs are. */
    #plan(layer, from) {
      switch (layer.kind) {
        case "dense":
        case "convolution":
          return this.#convolution(layer, from);
        case "doubling":
          return this.#doubling(layer, from);
        case "map": // a vector whose numbers lie like those of a map already
          return { ...from, ...layer, stride: padded(layer.channels, PANEL) };
        case "vector": // all numbers of a map, gaps included
          return { ...from, channels: from.count, height: 1, width: 1, stride: from.count };
        case "relu":
          if (this.steps.at(-1)?.act !== "multiply") throw new Error("a ReLU must follow a product");
          for (const step of this.steps) if (step.to === from.address) step.floor = 0;
          return from;
        case "silu": {
          const to = this.layout.map(from.channels, from.height, from.width);
          this.steps.push({ act: "silu", from: from.address, to: to.address, count: from.count });
          return to;
        }
        case "residual":
          return this.add(from, layer.layers.reduce((inner, part) => this.#plan(part, inner), from));
        default:
          throw new Error(`unknown layer: ${layer.kind}`);
      }
    }

    /** Adds a sum to the steps; it becomes the output. */
    add(one, other) {
      const to = this.layout.map(one.channels, one.height, one.width);
      this.steps.push({ act: "add", from: one.address, other: other.address, to: to.address, count: one.count });
      return (this.output = to);
    }

    /** Every output pixel sees the square of `kernel` pixels around it; with stride 2 there are half as many each way. */
    #convolution({ outputs, kernel = 1, stride = 1 }, from) {
      const to = this.layout.map(outputs, Math.floor(from.height / stride), Math.floor(from.width / stride));
      const reach = Array.from({ length: kernel }, (_, k) => k - Math.floor((kernel - 1) / 2));
      const rows = [];
      for (let y = 0; y < to.height; y++) {
        for (let x = 0; x < to.width; x++) {
          const seen = reach.flatMap((down) => reach.map((aside) => [stride * y + down, stride * x + aside]));
          rows.push({ seen, target: [y, x] });
        }
      }
      const taps = kernel ** 2;
      const scales = this.weights.inBytes ? this.weights.next(to.stride) : null; // one for each output
      const column = (k) => PANEL * Math.floor(k / (PANEL * taps * from.channels)) + (k % PANEL);
      const matrix = this.weights.matrix(taps * from.channels * to.stride, (k) => scales[column(k)]);
      this.#multiply(rows, from, to, matrix, this.layout.place(this.weights.next(to.stride)));
      return to;
    }

    /** A transposed convolution (kernel 4, stride 2, padding 1) to `height` × `width` pixels, about twice as many. */
    #doubling({ outputs, height, width }, from) {
      const to = this.layout.map(outputs, height, width);
      const scales = this.weights.inBytes ? this.weights.next(from.channels) : null; // one for each input
      const scaleAt = (k) => scales[Math.floor(k / PANEL) % from.channels];
      const matrices = PHASES.map(() => this.weights.matrix(4 * from.channels * to.stride, scaleAt));
      const bias = this.layout.place(this.weights.next(to.stride));
      PHASES.forEach(([odd, right], phase) => {
        const rows = [];
        for (let i = 0; 2 * i + odd < height; i++) {
          for (let j = 0; 2 * j + right < width; j++) {
            const seen = TAPS[odd].flatMap((down) => TAPS[right].map((aside) => [i + down, j + aside]));
            rows.push({ seen, target: [2 * i + odd, 2 * j + right] });
          }
        }
        this.#multiply(rows, from, to, matrices[phase], bias);
      });
      return to;
    }

    /** A product whose rows are pixels of `to`: for each, the pixels of `from` that it sees, tap by tap. */
    #multiply(rows, from, to, matrix, bias) {
      const taps = rows[0].seen.length;
      const zeros = this.layout.common("zeros", from.stride);
      const spill = this.layout.common("spill", to.stride); // results of rows that only fill a block up
      const addressIn = ({ address, stride, height, width }, [y, x]) =>
        y >= 0 && y < height && x >= 0 && x < width ? address + 4 * stride * (y * width + x) : zeros;
      const blocks = Math.ceil(rows.length / ROWS);
      const inputs = new Int32Array(ROWS * blocks * taps).fill(zeros);
      const outputs = new Int32Array(ROWS * blocks).fill(spill);
      rows.forEach(({ seen, target }, r) => {
        outputs[r] = addressIn(to, target);
        seen.forEach((pixel, tap) => {
          inputs[ROWS * (Math.floor(r / ROWS) * taps + tap) + (r % ROWS)] = addressIn(from, pixel);
        });
      });
      const product = [
        this.layout.place(inputs), this.layout.place(outputs), blocks, taps, from.channels,
        this.layout.place(matrix), bias, to.stride / PANEL,
      ];
      this.steps.push({ act: "multiply", product, to: to.address, floor: -Infinity });
    }

    /** Computes the output map from the input map. */
    run(kernel) {
      for (const { act, product, floor, from, other, to, count } of this.steps) {
        if (act === "multiply") kernel.multiply(...product, floor);
        else if (act === "silu") kernel.silu(from, to, count);
        else kernel.add(from, other, to, count);
      }
    }
  }

  /** Puts values (pixel by pixel, channel last) into a map. */
  const writeMap = ({ address, channels, stride, count }, values, { buffer }) => {
    const place = new Float32Array(buffer, address, count);
    for (let k = 0; k < values.length; k++) place[stride * Math.floor(k / channels) + (k % channels)] = values[k];
  };

  /** The values of a map, pixel by pixel, channel last. */
  const readMap = ({ address, channels, height, width, stride, count }, { buffer }) => {
    const place = new Float32Array(buffer, address, count);
    const values = new Float32Array(channels * height * width);
    for (let k = 0; k < values.length; k++) values[k] = place[stride * Math.floor(k / channels) + (k % channels)];
    return values;
  };

  Object.assign(vaecourse, { Network, writeMap, readMap });
})();
