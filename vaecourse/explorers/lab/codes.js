// The codes of one level: the posteriors of some points against the prior, as bells of one unit or ellipses of two.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, draw, dots, show, LETTERS } = vaeLab;
  const SIDE = 300;
  const SHOWN = 3.6; // standard deviations of the prior to each side
  const ROWS = { first: 108, step: 31, height: 34 };
  const ALL = { base: 62, height: 42 };

  /** The shape of a Gaussian, from 0 to 1, as a closed path over a base line. */
  const bell = (mean, std, base, height, scale) => {
    const reach = Math.max(3.2 * std, 0.02);
    const places = [];
    for (let k = 0; k <= 40; k++) {
      const z = mean + reach * (k / 20 - 1);
      places.push(`${scale(z).toFixed(1)} ${(base - height * Math.exp(-0.5 * ((z - mean) / std) ** 2)).toFixed(1)}`);
    }
    return `M${places.join("L")}Z`;
  };

  class Codes {
    constructor(title) {
      this.content = draw("g");
      this.drawing = draw("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" }, this.content);
      this.caption = make("figcaption", {});
      this.title = title;
      this.node = make("figure", { className: "lab-codes" }, make("div", { className: "lab-surface" }, this.drawing), this.caption);
    }

    /**
     * `all` are the parameters of the posteriors of many points (count × 2 units), `watched` of those with letters;
     * `prior` has the range of the codes as `low` and `high` of each unit, and `density(z)` or `draws` of the prior.
     */
    show({ units, all, count, watched, watchedCount, prior, overlay }) {
      const scales = prior.low.map((low, unit) => (z) => ((z - low) / (prior.high[unit] - low)) * SIDE);
      const parts = units === 1 ? this.#bells(scales[0], all, count, watched, watchedCount, prior)
        : this.#ellipses([scales[0], (z) => SIDE - scales[1](z)], all, count, watched, watchedCount, prior);
      this.content.replaceChildren(...parts, ...(overlay?.(scales) ?? []));
      this.drawing.setAttribute("aria-label", `${this.title}: posteriors of ${watchedCount} points against the prior`);
    }

    #bells(scale, all, count, watched, watchedCount, { low, high, density }) {
      const parts = [];
      const every = Math.ceil((high[0] - low[0]) / 8);
      for (let z = Math.ceil(low[0]); z <= high[0]; z++) {
        const x = scale(z).toFixed(1);
        if (z % every) continue;
        parts.push(draw("path", { class: "lab-grid", d: `M${x} 14V${SIDE - 16}` }));
        if (every > 1 || !(z % 2)) parts.push(draw("text", { class: "lab-tick", x, y: SIDE - 3 }, show(z, 0)));
      }
      const axis = Array.from({ length: 121 }, (_, k) => low[0] + ((high[0] - low[0]) * k) / 120);
      const priorDensity = axis.map(density);
      const together = new Float64Array(axis.length);
      for (let r = 0; r < count; r++) {
        const [mean, std] = [all[2 * r], Math.max(Math.exp(all[2 * r + 1] / 2), 0.05)];
        axis.forEach((z, k) => (together[k] += Math.exp(-0.5 * ((z - mean) / std) ** 2) / (std * count * Math.sqrt(2 * Math.PI))));
      }
      const top = 1.5 * priorDensity.reduce((max, value) => Math.max(max, value), 0);
      const curve = (values) => axis.map((z, k) => `${scale(z).toFixed(1)} ${(ALL.base - ALL.height * Math.min(values[k] / top, 1.15)).toFixed(1)}`).join("L");
      parts.push(draw("path", { class: "lab-together", d: `M0 ${ALL.base}L${curve(together)}L${SIDE} ${ALL.base}Z` }));
      parts.push(draw("path", { class: "lab-prior", d: `M${curve(priorDensity)}` }));
      for (let k = 0; k < watchedCount; k++) {
        const base = ROWS.first + k * ROWS.step;
        const [mean, std] = [watched[2 * k], Math.exp(watched[2 * k + 1] / 2)];
        parts.push(draw("path", { class: "lab-grid", d: `M0 ${base}H${SIDE}` }));
        parts.push(draw("path", { class: `lab-bell lab-colour-${k}`, d: bell(mean, std, base, ROWS.height, scale) }));
        parts.push(draw("text", { class: `lab-letter lab-colour-${k}`, x: 8, y: base - 5 }, LETTERS[k]));
      }
      return parts;
    }

    #ellipses(scales, all, count, watched, watchedCount, { draws }) {
      const parts = [];
      const [x, y] = scales;
      const unit = (scale, length) => Math.abs(scale(length) - scale(0));
      if (draws) {
        const placed = draws.map((value, k) => scales[k % 2](value));
        parts.push(draw("path", { class: "lab-draws", d: dots(placed) }));
      }
      else for (const reach of [1, 2, 3]) {
        parts.push(draw("ellipse", { class: "lab-prior", cx: x(0), cy: y(0), rx: unit(x, reach), ry: unit(y, reach) }));
      }
      const means = new Float64Array(2 * count);
      for (let r = 0; r < count; r++) [means[2 * r], means[2 * r + 1]] = [x(all[4 * r]), y(all[4 * r + 1])];
      parts.push(draw("path", { class: "lab-means", d: dots(means) }));
      for (let k = 0; k < watchedCount; k++) {
        const [cx, cy] = [x(watched[4 * k]), y(watched[4 * k + 1])];
        const [rx, ry] = [unit(x, Math.exp(watched[4 * k + 2] / 2)), unit(y, Math.exp(watched[4 * k + 3] / 2))];
        for (const times of [2, 1]) parts.push(draw("ellipse", { class: `lab-ellipse lab-colour-${k}`, cx, cy, rx: times * rx, ry: times * ry }));
        parts.push(draw("text", { class: `lab-letter lab-colour-${k}`, x: cx, y: cy - 2 * ry - 4, "text-anchor": "middle" }, LETTERS[k]));
      }
      return parts;
    }
  }

  Object.assign(vaeLab, { Codes, SHOWN });
})();
