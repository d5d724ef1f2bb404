// The plane of a model of two units: the posterior of the start as an ellipse, over test codes or the decoder's pictures.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, Choice, Picture } = vaecourse;
  const SIZE = 560; // pixels of the canvas
  const GRID = 14; // pictures each way
  const MARGIN = 0.03; // of the range of a unit, so that no label is cut
  const KEY_STEPS = 60; // of an arrow key, from end to end
  const STEPS = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const GROUNDS = ["test codes", "decoded pictures"];
  const [CODES, PICTURES] = GROUNDS.keys();
  const HUES = [0, 28, 48, 85, 140, 175, 205, 235, 275, 320]; // of the labels 0 to 9

  const number = (value) => value.toFixed(2).replace("-", "−");

  /** Tells `explorer`: put(level, codes) while the reader drags the code, and say(sentence). */
  vaecourse.Plane = class Plane {
    ground = CODES;

    constructor(model, explorer) {
      const [{ low, high }] = model.manifest.levels;
      Object.assign(this, { model, explorer, plane: model.manifest.plane });
      this.low = low.map((value, unit) => value - MARGIN * (high[unit] - value));
      this.high = high.map((value, unit) => value + MARGIN * (value - low[unit]));
      this.canvas = make("canvas", { width: SIZE, height: SIZE, "aria-hidden": "true" });
      this.surface = make("div", {
        className: "explorer-plane", tabIndex: 0, role: "application", "aria-roledescription": "plane of codes",
        "aria-label": "plane of unit 0 (to the right) and unit 1 (up): arrow keys move the code",
      }, this.canvas);
      this.surface.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        this.surface.setPointerCapture(event.pointerId);
        this.drags = true;
        this.#drag(event);
      });
      this.surface.addEventListener("pointermove", (event) => this.drags && this.#drag(event));
      for (const end of ["pointerup", "pointercancel"]) this.surface.addEventListener(end, () => (this.drags = false));
      this.surface.addEventListener("keydown", (event) => this.#press(event));
      const grounds = new Choice("Behind", GROUNDS, (ground) => {
        this.ground = ground;
        this.#draw();
      }, "explorer-segments");
      grounds.value = CODES;
      const sentences = [
        "Unit 0 to the right, unit 1 up; the ring is the code: drag it.",
        this.plane.labels ? "Digits: where test images of that class lie." : "Dots: where test images lie.",
        ...(model.manifest.hasPrior ? ["Ellipses: the posterior of the start, 1 and 2 standard deviations wide."] : []),
      ];
      this.node = make("div", { className: "explorer-plane-box" }, grounds.node, this.surface,
        make("p", { className: "explorer-note" }, sentences.join(" ")));
      const redraw = () => this.#draw();
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
      new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] }); // of the book
    }

    /** The posterior of the start: its mean, and its standard deviations or null. */
    setStart(codes, widths) {
      Object.assign(this, { mean: codes, widths });
    }

    set codes(codes) {
      this.now = codes;
      this.#draw();
    }

    #at([x, y]) {
      const share = (value, unit) => (value - this.low[unit]) / (this.high[unit] - this.low[unit]);
      return [SIZE * share(x, 0), SIZE * (1 - share(y, 1))];
    }

    #codesAt(right, down) {
      const value = (share, unit) => this.low[unit] + Math.min(Math.max(share, 0), 1) * (this.high[unit] - this.low[unit]);
      return [value(right, 0), value(1 - down, 1)];
    }

    #drag({ clientX, clientY }) {
      const box = this.surface.getBoundingClientRect();
      this.explorer.put(0, this.#codesAt((clientX - box.left) / box.width, (clientY - box.top) / box.height));
    }

    #press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in STEPS)) return;
      event.preventDefault();
      const codes = this.now.map((value, unit) => {
        const to = value + (STEPS[event.key][unit] * (this.high[unit] - this.low[unit])) / KEY_STEPS;
        return Math.min(Math.max(to, this.low[unit]), this.high[unit]);
      });
      this.explorer.put(0, codes);
      this.explorer.say(`Unit 0 ${number(codes[0])}, unit 1 ${number(codes[1])}.`);
    }

    /** The decoder's pictures over the plane, made when they are first looked at. */
    #pictures() {
      if (this.manifold) return this.manifold;
      const [, height, width] = this.explorer.shape;
      this.manifold = make("canvas", { width: GRID * width, height: GRID * height });
      const context = this.manifold.getContext("2d");
      const picture = new Picture(this.explorer.shape);
      for (let row = 0; row < GRID; row++) {
        for (let column = 0; column < GRID; column++) {
          const codes = this.#codesAt((column + 0.5) / GRID, (row + 0.5) / GRID);
          picture.draw(paint(this.explorer.shape, this.model.decode([codes])));
          context.drawImage(picture.canvas, column * width, row * height);
        }
      }
      return this.manifold;
    }

    #drawCodes(context, ink) {
      context.font = `600 ${SIZE / 38}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      this.plane.codes.forEach((code, k) => {
        const label = this.plane.labels?.[k];
        context.fillStyle = label === undefined ? ink : `hsl(${HUES[label % 10]} 65% 50%)`;
        context.fillText(label ?? "·", ...this.#at(code));
      });
    }

    #draw() {
      if (!this.now) return;
      const context = this.canvas.getContext("2d");
      const style = getComputedStyle(this.explorer.root); // the plane itself may not be in the document yet
      context.clearRect(0, 0, SIZE, SIZE);
      if (this.ground === PICTURES) context.drawImage(this.#pictures(), 0, 0, SIZE, SIZE);
      else this.#drawCodes(context, style.color);
      if (this.widths) {
        const [x, y] = this.#at(this.mean);
        for (const sigmas of [1, 2]) {
          const [right, down] = this.#at(this.mean.map((value, unit) => value + sigmas * this.widths[unit]));
          this.#outlined(context, style, () => context.ellipse(x, y, right - x, y - down, 0, 0, 2 * Math.PI));
        }
      }
      this.#outlined(context, style, () => context.arc(...this.#at(this.now), 8, 0, 2 * Math.PI));
    }

    /** A line that is seen on any ground. */
    #outlined(context, style, path) {
      for (const [width, colour] of [[6, "--ground"], [3, "--accent"]]) {
        context.beginPath();
        path();
        context.lineWidth = width;
        context.strokeStyle = style.getPropertyValue(colour);
        context.stroke();
      }
    }
  };
})();
