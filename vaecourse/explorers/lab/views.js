// All views of a run: the plane, the codes of each level, the curves and a line of numbers.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, show, plain, Plane, Codes, Curves, SHOWN, latentGrid, LOG_TWO_PI } = vaeLab;
  const WATCHED = 6;
  const SEEN = 256; // points whose posteriors are shown together
  const SPACING = { 1: 0.02, 2: 0.16 }; // of the grid of codes that the picture is made from, by the number of units

  /** Points that lie far from one another, so that they show all regions of the data. */
  const farApart = (data, count) => {
    const chosen = [0];
    const far = new Float64Array(count).fill(Infinity);
    while (chosen.length < Math.min(WATCHED, count)) {
      const last = chosen.at(-1);
      for (let k = 0; k < count; k++) {
        far[k] = Math.min(far[k], Math.hypot(data[2 * k] - data[2 * last], data[2 * k + 1] - data[2 * last + 1]));
      }
      chosen.push(far.indexOf(Math.max(...far)));
    }
    return Float64Array.from(chosen.flatMap((k) => [data[2 * k], data[2 * k + 1]]));
  };

  const meansOf = (parameters, rows, units) =>
    Float64Array.from({ length: rows * units }, (_, k) => parameters[2 * Math.floor(k / units) * units + (k % units)]);

  const standard = (units) => ({
    low: Array(units).fill(-SHOWN), high: Array(units).fill(SHOWN),
    density: (z) => Math.exp(-0.5 * (z * z + LOG_TWO_PI)),
  });

  /** The model's own distribution of z₁ in a hierarchy: a density on the grid of one unit, draws for two. */
  const learnedPrior = (run, { axes, logWeights, logVolume }) => {
    const ranges = axes.map((axis) => {
      const [middle, half] = [(axis[0] + axis.at(-1)) / 2, Math.max(0.75 * (axis.at(-1) - axis[0]) / 2, 1.5)];
      return [middle - half, middle + half];
    });
    const prior = { low: ranges.map(([low]) => low), high: ranges.map(([, high]) => high) };
    if (axes.length > 1) return { ...prior, draws: run.codesFromPrior(300) };
    const [axis] = axes;
    const density = (z) => {
      const k = Math.round(((z - axis[0]) / (axis.at(-1) - axis[0])) * (axis.length - 1));
      return k >= 0 && k < axis.length ? Math.exp(logWeights[k] - logVolume) : 0;
    };
    return { ...prior, density };
  };

  class Views {
    constructor(events) {
      this.plane = new Plane(events);
      this.codes = [1, 2].map((level) => new Codes(`Codes of level ${level}`));
      this.curves = new Curves();
      this.numbers = make("p", { className: "lab-numbers" });
      this.unitList = make("ul", { className: "lab-units" });
      this.stage = make("div", { className: "lab-stage" }, this.plane.node, ...this.codes.map(({ node }) => node));
    }

    begin(run) {
      this.run = run;
      const own = run.settings.data === "own";
      this.plane.begin(run, own);
      this.watched = run.count ? farApart(run.data, run.count) : new Float64Array(0);
      const { units, levels } = run.settings;
      this.codes[1].node.hidden = levels < 2;
      this.stage.classList.toggle("lab-deep", levels > 1);
      const shape = units > 1 ? "Ellipses: posteriors of the points a to f, at 1 and 2 σ" : "Bells: posteriors of the points a to f, drawn to one height";
      const names = levels > 1 ? ["Codes z₁. Blue: the learned prior p(z₁)", "Codes z₂. Dashed: the prior N(0, 1)"] : [`Codes z. ${shape}; ${units > 1 ? "dots: means of others; dashed" : "above them all points together; dashed"}: the prior`];
      this.codes.forEach((codes, level) => (codes.caption.textContent = names[level] ?? ""));
      this.plane.caption.textContent = own && !run.count ? "Click or touch the plane to set points; with keys: arrows, Enter, Delete"
        : `Shade: the model’s density p(x). Blue ${units > 1 ? "mesh" : "line"}: the decoder’s mean. Lines from a to f: to their reconstructions`;
      this.show();
    }

    show({ samples = true, overlay = null } = {}) {
      const { run } = this;
      if (!run.count) {
        for (const codes of this.codes) codes.content.replaceChildren();
        for (const chart of [this.curves.bound, this.curves.terms]) chart.content.replaceChildren();
        this.numbers.replaceChildren();
        this.unitList.replaceChildren();
        return;
      }
      const { model } = run;
      const { units, levels } = model;
      const watchedCount = this.watched.length / 2;
      const posterior = model.encoder.apply(this.watched, watchedCount);
      const decoded = model.decoder.apply(meansOf(posterior, watchedCount, units), watchedCount);
      const nodes = latentGrid(model, run.measured, SPACING[units]);
      this.plane.show(run, nodes, { points: this.watched, decoded, count: watchedCount }, samples);
      this.plane.overlay.replaceChildren(...(overlay?.overPlane() ?? []));
      const count = Math.min(SEEN, run.count);
      const all = model.encoder.apply(run.data.subarray(0, 2 * count), count);
      this.codes[0].show({
        units, all, count, watched: posterior, watchedCount,
        prior: levels > 1 ? learnedPrior(run, nodes) : standard(units),
        overlay: overlay && ((scales) => overlay.overCodes(scales)),
      });
      if (levels > 1) {
        const above = (parameters, rows) => model.upper.apply(meansOf(parameters, rows, units), rows);
        this.codes[1].show({
          units, all: above(all, count), count, watched: above(posterior, watchedCount), watchedCount, prior: standard(units),
        });
      }
      this.curves.show(run);
      this.#write(run);
    }

    #write({ latest, settings }) {
      const value = (kind, text) => make("b", { className: `lab-${kind}` }, text);
      const rates = latest.rates.map((rate, level) => [" + ", value(level ? "upper" : "rate", `rate${latest.rates.length > 1 ? ` ${level + 1}` : ""} ${show(rate)}`)]);
      this.numbers.replaceChildren(
        value("bound", `−ELBO ${show(latest.negativeElbo)}`), " = ", value("distortion", `distortion ${show(latest.distortion)}`), ...rates.flat(),
        make("span", {}, "exact ", value("evidence", `−log p ${show(latest.negativeLogP)}`)),
        make("span", {}, `gap ${show(latest.negativeElbo - latest.negativeLogP)}`),
        make("span", {}, `σ ${show(latest.sigma)}, βσ² ${plain(Number((settings.beta * latest.sigma ** 2).toPrecision(2)))}`),
      );
      const items = latest.unitRates.flatMap((units, level) => Array.from(units, (rate, unit) => {
        const collapsed = latest.collapsed[level][unit];
        const name = `${latest.rates.length > 1 ? `level ${level + 1}, ` : ""}unit ${unit + 1}`;
        return make("li", { className: collapsed ? "lab-collapsed" : "" }, `${name}: ${collapsed ? "collapsed" : `${show(rate)} nats`}`);
      }));
      this.unitList.replaceChildren(...items);
    }
  }

  Object.assign(vaeLab, { Views });
})();
