// What was measured while the model learned: the bound and the evidence with the gap between them; distortion and rates.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, draw, show, plain } = vaeLab;
  const [WIDTH, HEIGHT] = [360, 190];
  const MARGIN = { left: 4, right: 118, top: 12, bottom: 22 };
  const SKIPPED = 0.35; // of the history: the fall at the beginning does not set the scale, and leaves the chart at its top

  const ticksWithin = (low, high) => {
    const rough = (high - low) / 3;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
    const ticks = [];
    for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(k * step);
    return [ticks, Math.max(0, -Math.floor(Math.log10(step)))];
  };

  /** Places for labels at the right end that keep a distance, in the order of their heights. */
  const spread = (places, least) => {
    const order = places.map((_, k) => k).sort((a, b) => places[a] - places[b]);
    order.forEach((k, rank) => {
      if (rank) places[k] = Math.max(places[k], places[order[rank - 1]] + least);
    });
    const over = places[order.at(-1)] - (HEIGHT - MARGIN.bottom);
    if (over > 0) order.forEach((k) => (places[k] -= over));
    return places;
  };

  /** A chart of some quantities; `between` names two of them, the space between which is shaded. */
  class Chart {
    constructor(title, between) {
      Object.assign(this, { title, between });
      this.content = draw("g");
      this.drawing = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, this.content);
      this.node = make("figure", { className: "lab-chart" }, make("figcaption", {}, title), this.drawing);
    }

    /** `lines` are {label, kind, values}, `steps` belong to their values, `changes` are marked at their steps. */
    show(steps, lines, changes) {
      const skipped = Math.min(Math.floor(SKIPPED * steps.length), steps.length - 1);
      const seen = lines.flatMap(({ values }) => values.slice(skipped));
      let [low, high] = [Math.min(...seen), Math.max(...seen)];
      const margin = Math.max(0.08 * (high - low), 0.1);
      [low, high] = [low - margin, high + margin];
      const last = Math.max(steps.at(-1), 1);
      const x = (step) => MARGIN.left + (step / last) * (WIDTH - MARGIN.left - MARGIN.right);
      const y = (value) => HEIGHT - MARGIN.bottom - ((value - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
      const parts = [];
      const [ticks, digits] = ticksWithin(low, high);
      for (const tick of ticks) {
        parts.push(draw("path", { class: "lab-grid", d: `M${MARGIN.left} ${y(tick)}H${WIDTH - MARGIN.right}` }));
        parts.push(draw("text", { class: "lab-tick lab-left", x: MARGIN.left, y: y(tick) - 3 }, show(tick, digits)));
      }
      parts.push(draw("text", { class: "lab-tick lab-right", x: WIDTH - MARGIN.right, y: HEIGHT - 6 }, `${steps.at(-1).toLocaleString("en")} steps`));
      for (const [step, text] of changes) {
        parts.push(draw("path", { class: "lab-change", d: `M${x(step)} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}` }));
        parts.push(draw("text", { class: "lab-tick lab-left", x: x(step) + 3, y: MARGIN.top + 7 }, text));
      }
      const pathOf = (values) => values.map((value, k) => `${x(steps[k]).toFixed(1)} ${y(value).toFixed(1)}`);
      // A drawing in the drawing cuts off what leaves the chart.
      const within = draw("svg", { x: 0, y: 0, width: WIDTH - MARGIN.right + 2, height: HEIGHT - MARGIN.bottom + 2 });
      parts.push(within);
      if (this.between) {
        const [above, below] = this.between.map((kind) => pathOf(lines.find((one) => one.kind === kind).values));
        within.append(draw("path", { class: "lab-gap", d: `M${above.join("L")}L${below.toReversed().join("L")}Z` }));
      }
      for (const { kind, values } of lines) within.append(draw("path", { class: `lab-line lab-${kind}`, d: `M${pathOf(values).join("L")}` }));
      const ends = spread(lines.map(({ values }) => y(values.at(-1)) + 4), 15);
      lines.forEach(({ label, kind, values }, k) => {
        parts.push(draw("text", { class: `lab-end lab-${kind}`, x: WIDTH - MARGIN.right + 6, y: ends[k] }, `${label} ${show(values.at(-1))}`));
      });
      this.content.replaceChildren(...parts);
      this.drawing.setAttribute("aria-label", `${this.title}: ${lines.map(({ label, values }) => `${label} ${show(values.at(-1))}`).join(", ")}`);
    }
  }

  const SYMBOLS = { beta: "β", beta2: "β₂", rate: "η", sigma: "σ", batch: "batch", learned: "σ" };

  class Curves {
    constructor() {
      this.bound = new Chart("−ELBO and the exact −log p(x), in nats for a point", ["bound", "evidence"]);
      this.terms = new Chart("Distortion and rate, in nats for a point");
      this.node = make("div", { className: "lab-curves" }, this.bound.node, this.terms.node);
    }

    show({ history, changes, settings }) {
      const steps = history.map(({ step }) => step);
      const marks = [];
      for (const [step, name, value] of changes) {
        const text = `${SYMBOLS[name]} ${name === "learned" ? (value ? "learned" : "held") : plain(value)}`;
        if (marks.length && step - marks.at(-1)[0] < steps.at(-1) / 12) marks.pop();
        marks.push([step, text]);
      }
      this.bound.show(steps, [
        { label: "−ELBO", kind: "bound", values: history.map((one) => one.negativeElbo) },
        { label: "−log p", kind: "evidence", values: history.map((one) => one.negativeLogP) },
      ], marks);
      const rates = Array.from({ length: settings.levels }, (_, level) => ({
        label: settings.levels > 1 ? `rate ${level + 1}` : "rate",
        kind: level ? "upper" : "rate",
        values: history.map((one) => one.rates[level]),
      }));
      this.terms.show(steps, [{ label: "distortion", kind: "distortion", values: history.map((one) => one.distortion) }, ...rates], marks);
    }
  }

  Object.assign(vaeLab, { Curves });
})();
