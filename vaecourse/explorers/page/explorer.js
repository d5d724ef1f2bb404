// The explorer of a static page. After each picture it dispatches the event "explorer:decoded", with the model's name and
// the codes of the picture; after each reading of a drawing "explorer:encoded", with its picture and levels.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, paintDifference, Choice, Levels, Picture, Report, Slider, Start } = vaecourse;
  const HIGHEST_TEMPERATURE = 1.2;
  const STRIP_BUDGET = 10; // milliseconds of a frame; the rest of the strip is drawn in the next frame

  const captioned = (picture, caption) => make("figure", {}, picture.canvas, make("figcaption", {}, caption));

  class Explorer {
    constructor(root, files, originals) {
      Object.assign(this, { root, files, shape: files.manifest.shape, originals });
      const { manifest } = files;
      const names = manifest.models.map(({ name }) => name);
      this.models = new Choice("Model", names, (place) => this.use(place), "explorer-segments");
      this.models.node.hidden = names.length === 1;
      this.start = new Start(manifest, this.originals, (sentence) => this.begin(sentence));
      this.report = new Report(this.shape);
      this.temperature = new Slider({
        label: "temperature of draws",
        name: "temperature of draws: factor of the priors' standard deviations",
        low: 0,
        high: HIGHEST_TEMPERATURE,
        step: 0.05,
        move: () => this.redraw?.(),
      });
      this.temperature.value = 1;
      this.picture = new Picture(this.shape, "picture of the codes chosen");
      this.original = new Picture(this.shape, "original image");
      this.first = new Picture(this.shape, "picture of the start");
      this.difference = new Picture(this.shape, "difference to the start: orange is brighter, blue is darker");
      this.originalFigure = captioned(this.original, "original");
      this.firstFigure = captioned(this.first, "start");
      this.scores = make("p", { className: "explorer-scores" });
      this.strip = Array.from({ length: vaecourse.LONGEST_PATH }, (_, step) => {
        const picture = new Picture(this.shape);
        picture.canvas.addEventListener("click", () => this.step(step));
        return picture;
      });
      this.stripRow = make("div", { role: "img" }, ...this.strip.map(({ canvas }) => canvas));
      this.stripCaption = make("figcaption");
      this.status = make("p", { className: "explorer-status", role: "status" });
      const small = [this.originalFigure, this.firstFigure, captioned(this.difference, "picture − start")];
      const legend = make("p", { className: "explorer-legend" },
        make("span", { className: "explorer-brighter" }, "brighter"), " and ",
        make("span", { className: "explorer-darker" }, "darker"), " than the start");
      this.main = make("div", { className: "explorer-main" },
        make("div", { className: "explorer-pictures" },
          make("div", { className: "explorer-picture" }, this.picture.canvas),
          make("div", { className: "explorer-small" }, ...small),
          legend,
          this.scores));
      const strip = make("figure", { className: "explorer-strip" }, this.stripRow, this.stripCaption);
      const choices = make("div", { className: "explorer-top" }, this.models.node, this.start.kinds.node);
      const parts = [choices, this.start.node, this.main, this.report.node, strip, this.status];
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
      this.path = null;
      this.levels = new Levels(model, this);
      this.main.append(this.levels.node);
      this.start.model = model.manifest;
      await this.begin(`${name}. ${this.start.sentence}`);
    }

    /** Goes to the start that the reader has chosen, and says so; a drawing needs the weights of the encoder first. */
    async begin(sentence) {
      const { start, model, used } = this;
      if (start.isDrawing && !model.encoder) {
        this.say("Loading the weights of the encoder …");
        try {
          await this.files.encoder(used);
        } catch {
          start.useImage();
          this.say("The weights of the encoder could not be loaded: choose another start.");
          return;
        }
        if (this.model !== model || !start.isDrawing) return; // the reader has gone on meanwhile
      }
      this.restart();
      const seen = start.isDrawing && !start.pad.isEmpty ? ` ${this.report.sentence}` : "";
      if (sentence) this.say(`${sentence}${seen}`);
    }

    /** Computes the codes of the start, shows the pictures to compare with, and resets to the start. */
    restart() {
      this.#offerTemperature();
      const { codes, widths, levels } = this.start.codes(this.model, this.temperature.input.valueAsNumber);
      this.startCodes = codes;
      this.startPicture = this.model.decode(codes);
      this.first.draw(paint(this.shape, this.startPicture));
      const { picture } = this.start;
      this.originalFigure.hidden = picture === null;
      this.originalFigure.lastChild.textContent = this.start.isDrawing ? "drawing, prepared" : "original";
      this.firstFigure.lastChild.textContent = picture === null ? "start" : "recon\u00adstruction";
      if (picture !== null) this.original.draw(paint(this.shape, picture));
      this.#showScores(this.start.original);
      this.report.node.hidden = true;
      if (levels) this.#showReport(picture, levels, codes);
      this.levels.setStart(codes, widths);
      this.take(codes);
      if (this.start.mixesLevels) this.follow(() => vaecourse.mixingPath(this));
      else if (!this.path || this.wasMixing) this.hold(this.levels.shown);
      this.wasMixing = this.start.mixesLevels;
      this.redraw = this.start.isDraw ? () => this.restart() : null;
    }

    #showReport(picture, levels, codes) {
      const { isEmpty } = this.start.pad;
      if (!isEmpty) this.report.show(this.model, codes);
      const terms = isEmpty ? null : this.report.terms;
      const detail = { model: this.model.manifest.name, picture: Array.from(picture), levels, terms };
      this.root.dispatchEvent(new CustomEvent("explorer:encoded", { bubbles: true, detail }));
    }

    #showScores(place) {
      const { starts, sigma } = this.model.manifest;
      const digits = { MSE: 4, PSNR: 1, SSIM: 2 };
      const parts = Object.entries(place === null ? {} : starts[place].scores).map(
        ([score, value]) => `${score} ${value.toFixed(digits[score])}${score === "PSNR" ? " dB" : ""}`,
      );
      if (sigma !== null) parts.push(`σ of the pixels ${sigma.toPrecision(2)}`);
      this.scores.textContent = parts.join(" · ") || "\u00a0";
    }

    /** The slider stands beside what draws: the prior, or the button that draws the levels below. */
    #offerTemperature() {
      const { isDraw } = this.start;
      const { node } = this.temperature;
      const place = isDraw ? this.start.node : this.levels.actions;
      if (node.parentNode !== place) place.append(node);
      node.hidden = !isDraw && !this.model.manifest.hierarchy;
    }

    reset() {
      this.take(this.startCodes);
      this.redraw = this.start.isDraw ? () => this.restart() : null;
      this.say("Back at the start.");
    }

    resample(level) {
      const base = this.codes;
      const seed = 1000 + (this.draws = (this.draws ?? 0) + 1);
      this.redraw = () => this.take(this.model.resampleBelow(base, level, seed, this.temperature.input.valueAsNumber));
      this.redraw();
      this.say(`Held ${this.model.manifest.levels[level].name}; drew what lies below anew.`);
    }

    /** Sets codes that do not come from a slider or a brush. */
    take(codes) {
      this.codes = codes;
      this.levels.codes = codes;
      this.stale = true;
      if (this.path) this.follow(this.makePath);
      this.request();
    }

    /** Selects a unit, or a map: the strip shows it. */
    hold(level, unit = this.model.manifest.levels[level].order?.[0]) {
      const { unitPath, mapPath } = vaecourse;
      const isMap = Boolean(this.model.manifest.levels[level].shape);
      if (!isMap && this.path?.key === `unit ${level} ${unit}`) return;
      this.levels.codes = this.codes; // a move has changed the levels below too
      this.follow(isMap ? () => mapPath(this, level) : () => unitPath(this, level, unit));
    }

    /** Shows a path in the strip. */
    follow(makePath) {
      this.makePath = makePath;
      this.path = makePath();
      this.stripDone = 0;
      this.request();
    }

    move(level, unit, value) {
      this.hold(level, unit);
      this.#moved(this.model.move(this.codes, level, unit, value));
    }

    /** Sets the codes of a level from elsewhere than its sliders. */
    put(level, values) {
      this.paint(level, values);
      this.levels.codes = this.codes;
    }

    /** Sets the codes of a map that the reader paints. */
    paint(level, values) {
      this.#moved(this.model.replace(this.codes, level, values));
    }

    #moved(codes) {
      this.codes = codes;
      this.levels.follow(codes);
      this.redraw = null;
      this.stale = true;
      this.request();
    }

    /** Moves to the codes of one picture of the strip. */
    step(step) {
      this.path.choose(step);
      this.levels.codes = this.codes;
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
      } else if (this.stripDone < this.path.count) this.#drawStep();
      while (this.stripDone < this.path.count && performance.now() - begun < STRIP_BUDGET) this.#drawStep();
      this.#markStep();
      if (this.stripDone < this.path.count) this.request();
    }

    #drawStep() {
      const codes = this.path.codes(this.stripDone);
      this.strip[this.stripDone++].draw(paint(this.shape, this.model.decode(codes)));
    }

    /** Describes the strip, and frames the picture nearest to the present codes. */
    #markStep() {
      const { caption, count } = this.path;
      this.stripCaption.textContent = caption;
      this.stripRow.setAttribute("aria-label", `Pictures of ${caption}`);
      const nearest = this.path.nearest();
      this.strip.forEach(({ canvas }, step) => {
        canvas.hidden = step >= count;
        canvas.classList.toggle("explorer-near", step === nearest);
      });
    }
  }

  vaecourse.Explorer = Explorer;
})();
