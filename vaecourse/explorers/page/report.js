// What a model makes of a drawing: nats as a table beside those of test images, bars for the units, level by level.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make, paint, Picture } = vaecourse;
  const TERMS = { distortion: "distortion", rate: "rate", negative_elbo: "−ELBO" };
  const BESIDE = [5, 50, 95];
  const BARS_AT_MOST = 32; // of a level
  const SEED = 1; // of the draws: always the same, so that bars stand still while the pen does
  const MEANING =
    "A high −ELBO says that the model has no short description of this picture: it needs more nats for it than for most test " +
    "images. That does not prove that your drawing is no digit; thick lines or an unusual shape cost much too. And few nats do " +
    "not prove that it is one: a plain stroke is cheap, whatever it means (Nalisnick et al., 2019).";
  const GREY = "The distortion of grey pixels is a cross-entropy, not a likelihood: compare it with the test images, not with 0.";
  const ORDER = {
    bottom_up: "Level 1 is read from your picture, and each further level from the one below it.",
    top_down:
      "The top level is read from your picture. On each level below, what the picture says is multiplied by what the " +
      "levels above expect.",
  };

  const number = (value, digits = 1) => value.toFixed(digits).replace("-", "−");

  /** The share of test images, in percent, that a value exceeds. */
  const rank = (value, percentiles) => Math.max(percentiles.filter((other) => other < value).length - 1, 0);

  const compared = (value, percentiles) => {
    if (value < percentiles[0]) return "less than all";
    if (value > percentiles[100]) return "more than all";
    return `more than ${rank(value, percentiles)}\u00a0%`;
  };

  vaecourse.Report = class Report {
    constructor(shape) {
      this.shape = shape;
      this.body = make("tbody");
      this.counted = make("th", { scope: "col" });
      const beside = `test images, ${BESIDE.join(" · ")} %`;
      const titles = ["term", "yours, nats", beside].map((text) => make("th", { scope: "col" }, text));
      titles.push(this.counted);
      this.table = make("table", {}, make("thead", {}, make("tr", {}, ...titles)), this.body);
      this.bars = make("div", { className: "explorer-bars" });
      this.steps = make("div", { className: "explorer-steps" });
      this.order = make("p", { className: "explorer-note" });
      this.meaning = make("p", { className: "explorer-note" });
      this.node = make("section", { className: "explorer-report", "aria-label": "What the model makes of your drawing" },
        this.table, this.meaning, this.bars, this.steps, this.order);
      this.node.hidden = true;
    }

    /** Shows what `model` makes of the picture that its encoder read last, whose codes are given. */
    show(model, codes) {
      const { encoder } = model;
      const { terms, units } = encoder.bound(model, vaecourse.gaussians(SEED));
      const { compared: count, percentiles, inference } = encoder.manifest;
      this.terms = terms;
      this.counted.textContent = `among ${count.toLocaleString("en")} test images`;
      this.body.replaceChildren(...Object.entries(terms).map(([name, value]) => this.#row(name, value, percentiles[name])));
      const note = "negative_elbo" in terms ? MEANING : "An autoencoder has no rate: it says how well it copies, not how likely a code is.";
      this.meaning.textContent = model.manifest.sigma === null ? `${note} ${GREY}` : note;
      this.#showBars(model, units);
      this.#showSteps(model, codes);
      this.order.textContent = ORDER[inference] ?? "";
      this.order.hidden = !(inference in ORDER);
      this.node.hidden = false;
    }

    /** The last numbers in one sentence. */
    get sentence() {
      const { percentiles } = this;
      const [name, value] = Object.entries(this.terms).at(-1);
      return `${TERMS[name]} ${number(value)} nats, ${compared(value, percentiles[name])} of test images.`;
    }

    #row(name, value, percentiles) {
      this.percentiles = { ...this.percentiles, [name]: percentiles };
      const beside = BESIDE.map((percent) => number(percentiles[percent])).join(" · ");
      return make("tr", {},
        make("th", { scope: "row" }, TERMS[name]),
        make("td", { className: "explorer-nats" }, number(value)),
        make("td", {}, beside),
        make("td", {}, compared(value, percentiles)));
    }

    /** The rate of each unit that has not collapsed, and a line where its mean over test images is. */
    #showBars(model, units) {
      this.bars.hidden = units === null;
      if (!units) return;
      const usual = model.encoder.manifest.rates;
      const highest = Math.max(...units.flat(), ...usual.flat(), 0.1);
      const share = (rate) => `${(100 * Math.max(rate, 0)) / highest}%`;
      this.bars.replaceChildren(...model.manifest.levels.map((level, number_) => {
        const shown = level.order.slice(0, Math.min(level.active || level.size, BARS_AT_MOST));
        const total = units[number_].reduce((sum, rate) => sum + rate, 0);
        const dearest = shown.reduce((best, unit) => (units[number_][unit] > units[number_][best] ? unit : best), shown[0]);
        const bars = shown.map((unit) => {
          const rate = units[number_][unit];
          const bar = make("div", { title: `unit ${unit}: ${number(rate, 2)} nats, on test images ${number(usual[number_][unit], 2)}` });
          bar.style.setProperty("--rate", share(rate));
          bar.style.setProperty("--usual", share(usual[number_][unit]));
          return bar;
        });
        const label = `${level.name}: ${number(total)} nats, most in unit ${dearest}, ${number(units[number_][dearest], 2)} nats`;
        const rest = level.size - shown.length;
        const caption = `${level.name}: rate ${number(total)} nats${rest ? `, ${rest} more unit${rest > 1 ? "s" : ""} not shown` : ""}`;
        return make("figure", {},
          make("div", { className: "explorer-bar-row", role: "img", "aria-label": label }, ...bars),
          make("figcaption", {}, caption));
      }));
      this.bars.append(make("p", { className: "explorer-note" },
        "Bars: nats that each unit spends on your picture, the unit that spends most on test images first. Lines: its mean over them."));
    }

    /** In a hierarchy, the picture from all levels, from all but the lowest, and so on up to the top level alone. */
    #showSteps(model, codes) {
      const { levels, hierarchy } = model.manifest;
      this.steps.hidden = !hierarchy;
      if (!hierarchy) return;
      this.steps.replaceChildren(...levels.map((_, kept) => {
        const picture = new Picture(this.shape);
        picture.draw(paint(this.shape, model.decode(model.descend(codes, kept))));
        const names = kept === levels.length - 1 ? `level ${kept + 1} alone` : `levels ${kept + 1} to ${levels.length}`;
        return make("figure", {}, picture.canvas, make("figcaption", {}, kept ? `${names}; below, what they expect` : "all levels"));
      }));
    }
  };
})();
