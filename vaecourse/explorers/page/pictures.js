// Canvases with one picture each, at its own resolution; the style sheet enlarges them.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  // Vermilion and blue of Okabe and Ito (2008); ../pictures.py has the same three values.
  const BRIGHTER = [213, 94, 0];
  const DARKER = [0, 114, 178];
  const FULL_COLOUR_AT = 0.5;

  /** Values in [0, 1], channel last, as grey or coloured pixels. */
  const paint = ([channels], values) => {
    const bytes = new Uint8ClampedArray((4 * values.length) / channels);
    for (let pixel = 0; 4 * pixel < bytes.length; pixel++) {
      for (let k = 0; k < 3; k++) bytes[4 * pixel + k] = 255 * values[pixel * channels + (channels === 1 ? 0 : k)];
      bytes[4 * pixel + 3] = 255;
    }
    return bytes;
  };

  /** One picture minus another: vermilion where it is brighter, blue where it is darker, transparent where equal. */
  const paintDifference = ([channels], values, others) => {
    const bytes = new Uint8ClampedArray((4 * values.length) / channels);
    for (let pixel = 0; 4 * pixel < bytes.length; pixel++) {
      let change = 0;
      for (let k = pixel * channels; k < (pixel + 1) * channels; k++) change += (values[k] - others[k]) / channels;
      bytes.set(change > 0 ? BRIGHTER : DARKER, 4 * pixel);
      bytes[4 * pixel + 3] = 255 * Math.min(1, Math.abs(change) / FULL_COLOUR_AT);
    }
    return bytes;
  };

  /** Numbers around 0: vermilion above and blue below, opaque where they are `limit` or more away. */
  const paintSigned = (values, limit) => {
    const bytes = new Uint8ClampedArray(4 * values.length);
    values.forEach((value, k) => {
      bytes.set(value > 0 ? BRIGHTER : DARKER, 4 * k);
      bytes[4 * k + 3] = 255 * Math.min(1, Math.abs(value) / limit);
    });
    return bytes;
  };

  class Picture {
    constructor([, height, width], label = "") {
      const description = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
      this.canvas = vaecourse.make("canvas", { width, height, ...description });
      this.canvas.classList.toggle("explorer-coarse", Math.max(width, height) < 48);
      this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    }

    draw(bytes) {
      this.context.putImageData(new ImageData(bytes, this.canvas.width), 0, 0);
    }

    clear() {
      this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    }
  }

  Object.assign(vaecourse, { paint, paintDifference, paintSigned, Picture });
})();
