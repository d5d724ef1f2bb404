// A pad on which the reader draws a digit: by pointer, finger or keys, or by changing a test digit.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, asItIs, asMnist, Choice, Ink, Picture, CELLS_OF_A_PIXEL, INK_SIDE } = vaecourse;
  const TOOLS = ["pen", "eraser"];
  const [PEN, ERASER] = TOOLS.keys();
  const RADIUS = [3.4, 7]; // cells, of the pen and of the eraser
  const KEY_STEP = 4; // cells that an arrow key moves the pen
  const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  const NARROW = 600; // pixels of a window; there the model's picture should stay near the pad
  const HINT =
    "Draw a digit. With keys: arrows move the pen, the space bar puts it down and lifts it; or take a test digit and change it.";

  vaecourse.Pad = class Pad {
    ink = new Ink();
    tool = PEN;
    place = [INK_SIDE / 2, INK_SIDE / 2]; // of the pen that keys move
    isDown = false;

    /** `change` is called while the reader draws, and with true when a stroke or another change is finished. */
    constructor(originals, names, change) {
      this.change = change;
      this.picture = new Picture([1, INK_SIDE, INK_SIDE]);
      this.pen = make("div", { className: "explorer-pen" });
      this.surface = make("div", {
        className: "explorer-pad", tabIndex: 0, role: "application", "aria-roledescription": "drawing pad",
        "aria-label": "pad for a digit: arrow keys move the pen, the space bar puts it down and lifts it",
      }, this.picture.canvas, this.pen);
      this.surface.addEventListener("pointerdown", (event) => this.#begin(event));
      this.surface.addEventListener("pointermove", (event) => this.#go(event));
      for (const end of ["pointerup", "pointercancel"]) this.surface.addEventListener(end, () => this.#end());
      this.surface.addEventListener("keydown", (event) => this.#press(event));
      this.surface.addEventListener("blur", () => this.#lift());
      this.tools = new Choice("Tool", TOOLS, (tool) => (this.tool = tool), "explorer-segments");
      this.tools.value = PEN;
      this.asMnist = make("input", { type: "checkbox", checked: true, onchange: () => this.#changed() });
      this.node = make("div", { className: "explorer-drawing" }, this.surface,
        make("div", { className: "explorer-pad-tools" },
          make("div", { className: "explorer-actions" }, this.tools.node,
            this.#button("Undo", "undo", () => this.ink.undo(), false), this.#button("Clear", "clear the pad", () => this.ink.clear())),
          make("details", { open: innerWidth > NARROW },
            make("summary", {}, "Take a test digit, change the drawing"), this.#digits(originals, names), this.#changes()),
          make("label", { className: "explorer-check" }, this.asMnist,
            make("span", {}, "prepared as MNIST was: scaled so that its box is 20 pixels large, its mass centred in 28")),
          make("p", { className: "explorer-note" }, HINT)));
      this.#show();
    }

    #button(text, name, act, remembers = true) {
      return make("button", {
        type: "button", "aria-label": name, title: name,
        onclick: () => {
          if (remembers) this.ink.remember();
          act();
          this.#changed();
        },
      }, text);
    }

    #digits(originals, names) {
      const contents = names.map((name, place) => {
        const picture = new Picture([1, 28, 28]);
        picture.draw(paint([1, 28, 28], originals[place]));
        return { label: `take ${name}`, content: picture.canvas };
      });
      const take = (place) => {
        this.ink.remember();
        this.ink.take(originals[place]);
        this.#changed();
      };
      return new Choice("Take a test digit", contents, take, "explorer-thumbnails").node;
    }

    #changes() {
      const { ink } = this;
      const each = CELLS_OF_A_PIXEL;
      return make("div", { className: "explorer-actions explorer-changes", role: "group", "aria-label": "Change the whole drawing" },
        this.#button("←", "shift left", () => ink.shift(-each, 0)),
        this.#button("→", "shift right", () => ink.shift(each, 0)),
        this.#button("↑", "shift up", () => ink.shift(0, -each)),
        this.#button("↓", "shift down", () => ink.shift(0, each)),
        this.#button("↺", "turn left by 10 degrees", () => ink.turn(-10)),
        this.#button("↻", "turn right by 10 degrees", () => ink.turn(10)),
        this.#button("thicker", "thicker lines", () => ink.thicken(Math.max)),
        this.#button("thinner", "thinner lines", () => ink.thicken(Math.min)));
    }

    /** The picture that the encoder sees: 28 × 28 values in [0, 1]. */
    get image() {
      return (this.asMnist.checked ? asMnist : asItIs)(this.ink.values, INK_SIDE);
    }

    get isEmpty() {
      return this.ink.isEmpty;
    }

    #placeOf({ clientX, clientY }) {
      const box = this.surface.getBoundingClientRect();
      return [((clientX - box.left) / box.width) * INK_SIDE, ((clientY - box.top) / box.height) * INK_SIDE];
    }

    #begin(event) {
      if (event.button) return;
      this.surface.setPointerCapture(event.pointerId);
      this.ink.remember();
      this.last = this.#placeOf(event);
      this.#line(this.last);
    }

    /** Browsers gather the moves of a fast pen in one event. */
    #go(event) {
      if (!this.last) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.#line(this.#placeOf(move));
    }

    #end() {
      if (!this.last) return;
      this.last = null;
      this.#changed();
    }

    #line(to) {
      this.ink.stroke(this.last, to, RADIUS[this.tool], this.tool === ERASER);
      this.last = to;
      this.#soon();
    }

    /** Once in a frame is enough while the reader draws. */
    #soon() {
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.#show();
        this.change(false);
      });
    }

    #press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in STEPS) {
        const to = this.place.map((at, axis) => Math.min(Math.max(at + KEY_STEP * STEPS[event.key][axis], 0), INK_SIDE));
        if (this.isDown) this.#keyLine(this.place, to);
        this.place = to;
      } else if (event.key === " ") {
        if (this.isDown) this.#lift();
        else {
          this.ink.remember();
          this.isDown = true;
          this.#keyLine(this.place, this.place);
        }
      } else return;
      event.preventDefault();
      this.#show();
    }

    #keyLine(from, to) {
      this.ink.stroke(from, to, RADIUS[this.tool], this.tool === ERASER);
      this.#soon();
    }

    #lift() {
      if (!this.isDown) return;
      this.isDown = false;
      this.#changed();
    }

    #changed() {
      this.#show();
      this.change(true);
    }

    #show() {
      this.picture.draw(paint([1, INK_SIDE, INK_SIDE], this.ink.values));
      this.pen.classList.toggle("explorer-pen-down", this.isDown);
      const [left, top] = this.place.map((at) => `${(100 * at) / INK_SIDE}%`);
      Object.assign(this.pen.style, { left, top });
    }
  };
})();
