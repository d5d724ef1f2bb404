// The controls of one model: a tab for each level, with sliders in order of importance or maps to paint on.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, Choice, Painter, Plane, Slider } = vaecourse;

  /** Controls that call `explorer`'s hold(level, unit), move(level, unit, value), resample(level) and reset(). */
  vaecourse.Levels = class Levels {
    constructor(model, explorer) {
      const { levels, hierarchy, opens } = model.manifest;
      this.model = model;
      this.painters = levels.map((level, number) => level.shape && new Painter(level, number, explorer));
      this.sliders = levels.map((level, number) => (level.shape ? [] : this.#sliders(level, number, explorer)));
      this.panels = levels.map((level, number) => this.painters[number]?.node ?? this.#panel(level, number));
      this.tabs = new Choice("Level", levels.map(({ name }) => name), (number) => {
        this.show(number);
        explorer.hold(number, levels[number].order?.[0]);
      }, "explorer-segments explorer-levels");
      this.tabs.node.hidden = levels.length === 1;
      this.resample = levels.map(({ name }, number) => {
        const label = `Hold ${name}, redraw below`;
        const button = make("button", { type: "button", onclick: () => explorer.resample(number) }, label);
        button.wanted = hierarchy && number > 0;
        return button;
      });
      const reset = make("button", { type: "button", onclick: () => explorer.reset() }, "Reset");
      this.actions = make("div", { className: "explorer-actions" }, ...this.resample, reset);
      this.plane = model.manifest.plane ? new Plane(model, explorer) : null;
      const parts = [this.tabs.node, ...(this.plane ? [this.plane.node] : []), ...this.panels, this.actions];
      this.node = make("div", { className: "explorer-codes" }, ...parts);
      this.show(opens);
    }

    #sliders(level, number, explorer) {
      return level.labels.map((label, unit) => {
        const [name, importance] = label.split(" · ");
        return new Slider({
          label,
          name: [name, ...(this.painters.length > 1 ? [level.name] : []), importance].join(", "),
          low: level.low[unit],
          high: level.high[unit],
          hold: () => explorer.hold(number, unit),
          move: (value) => explorer.move(number, unit, value),
        });
      });
    }

    #panel({ order, active, folded }, number) {
      const nodes = order.map((unit) => this.sliders[number][unit].node);
      const panel = make("div", { className: "explorer-units" }, ...nodes.slice(0, active));
      if (active < order.length) {
        const title = make("summary", {}, folded);
        panel.append(make("details", { open: active === 0 }, title, ...nodes.slice(active)));
      }
      return panel;
    }

    /** Shows the controls of one level. */
    show(number) {
      this.shown = number;
      this.tabs.value = number;
      this.panels.forEach((panel, place) => (panel.hidden = place !== number));
      this.resample.forEach((button, place) => (button.hidden = place !== number || !button.wanted));
      if (this.now) this.codes = this.now;
    }

    /** Marks the codes of the start, with the standard deviations of its posterior if it has one. */
    setStart(codes, widths) {
      this.startNoise = this.painters.map((painter, level) => painter && this.model.noise(level, codes));
      this.#each((slider, level, unit) => slider.setStart(codes[level][unit], widths?.[level]?.[unit]));
      this.plane?.setStart(codes[0], widths?.[0]);
    }

    set codes(codes) {
      this.now = codes;
      this.#each((slider, level, unit) => (slider.value = codes[level][unit]));
      this.follow(codes);
      const { shown } = this; // the prior of a map is computed when it is looked at
      this.painters[shown]?.show(codes[shown], this.model.prior(shown, codes), this.startNoise[shown]);
    }

    /** Shows codes that a slider of this level has moved: the slider itself shows them already. */
    follow(codes) {
      if (this.plane) this.plane.codes = codes[0];
    }

    #each(act) {
      this.sliders.forEach((sliders, level) => sliders.forEach((slider, unit) => act(slider, level, unit)));
    }
  };
})();
