// The lab: controls, views and the loop that trains while it is in sight.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make, Choice, Slider, Run, Views, OneStep, CHOICES, DEFAULTS, MOST_POINTS, readAddress, writeAddress } = vaeLab;
  const SLICE = 12; // milliseconds of training before the page gets its turn
  const BETWEEN_PICTURES = { usual: 70, reduced: 1000 }; // milliseconds; the latter for readers who want less motion
  const NAMES = {
    data: { ring: "Ring", moons: "Two moons", mixture: "Mixture", spiral: "Spiral", own: "Your points" },
    units: { 1: "1 unit", 2: "2 units" },
    levels: { 1: "1 level", 2: "2 levels" },
  };

  class Lab {
    constructor(settings) {
      this.defaults = { ...DEFAULTS, ...settings };
      this.running = false;
      this.visible = true;
      this.views = new Views({
        set: (point) => this.#setPoints([...this.run.settings.points, point].slice(-MOST_POINTS)),
        remove: () => this.#setPoints(this.run.settings.points.slice(0, -1)),
        choose: (point) => this.one && this.one.choose(point),
      });
      this.#build();
      this.load({ settings: this.defaults, changes: [], steps: 0 });
      new IntersectionObserver(([entry]) => {
        this.visible = entry.isIntersecting;
        this.#wake();
      }).observe(this.node);
      document.addEventListener("visibilitychange", () => this.#wake());
      new MutationObserver(() => this.draw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    }

    #build() {
      const change = (name) => (value) => this.change(name, value);
      const choice = (legend, name) => new Choice(legend, Object.entries(NAMES[name]).map(([value, text]) => [value, text]), (value) =>
        this.change(name, name === "data" ? value : Number(value)));
      const slider = (text, label, name) => new Slider(text, label, CHOICES[name], change(name));
      this.controls = {
        data: choice("Data", "data"), units: choice("Units", "units"), levels: choice("Levels", "levels"),
        beta: slider("β", "beta", "beta"), beta2: slider("β of level 2", "beta of level 2", "beta2"),
        sigma: slider("decoder’s σ", "sigma of the decoder", "sigma"),
        rate: slider("learning rate", "learning rate", "rate"), batch: slider("batch size", "batch size", "batch"),
      };
      this.learned = make("input", { type: "checkbox", onchange: () => this.change("learned", this.learned.checked) });
      this.samples = make("input", { type: "checkbox", checked: true, onchange: () => this.draw() });
      this.seed = make("input", { type: "number", min: 0, max: 2 ** 31 - 1, onchange: () => this.change("seed", Math.floor(this.seed.valueAsNumber) || 0) });
      const button = (text, act, className = "") => make("button", { type: "button", onclick: act, className }, text);
      this.play = button("", () => (this.running ? this.pause() : this.start()), "lab-play");
      this.stepped = make("span", { className: "lab-steps" });
      this.status = make("p", { className: "lab-status", role: "status" });
      this.link = button("Copy link", () => this.#copy());
      this.clear = button("Clear points", () => this.#setPoints([]));
      this.oneSwitch = make("details", { className: "lab-details", ontoggle: () => this.#openOne() },
        make("summary", {}, "One step, one point: what is computed"));
      const check = (input, text) => make("label", { className: "lab-check" }, input, text);
      const { data, units, levels, beta, beta2, sigma, rate, batch } = this.controls;
      this.node = make("div", { className: "lab-app" },
        make("div", { className: "lab-top" }, data.node, units.node, levels.node),
        this.views.stage,
        make("div", { className: "lab-bar" }, this.play, button("1 step", () => this.advance(1)), button("Start over", () => this.reset()), this.stepped, this.clear, this.link),
        this.views.numbers, this.views.unitList,
        make("div", { className: "lab-sliders" }, beta.node, beta2.node,
          make("div", {}, sigma.node, check(this.learned, "learned")), rate.node, batch.node,
          make("div", { className: "lab-pair" }, make("label", { className: "lab-check" }, "seed", this.seed), check(this.samples, "show samples"))),
        this.views.curves.node, this.oneSwitch, this.status);
    }

    /** Shows a run from its settings, changes by hand and steps; those steps are done before anything is drawn anew. */
    load({ settings, changes, steps }) {
      this.run = new Run(settings, changes);
      this.target = steps;
      this.#begin();
      if (steps) this.start();
    }

    #begin() {
      this.views.begin(this.run);
      this.#write();
      if (this.one && this.run.count) this.one.begin(this.run);
      this.draw();
    }

    change(name, value) {
      this.run.pending = [];
      this.target = 0;
      if (name === "learned" && !value) this.run.set("sigma", Number(this.run.model.sigma.toFixed(3))); // it stays where it is
      if (this.run.set(name, value)) this.#begin();
      else this.#write();
      if (name === "data" && value === "own") this.pause();
      if (!this.running) this.draw();
      this.#remember();
    }

    #setPoints(points) {
      this.change("points", points.map((point) => point.map((value) => Math.round(100 * value) / 100)));
    }

    reset() {
      this.load({ settings: this.run.settings, changes: [], steps: 0 });
      this.#remember();
    }

    /** Writes the settings of the run into the controls. */
    #write() {
      const { settings, model } = this.run;
      for (const [name, control] of Object.entries(this.controls)) control.value = settings[name];
      const deep = settings.levels > 1;
      this.controls.beta.name.textContent = deep ? "β of level 1" : "β";
      this.controls.beta2.node.hidden = !deep;
      this.controls.sigma.input.disabled = this.learned.checked = settings.learned;
      if (settings.learned) this.controls.sigma.value = Number(model.sigma.toFixed(3));
      this.seed.value = settings.seed;
      this.clear.hidden = settings.data !== "own";
      this.play.textContent = this.running ? "Pause" : "Train";
      this.play.classList.toggle("lab-running", this.running);
      this.stepped.textContent = `step ${this.run.steps.toLocaleString("en")}`;
    }

    start() {
      if (!this.run.count) {
        this.status.textContent = "Set a few points first: click or touch the plane.";
        return;
      }
      if (this.oneSwitch.open) this.oneSwitch.open = false;
      this.status.textContent = "";
      this.running = true;
      this.#write();
      this.#wake();
    }

    pause() {
      this.running = false;
      this.#write();
      this.draw();
      this.#remember();
    }

    /** Trains for some steps at once. */
    advance(count) {
      for (let k = 0; k < count && !this.run.diverged && this.run.count; k++) this.run.step();
      if (this.run.diverged) {
        this.running = false;
        this.status.textContent = "The loss is no longer a number: start over with a smaller learning rate.";
      }
      if (!this.running) this.#remember();
      this.#write();
      this.draw();
    }

    /** Keeps the loop going while the lab trains in sight; there is one loop at most. */
    #wake() {
      if (this.frame || !this.running || !this.visible || document.hidden) return;
      this.frame = requestAnimationFrame((now) => this.#turn(now));
    }

    #turn(now) {
      this.frame = null;
      if (!this.running) return;
      const until = performance.now() + SLICE;
      while (performance.now() < until && this.running && !this.run.diverged) {
        this.run.step();
        if (this.run.steps === this.target) this.pause();
      }
      if (this.run.diverged) this.advance(0);
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (this.running && now - (this.drawn ?? 0) > BETWEEN_PICTURES[calm ? "reduced" : "usual"]) {
        this.drawn = now;
        this.#write();
        this.draw();
      }
      this.#wake();
    }

    draw() {
      this.views.show({ samples: this.samples.checked, overlay: this.oneSwitch.open ? this.one : null });
      this.node.dispatchEvent(new CustomEvent("lab:drawn", { bubbles: true, detail: { steps: this.run.steps } }));
    }

    #openOne() {
      if (!this.oneSwitch.open) {
        this.draw();
        return;
      }
      if (this.running) this.pause();
      if (!this.run.count) return;
      this.one ??= new OneStep(() => this.draw(), (point, noise) => this.#learn(point, noise));
      this.one.begin(this.run);
      this.oneSwitch.append(this.one.node);
      this.draw();
    }

    #learn(point, noise) {
      this.run.learnFrom(point, noise);
      this.one.compute();
      this.#write();
      this.draw();
    }

    /** Writes the run into the address, where there is one: a frame of a notebook has none. */
    #remember() {
      if (location.protocol !== "about:" && this.addressed) history.replaceState(null, "", writeAddress(this.run));
    }

    #copy() {
      this.addressed = true;
      this.#remember();
      const copied = () => (this.status.textContent = "The link to this run is copied: it repeats the run, with all changes, up to this step.");
      const refused = () => (this.status.textContent = "The browser does not allow copying; the link is in the address bar.");
      if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(copied, refused);
      else refused();
    }
  }

  Object.assign(vaeLab, { Lab, readAddress });
})();
