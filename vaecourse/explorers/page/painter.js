// A level that is a map of codes: a small heat map for each channel, to be painted by pointer, touch or keys.
// It shows the noise (z − μ)/σ of the codes: what the level adds to what those above expect.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paintSigned, Choice, Picture, Slider } = vaecourse;
  const FULL_COLOUR_AT = 3; // standard deviations of the prior
  const FURTHEST = 4; // to which a brush leads
  const TOOLS = ["add", "subtract", "erase"];
  const [ADD, SUBTRACT, ERASE] = TOOLS.keys();
  const BRUSHES = ["1 cell", "3 × 3"];
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const TOOL_OF_KEY = { "+": ADD, "=": ADD, "-": SUBTRACT, "−": SUBTRACT, Delete: ERASE, Backspace: ERASE, 0: ERASE };

  /** Tells `explorer`: paint(level, codes) while painting, hold(level) at the end of a stroke, say(sentence). */
  vaecourse.Painter = class Painter {
    constructor(level, number, explorer) {
      const [channels, height, width] = level.shape;
      Object.assign(this, { number, explorer, height, width, name: level.name });
      this.tool = ADD;
      this.reach = height > 8 ? 1 : 0;
      this.strength = 1;
      this.cursor = [Math.floor(height / 2), Math.floor(width / 2)];
      this.maps = Array.from({ length: channels }, (_, channel) => this.#map(channel, channels, level.rates[channel]));
      const shown = this.maps.filter((_, channel) => level.active[channel]);
      const folded = this.maps.filter((_, channel) => !level.active[channel]);
      const grid = (maps) => make("div", { className: "explorer-maps" }, ...maps.map(({ node }) => node));
      const title = make("summary", {}, `${folded.length} collapsed map${folded.length > 1 ? "s" : ""}`);
      const fold = folded.length ? [make("details", { open: !shown.length }, title, grid(folded))] : [];
      const tools = new Choice("Brush", TOOLS, (tool) => (this.tool = tool), "explorer-segments");
      const sizes = new Choice("Size", BRUSHES, (reach) => (this.reach = reach), "explorer-segments");
      tools.value = this.tool;
      sizes.value = this.reach;
      const strength = new Slider({
        label: "brush, in σ",
        name: "strength of the brush, in standard deviations of the prior",
        low: 0.25,
        high: 3,
        step: 0.25,
        move: (value) => (this.strength = value),
      });
      strength.value = this.strength;
      const expected = make("button", { type: "button", onclick: () => this.#fill(() => 0) }, "Only what is expected");
      const start = make("button", { type: "button", onclick: () => this.#fill((k) => this.startNoise[k]) }, "Erase all");
      const brush = make("div", { className: "explorer-top" }, tools.node, sizes.node);
      const note = make("p", { className: "explorer-note" },
        "Paint. Colours: what the level adds to what those above expect; orange more, blue less, opaque at 3 σ. " +
        "With keys: arrows, + and −, Delete.");
      const buttons = make("div", { className: "explorer-actions" }, expected, start);
      this.node = make("div", { className: "explorer-painter" }, grid(shown), ...fold, note, brush, strength.node, buttons);
    }

    #map(channel, channels, rate) {
      const picture = new Picture([1, this.height, this.width]);
      picture.canvas.classList.add("explorer-coarse");
      const cursor = make("div", { className: "explorer-cell" });
      const label = channels > 1 ? `map ${channel + 1} of ${this.name}` : `map of ${this.name}`;
      const surface = make("div", {
        className: "explorer-map", tabIndex: 0, role: "application", "aria-roledescription": "map of codes",
        "aria-label": `${label}: arrow keys move, plus and minus change a cell, Delete erases`,
      }, picture.canvas, cursor);
      surface.style.aspectRatio = `${this.width} / ${this.height}`;
      const map = { picture, cursor, channel };
      surface.addEventListener("pointerdown", (event) => this.#begin(map, surface, event));
      surface.addEventListener("pointermove", (event) => this.#go(map, surface, event));
      for (const end of ["pointerup", "pointercancel"]) surface.addEventListener(end, () => this.#end());
      surface.addEventListener("keydown", (event) => this.#press(map, event));
      surface.addEventListener("focus", () => this.#moveCursor(map, [0, 0]));
      map.node = make("figure", {}, surface, make("figcaption", {}, `map ${channel + 1} · ${rate.toFixed(1)} nats`));
      return map;
    }

    /** Shows the codes of this level, given its prior and what the noise was at the start. */
    show(codes, { mean, std }, startNoise) {
      Object.assign(this, { codes, mean, std, startNoise });
      this.#draw();
    }

    #noise(k) {
      return (this.codes[k] - this.mean[k]) / this.std[k];
    }

    #draw() {
      const size = this.height * this.width;
      for (const { picture, channel } of this.maps) {
        const noise = Array.from({ length: size }, (_, pixel) => this.#noise(channel * size + pixel));
        picture.draw(paintSigned(noise, FULL_COLOUR_AT));
      }
    }

    #cellAt(surface, { clientX, clientY }) {
      const box = surface.getBoundingClientRect();
      const place = (share, count) => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
      return [
        place((clientY - box.top) / box.height, this.height),
        place((clientX - box.left) / box.width, this.width),
      ];
    }

    #begin(map, surface, event) {
      if (event.button) return;
      surface.setPointerCapture(event.pointerId);
      this.stroke = { done: new Set(), last: this.#cellAt(surface, event) };
      this.#go(map, surface, event);
    }

    /** Paints the cells between the last place of the pointer and this one, each once in a stroke. */
    #go(map, surface, event) {
      if (!this.stroke) return;
      const { done, last } = this.stroke;
      const cell = this.#cellAt(surface, event);
      const steps = Math.max(1, ...cell.map((to, axis) => Math.abs(to - last[axis])));
      const cells = [];
      for (let step = 0; step <= steps; step++) {
        const [y, x] = last.map((from, axis) => Math.round(from + (step / steps) * (cell[axis] - from)));
        for (let down = -this.reach; down <= this.reach; down++) {
          for (let aside = -this.reach; aside <= this.reach; aside++) cells.push([y + down, x + aside]);
        }
      }
      this.stroke.last = this.cursor = cell;
      this.#paint(map, cells.filter((one) => !done.has(String(one)) && done.add(String(one))), this.tool);
    }

    #end() {
      if (!this.stroke) return;
      this.stroke = null;
      this.explorer.hold(this.number);
    }

    #paint({ channel }, cells, tool) {
      if (!cells.length) return;
      const values = this.codes.slice();
      for (const [y, x] of cells) {
        if (y < 0 || y >= this.height || x < 0 || x >= this.width) continue;
        const k = (channel * this.height + y) * this.width + x;
        const now = this.#noise(k);
        const furthest = Math.max(FURTHEST, Math.abs(now));
        const wanted = tool === ERASE ? this.startNoise[k] : now + (tool === ADD ? 1 : -1) * this.strength;
        values[k] = this.mean[k] + this.std[k] * Math.min(Math.max(wanted, -furthest), furthest);
      }
      this.#take(values);
    }

    #take(values) {
      this.codes = values;
      this.#draw();
      this.explorer.paint(this.number, values);
    }

    /** The noise of all cells at once. */
    #fill(noise) {
      this.#take(this.codes.map((_, k) => this.mean[k] + this.std[k] * noise(k)));
      this.explorer.hold(this.number);
    }

    #press(map, event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const tool = TOOL_OF_KEY[event.key];
      if (event.key in STEPS) this.#moveCursor(map, STEPS[event.key]);
      else if (tool !== undefined) {
        this.#paint(map, [this.cursor], tool);
        this.#moveCursor(map, [0, 0]);
        this.explorer.hold(this.number);
      } else return;
      event.preventDefault();
    }

    #moveCursor({ cursor, channel }, [down, aside]) {
      const within = (place, count) => Math.min(Math.max(place, 0), count - 1);
      const [y, x] = [within(this.cursor[0] + down, this.height), within(this.cursor[1] + aside, this.width)];
      this.cursor = [y, x];
      const share = (count) => `${100 / count}%`;
      Object.assign(cursor.style, { width: share(this.width), height: share(this.height) });
      Object.assign(cursor.style, { left: `${(100 * x) / this.width}%`, top: `${(100 * y) / this.height}%` });
      const noise = this.#noise((channel * this.height + y) * this.width + x).toFixed(2).replace("-", "−");
      this.explorer.say(`Row ${y + 1}, column ${x + 1}: ${noise} σ.`);
    }
  };
})();
