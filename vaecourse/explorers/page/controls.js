// The controls of the explorer, made of the browser's own radio buttons, ranges and buttons.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const { make } = vaeElements;
  let groups = 0;

  /** A group of radio buttons; `contents` are texts or {label, content}. `change` receives the index of the choice. */
  class Choice {
    constructor(legend, contents, change, kind = "") {
      const name = `explorer-choice-${groups++}`;
      this.inputs = contents.map((_, place) => make("input", { type: "radio", name, onchange: () => change(place) }));
      const labels = contents.map((item, place) => {
        if (item.label) this.inputs[place].setAttribute("aria-label", item.label);
        return make("label", {}, this.inputs[place], make("span", {}, item.content ?? item));
      });
      const title = make("legend", {}, legend);
      this.node = make("fieldset", { className: `explorer-choice ${kind}` }, title, make("div", {}, ...labels));
    }

    set value(place) {
      this.inputs[place].checked = true;
    }
  }

  const stepOf = (low, high) => Number(((high - low) / 200).toPrecision(2)) || "any";

  /** A range input with its name and value; its track shows the start and the width of the posterior around it. */
  class Slider {
    /** `describe`, if given, turns a value into a text that replaces the label and the readout. */
    constructor({ label, name, low, high, move, hold = () => {}, describe, step = stepOf(low, high) }) {
      Object.assign(this, { low, high, describe });
      this.input = make("input", { type: "range", min: low, max: high, step, "aria-label": name });
      this.input.addEventListener("input", () => {
        this.#show(this.input.valueAsNumber);
        move(this.input.valueAsNumber);
      });
      this.input.addEventListener("focus", hold);
      this.input.addEventListener("pointerdown", hold);
      this.readout = make("span", { className: "explorer-value", "aria-hidden": "true" });
      this.text = make("span", { className: "explorer-name", "aria-hidden": "true" }, label ?? "");
      this.node = make("div", { className: "explorer-slider" }, this.text, this.input, this.readout);
      this.node.classList.toggle("explorer-described", Boolean(describe));
    }

    #show(value) {
      if (this.describe) {
        this.text.textContent = this.describe(value);
        this.input.setAttribute("aria-valuetext", this.text.textContent);
        return;
      }
      const text = value.toFixed(2).replace("-", "−");
      this.readout.textContent = text;
      this.input.setAttribute("aria-valuetext", this.width ? `${text}, posterior ${this.posterior}` : text);
    }

    set value(value) {
      this.input.value = value;
      this.#show(value);
    }

    /** Sets the posterior mean of the start and its standard deviation, null without a posterior. */
    setStart(mean, width) {
      const share = (value) => Math.min(Math.max((value - this.low) / (this.high - this.low), 0), 1);
      this.width = width;
      this.posterior = `${mean.toFixed(2)} ± ${(width ?? 0).toFixed(2)}`.replace("-", "−");
      this.node.title = width ? `posterior ${this.posterior}` : "";
      const { style } = this.input;
      style.setProperty("--from", share(mean - (width ?? 0)));
      style.setProperty("--to", share(mean + (width ?? 0)));
    }
  }

  Object.assign(vaecourse, { make, Choice, Slider });
})();
