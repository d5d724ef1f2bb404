// The plane of the data: the model's density as shade, the data, samples, the decoder's curve or sheet, and some points
// with their reconstructions. Where the reader sets the points, a click or a key sets one.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, draw, dots, line, show } = vaeLab;
  const EDGE = 2.6;
  const PIXELS = 80;
  const SHADED = 3.5; // standard deviations of the decoder around its mean
  const LETTERS = "abcdef";
  const SHEET = { reach: 0.5, lines: 11, each: 41 };
  const STEPS = { ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0] };

  /** Points with y downwards, as in drawings. */
  const flipped = (points) => points.map((value, k) => (k % 2 ? -value : value));

  /** The density of the model on PIXELS × PIXELS pixels, row by row from above: a sum of Gaussians, axis by axis. */
  const density = ({ decoded, logWeights, count }, sigma) => {
    const shade = new Float64Array(PIXELS * PIXELS);
    const width = (2 * EDGE) / PIXELS;
    const axis = (centre) => {
      const first = Math.max(0, Math.floor((centre - SHADED * sigma + EDGE) / width));
      const last = Math.min(PIXELS - 1, Math.ceil((centre + SHADED * sigma + EDGE) / width));
      const values = [];
      for (let k = first; k <= last; k++) values.push(Math.exp(-0.5 * (((k + 0.5) * width - EDGE - centre) / sigma) ** 2));
      return [first, values];
    };
    for (let k = 0; k < count; k++) {
      const weight = Math.exp(logWeights[k]);
      if (weight < 1e-8) continue;
      const [left, across] = axis(decoded[2 * k]);
      const [top, down] = axis(-decoded[2 * k + 1]);
      for (let y = 0; y < down.length; y++) {
        const row = (top + y) * PIXELS + left;
        for (let x = 0; x < across.length; x++) shade[row + x] += weight * down[y] * across[x];
      }
    }
    return shade;
  };

  /** Lines of equal z on the sheet that a decoder of two units lays into the plane. */
  const sheet = ({ decoder }, { axes }) => {
    const ranges = axes.map((axis) => {
      const [middle, half] = [(axis[0] + axis.at(-1)) / 2, (axis.at(-1) - axis[0]) / 2];
      return (share) => middle + SHEET.reach * half * (2 * share - 1);
    });
    let path = "";
    for (const along of [0, 1]) {
      for (let k = 0; k < SHEET.lines; k++) {
        const codes = new Float64Array(2 * SHEET.each);
        for (let j = 0; j < SHEET.each; j++) {
          codes[2 * j + along] = ranges[along](j / (SHEET.each - 1));
          codes[2 * j + 1 - along] = ranges[1 - along](k / (SHEET.lines - 1));
        }
        path += line(flipped(decoder.apply(codes, SHEET.each)));
      }
    }
    return path;
  };

  class Plane {
    /** `events`: `set(point)` and `remove()` for own points, `choose(place)` when the reader points at the data. */
    constructor(events) {
      Object.assign(this, { events, cursor: [0, 0] });
      this.canvas = make("canvas", { width: PIXELS, height: PIXELS, "aria-hidden": "true" });
      const layer = (className) => draw("path", { class: className });
      this.layers = {};
      for (const name of ["data", "samples", "sheet", "pairs", "decoder"]) this.layers[name] = layer(`lab-${name}`);
      this.watched = draw("g");
      this.overlay = draw("g");
      this.mark = draw("path", { class: "lab-cursor" });
      this.drawing = draw(
        "svg", { viewBox: `${-EDGE} ${-EDGE} ${2 * EDGE} ${2 * EDGE}` }, ...Object.values(this.layers), this.watched, this.overlay, this.mark,
      );
      this.surface = make("div", { className: "lab-surface", role: "img" }, this.canvas, this.drawing);
      this.surface.addEventListener("pointerdown", (event) => this.#point(event));
      this.surface.addEventListener("keydown", (event) => this.#press(event));
      this.caption = make("figcaption", {});
      this.node = make("figure", { className: "lab-plane" }, this.surface, this.caption);
    }

    #point({ clientX, clientY, button }) {
      if (button) return;
      const box = this.surface.getBoundingClientRect();
      const point = [(clientX - box.left) / box.width, 1 - (clientY - box.top) / box.height].map((share) => (2 * share - 1) * EDGE);
      if (this.own) this.events.set(point);
      else this.events.choose(point);
    }

    #press(event) {
      if (!this.own || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in STEPS) {
        this.cursor = this.cursor.map((at, axis) => Math.min(Math.max(at + STEPS[event.key][axis], -2.5), 2.5));
        const [x, y] = this.cursor;
        this.mark.setAttribute("d", `M${x - 0.12} ${-y}h.24M${x} ${-y - 0.12}v.24`);
        this.surface.setAttribute("aria-label", `Cursor at ${show(x, 1)}, ${show(y, 1)}. Enter sets a point, Delete removes the last.`);
      } else if (event.key === "Enter" || event.key === " ") this.events.set(this.cursor);
      else if (event.key === "Delete" || event.key === "Backspace") this.events.remove();
      else return;
      event.preventDefault();
    }

    /** Shows the data of a run, and whether the reader sets them. */
    begin({ data, count }, own) {
      this.own = own;
      this.surface.classList.toggle("lab-own", own);
      this.surface.tabIndex = own ? 0 : -1;
      this.surface.setAttribute("role", own ? "application" : "img");
      this.surface.setAttribute("aria-label", own ? "Plane for your points: arrow keys move the cursor, Enter sets a point, Delete removes the last."
        : `${count} points in the plane, the decoder's image of the codes, and the density of the model as shade`);
      this.layers.data.setAttribute("d", dots(flipped(data)));
      this.layers.data.style.strokeWidth = own ? 0.11 : "";
      this.mark.removeAttribute("d");
      for (const layer of [this.watched, this.overlay]) layer.replaceChildren();
      for (const name of ["samples", "sheet", "pairs", "decoder"]) this.layers[name].removeAttribute("d");
      this.canvas.getContext("2d").clearRect(0, 0, PIXELS, PIXELS);
    }

    #shade(nodes, sigma) {
      const context = this.canvas.getContext("2d");
      const values = density(nodes, sigma);
      const most = values.reduce((max, value) => (value > max ? value : max), 0);
      const image = context.createImageData(PIXELS, PIXELS);
      for (let k = 0; k < values.length; k++) image.data[4 * k + 3] = 190 * Math.sqrt(values[k] / most);
      context.globalCompositeOperation = "source-over";
      context.putImageData(image, 0, 0);
      context.globalCompositeOperation = "source-in";
      context.fillStyle = getComputedStyle(this.canvas).color;
      context.fillRect(0, 0, PIXELS, PIXELS);
    }

    show(run, nodes, watched, withSamples) {
      const { model } = run;
      this.#shade(nodes, model.sigma);
      const most = nodes.logWeights.reduce((max, value) => (value > max ? value : max), -Infinity);
      if (model.units === 1) {
        const seen = Array.from(nodes.logWeights, (value) => value > most - 4.5);
        this.layers.decoder.setAttribute("d", line(flipped(nodes.decoded), seen.indexOf(true), seen.lastIndexOf(true) + 1));
        this.layers.sheet.removeAttribute("d");
      } else {
        this.layers.sheet.setAttribute("d", sheet(model, nodes));
        this.layers.decoder.removeAttribute("d");
      }
      this.layers.samples.setAttribute("d", withSamples ? dots(flipped(run.samples(250))) : "");
      this.#watch(watched);
    }

    #watch({ points, decoded, count }) {
      let pairs = "";
      const marks = [];
      for (let k = 0; k < count; k++) {
        const [x, y, u, v] = [points[2 * k], -points[2 * k + 1], decoded[2 * k], -decoded[2 * k + 1]];
        pairs += `M${x} ${y}L${u} ${v}`;
        marks.push(draw("circle", { cx: x, cy: y, r: 0.1, class: `lab-point lab-colour-${k}` }));
        marks.push(draw("text", { x: x + 0.16, y: y - 0.12, class: `lab-letter lab-colour-${k}` }, LETTERS[k]));
      }
      this.layers.pairs.setAttribute("d", pairs);
      this.watched.replaceChildren(...marks);
    }
  }

  Object.assign(vaeLab, { Plane, LETTERS });
})();
