// Elements of drawings, numbers as text, and the controls: radio buttons and sliders of the browser.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { make } = vaeElements;
  let groups = 0;

  /** An element of a drawing. */
  const draw = (tag, attributes = {}, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  const show = (value, digits = 2) => value.toFixed(digits).replace(/^-(?=0\.?0*$)/, "").replace("-", "−");
  const plain = (value) => String(value).replace("-", "−");

  /** Paths: dots are lines without length and with round ends. Coordinates are rounded, which keeps the text short. */
  const place = (x, y) => `${x.toFixed(3)} ${y.toFixed(3)}`;
  const dots = (points, count = points.length / 2) => {
    let path = "";
    for (let k = 0; k < count; k++) path += `M${place(points[2 * k], points[2 * k + 1])}h0`;
    return path;
  };
  const line = (points, from = 0, to = points.length / 2) => {
    const places = [];
    for (let k = from; k < to; k++) places.push(place(points[2 * k], points[2 * k + 1]));
    return places.length ? `M${places.join("L")}` : "";
  };

  /** A group of radio buttons; `change` receives the value of the choice. */
  class Choice {
    constructor(legend, options, change) {
      const name = `lab-choice-${groups++}`;
      this.inputs = options.map(([value]) => make("input", { type: "radio", name, value, onchange: () => change(value) }));
      const labels = options.map(([, text], k) => make("label", {}, this.inputs[k], make("span", {}, text)));
      this.node = make("fieldset", { className: "lab-choice" }, make("legend", {}, legend), make("div", {}, ...labels));
    }

    set value(value) {
      for (const input of this.inputs) input.checked = input.value === String(value);
    }
  }

  /** A slider over a list of values. */
  class Slider {
    constructor(text, name, values, change) {
      this.values = values;
      this.input = make("input", { type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": name });
      this.input.addEventListener("input", () => {
        this.#read(values[this.input.valueAsNumber]);
        change(values[this.input.valueAsNumber]);
      });
      this.readout = make("span", { className: "lab-value", "aria-hidden": "true" });
      this.name = make("span", { "aria-hidden": "true" });
      this.name.innerHTML = text;
      this.node = make("label", { className: "lab-slider" }, this.name, this.readout, this.input);
    }

    #read(value) {
      this.readout.textContent = plain(value);
      this.input.setAttribute("aria-valuetext", plain(value));
    }

    /** A value that is not in the list stands at the nearest one and is read out as it is. */
    set value(value) {
      const far = this.values.map((one) => Math.abs(one - value));
      this.input.value = far.indexOf(Math.min(...far));
      this.#read(value);
    }
  }

  Object.assign(vaeLab, { make, draw, show, plain, dots, line, Choice, Slider });
})();
