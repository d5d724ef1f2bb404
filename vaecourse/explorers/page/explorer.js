// The explorer of a static page. It replaces a picture made with the book when the reader first clicks or focuses it.
// After each picture it dispatches the event "explorer:decoded", with the model's name and the codes of the picture.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, paintDifference, Choice, Files, Levels, Picture, Start } = vaecourse;
  const STEPS = 9;
  const STRIP_BUDGET = 10; // milliseconds of a frame; the rest of the strip is drawn in the next frame

  const captioned = (picture, caption) => make("figure", {}, picture.canvas, make("figcaption", {}, caption));

  class Explorer {
    constructor(root, files) {
      Object.assign(this, { root, files, shape: files.manifest.shape, originals: files.originals() });
      const { manifest } = files;
      const names = manifest.models.map(({ name }) => name);
      this.models = new Choice("Model", names, (place) => this.use(place), "explorer-segments");
      this.models.node.hidden = names.length === 1;
      this.start = new Start(manifest, this.originals, (sentence) => {
        this.restart();
        this.say(sentence);
      });
      this.picture = new Picture(this.shape, "picture of the codes chosen");
      this.original = new Picture(this.shape, "original image");
      this.first = new Picture(this.shape, "picture of the start");
      this.difference = new Picture(this.shape, "difference to the start: orange is brighter, blue is darker");
      this.originalFigure = captioned(this.original, "original");
      this.firstFigure = captioned(this.first, "start");
      this.scores = make("p", { className: "explorer-scores" });
      this.strip = Array.from({ length: STEPS }, (_, step) => {
        const picture = new Picture(this.shape);
        picture.canvas.addEventListener("click", () => this.step(step));
        return picture;
      });
      this.stripRow = make("div", { role: "img" }, ...this.strip.map(({ canvas }) => canvas));
      this.stripCaption = make("figcaption");
      this.status = make("p", { className: "explorer-status", role: "status" });
      const small = [this.originalFigure, this.firstFigure, captioned(this.difference, "differ\u00adence")];
      this.main = make("div", { className: "explorer-main" },
        make("div", { className: "explorer-pictures" },
          make("div", { className: "explorer-picture" }, this.picture.canvas),
          make("div", { className: "explorer-small" }, ...small),
          this.scores));
      const strip = make("figure", { className: "explorer-strip" }, this.stripRow, this.stripCaption);
      const choices = make("div", { className: "explorer-top" }, this.models.node, this.start.kinds.node);
      const parts = [choices, this.start.node, this.main, strip, this.status];
      this.node = make("div", { className: "explorer-app" }, ...parts);
    }

    say(sentence) {
      this.status.textContent = sentence;
    }

    /** Loads the weights of a model, then switches to it. */
    async use(place) {
      this.wanted = place;
      const { name } = this.files.manifest.models[place];
      if (this.model) this.say(`Loading the weights of ${name} …`);
      let model;
      try {
        model = await this.files.model(place);
      } catch (error) {
        if (!this.model) throw error;
        this.say(`The weights of ${name} could not be loaded.`);
        this.models.value = this.used;
        return;
      }
      if (this.wanted !== place) return; // the reader has chosen another model meanwhile
      this.used = place;
      this.models.value = place;
      this.model = model;
      this.levels?.node.remove();
      this.levels = new Levels(model.manifest, this);
      this.main.append(this.levels.node);
      this.start.model = model.manifest;
      this.restart();
      this.hold(0, model.manifest.levels[0].order[0]);
      this.say(`${name}. ${this.start.sentence}`);
    }

    /** Computes the codes of the start, shows the pictures to compare with, and resets to the start. */
    restart() {
      const { codes, widths } = this.start.codes(this.model);
      this.startCodes = codes;
      this.startPicture = this.model.decode(codes);
      this.first.draw(paint(this.shape, this.startPicture));
      const place = this.start.original;
      this.originalFigure.hidden = place === null;
      this.firstFigure.lastChild.textContent = place === null ? "start" : "recon\u00adstruction";
      if (place !== null) this.original.draw(paint(this.shape, this.originals[place]));
      const scores = place === null ? {} : this.model.manifest.starts[place].scores;
      const digits = { MSE: 4, PSNR: 1, SSIM: 2 };
      const parts = Object.entries(scores).map(([score, value]) => `${score} ${value.toFixed(digits[score])}`);
      this.scores.textContent = parts.join(" · ").replace(/PSNR [\d.]+/, "$& dB") || "\u00a0";
      this.levels.setStart(codes, widths);
      this.reset();
    }

    reset() {
      this.take(this.startCodes);
      this.say("Back at the start.");
    }

    resample(level) {
      this.draws = (this.draws ?? 0) + 1;
      this.take(this.model.resampleBelow(this.codes, level, 1000 + this.draws));
      this.say(`Held ${this.model.manifest.levels[level].name}; drew what lies below anew.`);
    }

    /** Sets codes that do not come from a slider. */
    take(codes) {
      this.codes = codes;
      this.levels.codes = codes;
      this.stale = true;
      this.stripDone = 0;
      this.request();
    }

    /** Selects a unit: the strip shows it. */
    hold(level, unit) {
      if (this.level === level && this.unit === unit && this.stripModel === this.model) return;
      Object.assign(this, { level, unit, stripModel: this.model, stripDone: 0 });
      this.levels.codes = this.codes; // a move has changed the levels below too
      this.request();
    }

    move(level, unit, value) {
      this.hold(level, unit);
      this.codes = this.model.move(this.codes, level, unit, value);
      this.stale = true;
      this.request();
    }

    /** Moves the selected unit to its value at one picture of the strip. */
    step(step) {
      this.move(this.level, this.unit, this.#valueOf(step));
      this.levels.codes = this.codes;
    }

    #valueOf(step) {
      const { low, high } = this.model.manifest.levels[this.level];
      return low[this.unit] + (step / (STEPS - 1)) * (high[this.unit] - low[this.unit]);
    }

    request() {
      this.frame ??= requestAnimationFrame(() => {
        this.frame = null;
        this.#draw();
      });
    }

    #draw() {
      const begun = performance.now();
      if (this.stale) {
        this.stale = false;
        const values = this.model.decode(this.codes);
        this.picture.draw(paint(this.shape, values));
        this.difference.draw(paintDifference(this.shape, values, this.startPicture));
        const detail = { model: this.model.manifest.name, codes: this.codes };
        this.root.dispatchEvent(new CustomEvent("explorer:decoded", { bubbles: true, detail }));
      } else if (this.stripDone < STEPS) this.#drawStep();
      while (this.stripDone < STEPS && performance.now() - begun < STRIP_BUDGET) this.#drawStep();
      this.#markStep();
      if (this.stripDone < STEPS) this.request();
    }

    #drawStep() {
      const codes = this.model.move(this.codes, this.level, this.unit, this.#valueOf(this.stripDone));
      this.strip[this.stripDone++].draw(paint(this.shape, this.model.decode(codes)));
    }

    /** Describes the strip, and frames the picture nearest to the unit's value. */
    #markStep() {
      const { name, labels, low, high } = this.model.manifest.levels[this.level];
      const [least, most] = [low, high].map((ends) => ends[this.unit].toFixed(1).replace("-", "−"));
      const unit = labels[this.unit].split(" · ")[0];
      this.stripCaption.textContent = `${name}, ${unit}, from ${least} to ${most}`;
      this.stripRow.setAttribute("aria-label", `Pictures of ${this.stripCaption.textContent}`);
      const range = high[this.unit] - low[this.unit];
      const nearest = Math.round(((this.codes[this.level][this.unit] - low[this.unit]) / range) * (STEPS - 1));
      this.strip.forEach(({ canvas }, step) => canvas.classList.toggle("explorer-near", step === nearest));
    }
  }

  /** At the first click or focus, loads the weights and replaces the poster by the explorer. */
  const prepare = (root) => {
    const files = new Files(root);
    const poster = root.querySelector(".explorer-poster");
    const size = (files.manifest.models[0].bytes / 1e6).toFixed(1);
    const button = make("button", { type: "button", className: "explorer-open" }, `Explore it yourself (loads ${size} MB)`);
    const status = make("p", { className: "explorer-status", role: "status" });
    poster.after(button, status);
    let busy = false;
    const open = async () => {
      if (busy) return;
      busy = true;
      status.textContent = "Loading the weights …";
      try {
        const explorer = new Explorer(root, files);
        await explorer.use(0);
        for (const event of ["click", "focusin"]) root.removeEventListener(event, open);
        const focused = root.contains(document.activeElement);
        poster.replaceWith(explorer.node);
        button.remove();
        status.remove();
        if (focused) explorer.start.kinds.inputs[0].focus({ preventScroll: true });
      } catch (error) {
        status.textContent = "The weights of this explorer could not be loaded: the picture above is all there is.";
        console.warn(error);
      }
      busy = false;
    };
    for (const event of ["click", "focusin"]) root.addEventListener(event, open);
  };

  for (const root of document.querySelectorAll(".explorer")) prepare(root);
})();
