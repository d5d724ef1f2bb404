// One step for one point, in five parts: encode, draw, decode, both terms, and the gradients that arrive.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, draw, show, Random, LOG_TWO_PI } = vaeLab;
  const STREAM = 7;
  const PARTS = ["Encode", "Draw", "Decode", "Terms", "Gradients"];
  const LENGTH = 0.9; // of the longest arrow, in units of the plane and of codes
  const list = (values, digits = 2) => (values.length > 1 ? `(${Array.from(values, (value) => show(value, digits)).join(", ")})` : show(values[0], digits));

  class OneStep {
    /** `redraw` shows the overlays, `learn` takes the step of the optimiser with this point alone. */
    constructor(redraw, learn) {
      Object.assign(this, { redraw, learn, place: 0, draws: 0, part: 0 });
      const button = (text, act) => make("button", { type: "button", onclick: act }, text);
      this.next = button("", () => this.#go(this.part < PARTS.length - 1 ? this.part + 1 : 0));
      this.cards = PARTS.map((part) => make("li", {}, make("b", {}, part), make("div", {})));
      this.node = make("div", { className: "lab-one" },
        make("div", { className: "lab-actions" }, this.next,
          button("Another ε", () => this.#again({ draws: this.draws + 1 })),
          button("Another point", () => this.#again({ place: this.place + 1 })),
          button("Learn from this point", () => learn(this.point, this.noise))),
        make("ol", { className: "lab-cards", "aria-live": "polite" }, ...this.cards));
    }

    #go(part) {
      this.part = part;
      this.#write();
      this.redraw();
    }

    #again(changes) {
      Object.assign(this, changes);
      this.compute();
      this.redraw();
    }

    /** Chooses the nearest point of the data. */
    choose([x, y]) {
      const far = Array.from({ length: this.run.count }, (_, k) => Math.hypot(this.run.data[2 * k] - x, this.run.data[2 * k + 1] - y));
      this.#again({ place: far.indexOf(Math.min(...far)) });
    }

    begin(run) {
      this.run = run;
      this.compute();
    }

    compute() {
      const { model, settings, count } = this.run;
      this.place %= Math.max(count, 1);
      this.point = this.run.data.slice(2 * this.place, 2 * this.place + 2);
      const random = new Random(settings.seed + this.place, STREAM + this.draws);
      this.noise = Array.from({ length: settings.levels }, () => random.normals(settings.units));
      this.terms = model.loss(this.point, 1, this.noise, this.run.betas);
      this.values = model.last;
      model.parameters.gradients.fill(0);
      this.#write();
    }

    #write() {
      const { units, sigma } = this.run.model;
      const { posterior, codes, mean, fromDistortion, fromRate, toPosterior } = this.values;
      const [beta] = this.run.betas;
      const std = posterior.slice(units).map((value) => Math.exp(value / 2));
      const squares = (this.point[0] - mean[0]) ** 2 + (this.point[1] - mean[1]) ** 2;
      const toMean = [0, 1].map((axis) => (mean[axis] - this.point[axis]) / sigma ** 2);
      const twoLevels = this.terms.rates.length > 1;
      const texts = [
        [`x = ${list(this.point)}`, `μ = ${list(posterior.slice(0, units))}`, `σ = ${list(std)}`],
        [`ε = ${list(this.noise[0])}`, `z = μ + σ ε = ${list(codes)}`],
        [`x̂ = f(z) = ${list(mean)}`, `|x − x̂| = ${show(Math.sqrt(squares))}`],
        [
          `distortion = |x − x̂|²/2σ² + 2 log σ + log 2π = ${show(squares / (2 * sigma ** 2))} + ${show(2 * Math.log(sigma) + LOG_TWO_PI)} = ${show(this.terms.distortion)}`,
          ...this.terms.rates.map((rate, level) => `rate${twoLevels ? ` ${level + 1}` : ""} = ${show(rate)}`),
          `loss = ${show(this.terms.loss)}`,
        ],
        [
          `at x̂: ${list(toMean, 1)}`, `at z: ${list(fromDistortion)}`,
          `at μ: ${list(fromDistortion)} from the distortion, ${list(toPosterior.slice(0, units).map((value, k) => value - fromDistortion[k]))} from β · rate (β = ${beta})`,
          `at log σ²: ${list(toPosterior.slice(units).map((value, k) => value - fromRate[units + k]))} from the draw, ${list(fromRate.slice(units))} from β · rate`,
        ],
      ];
      this.cards.forEach((card, part) => {
        card.lastChild.replaceChildren(...texts[part].map((text) => make("p", {}, text)));
        card.classList.toggle("lab-waiting", part > this.part);
        card.toggleAttribute("aria-hidden", part > this.part);
      });
      this.next.textContent = this.part < PARTS.length - 1 ? `Next: ${PARTS[this.part + 1].toLowerCase()}` : "From the beginning";
    }

    /** What stands over the plane: the point, its reconstruction, and the pull between them. */
    overPlane() {
      const [x, y] = [this.point[0], -this.point[1]];
      const [u, v] = [this.values.mean[0], -this.values.mean[1]];
      const parts = [draw("circle", { class: "lab-chosen", cx: x, cy: y, r: 0.13 })];
      if (this.part >= 2) {
        parts.push(draw("path", { class: "lab-miss", d: `M${x} ${y}L${u} ${v}` }));
        parts.push(draw("circle", { class: "lab-made", cx: u, cy: v, r: 0.09 }));
      }
      if (this.part >= 4) parts.push(arrow([u, v], [x - u, y - v], 0.02, "lab-pull"));
      return parts;
    }

    /** What stands over the codes of level 1: the posterior, the draw, and the pulls of both terms. */
    overCodes(scales) {
      const { units } = this.run.model;
      const { posterior, codes, fromDistortion, toPosterior } = this.values;
      const place = (values) => [scales[0](values[0]), units > 1 ? 300 - scales[1](values[1]) : 92];
      const [x, y] = place(posterior);
      const std = (unit) => Math.exp(posterior[units + unit] / 2);
      const wide = (unit, scale) => Math.abs(scale(std(unit)) - scale(0));
      const parts = [draw("ellipse", { class: "lab-chosen", cx: x, cy: y, rx: wide(0, scales[0]), ry: units > 1 ? wide(1, scales[1]) : 5 })];
      if (this.part >= 1) parts.push(draw("circle", { class: "lab-made", cx: place(codes)[0], cy: place(codes)[1], r: 5 }));
      if (this.part < 4) return parts;
      const pulls = [fromDistortion, toPosterior.slice(0, units).map((value, k) => value - fromDistortion[k])];
      const longest = Math.max(...pulls.flatMap((pull) => Array.from(pull, Math.abs)), 1e-9);
      const factor = (LENGTH * Math.abs(scales[0](1) - scales[0](0))) / Math.max(longest, 1);
      pulls.forEach((pull, k) => {
        const step = [-pull[0] * factor, units > 1 ? pull[1] * factor : 0];
        parts.push(arrow([x, units > 1 ? y : y + 9 * (2 * k - 1)], step, 1.6, k ? "lab-pull-rate" : "lab-pull"));
      });
      return parts;
    }
  }

  /** An arrow from a place along a vector; its head is six times as long as the line is half wide. */
  const arrow = ([x, y], [dx, dy], half, className) => {
    const length = Math.hypot(dx, dy);
    if (length < 1e-6) return draw("g");
    const [ux, uy] = [dx / length, dy / length];
    const head = Math.min(6 * half, length);
    const at = (along, aside) => `${x + along * ux - aside * uy} ${y + along * uy + aside * ux}`;
    const neck = length - head;
    return draw("path", { class: className, d: `M${at(0, half)}L${at(neck, half)}L${at(neck, 3 * half)}L${at(length, 0)}L${at(neck, -3 * half)}L${at(neck, -half)}L${at(0, -half)}Z` });
  };

  Object.assign(vaeLab, { OneStep });
})();
