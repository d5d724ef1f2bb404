// Ink on a square of 112 × 112 cells, four for each pixel of a digit: a soft pen, an eraser, and changes of the whole.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const SIDE = 112;
  const EACH = 4; // cells for a pixel of a digit
  const SOFT = 2.5; // cells over which a stroke fades
  const REMEMBERED = 60; // steps that can be undone

  const within = (place) => Math.min(Math.max(Math.round(place), 0), SIDE - 1);

  vaecourse.Ink = class Ink {
    values = new Float32Array(SIDE * SIDE);
    past = [];

    /** Whether there is any ink. */
    get isEmpty() {
      return !this.values.some((value) => value > 0);
    }

    /** Remembers the ink, so that what follows can be undone. */
    remember() {
      this.past.push(this.values.slice());
      if (this.past.length > REMEMBERED) this.past.shift();
    }

    /** Takes back what followed the last call of remember(). */
    undo() {
      this.values = this.past.pop() ?? this.values;
    }

    clear() {
      this.values = new Float32Array(SIDE * SIDE);
    }

    /** A line between two places [x, y], in cells, that is full up to `radius` from it; an eraser takes ink away. */
    stroke([fromX, fromY], [toX, toY], radius, erases) {
      const reach = radius + SOFT;
      const [alongX, alongY] = [toX - fromX, toY - fromY];
      const length = alongX ** 2 + alongY ** 2;
      for (let y = within(Math.min(fromY, toY) - reach); y <= within(Math.max(fromY, toY) + reach); y++) {
        for (let x = within(Math.min(fromX, toX) - reach); x <= within(Math.max(fromX, toX) + reach); x++) {
          const [offX, offY] = [x + 0.5 - fromX, y + 0.5 - fromY];
          const share = length ? Math.min(Math.max((offX * alongX + offY * alongY) / length, 0), 1) : 0;
          const distance = Math.hypot(offX - share * alongX, offY - share * alongY);
          const amount = Math.min(Math.max((reach - distance) / SOFT, 0), 1);
          const k = SIDE * y + x;
          this.values[k] = erases ? Math.min(this.values[k], 1 - amount) : Math.max(this.values[k], amount);
        }
      }
    }

    /** A digit of 28 × 28 values instead of all ink. */
    take(digit) {
      const side = SIDE / EACH;
      this.values = this.values.map((_, k) => digit[side * Math.floor(k / SIDE / EACH) + Math.floor((k % SIDE) / EACH)]);
    }

    /** Moves all ink by whole cells. */
    shift(right, down) {
      this.#resample((x, y) => [x - right, y - down]);
    }

    /** Turns all ink clockwise around the middle. */
    turn(degrees) {
      const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
      const middle = (SIDE - 1) / 2;
      this.#resample((x, y) => [
        middle + cosine * (x - middle) + sine * (y - middle),
        middle - sine * (x - middle) + cosine * (y - middle),
      ]);
    }

    /** Makes lines thicker (`choose` is Math.max) or thinner (Math.min), by two cells to each side. */
    thicken(choose) {
      const near = [];
      for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) if (x * x + y * y <= 5) near.push([x, y]);
      const { values } = this;
      this.values = values.map((_, k) => {
        const [x, y] = [k % SIDE, Math.floor(k / SIDE)];
        return choose(...near.map(([aside, down]) => this.#at(values, x + aside, y + down)));
      });
    }

    #at(values, x, y) {
      return x >= 0 && x < SIDE && y >= 0 && y < SIDE ? values[SIDE * y + x] : 0;
    }

    /** Ink at each place from another one, between cells by linear interpolation. */
    #resample(from) {
      const { values } = this;
      this.values = values.map((_, k) => {
        const [x, y] = from(k % SIDE, Math.floor(k / SIDE));
        const [left, top] = [Math.floor(x), Math.floor(y)];
        const [right, down] = [x - left, y - top];
        const above = (1 - right) * this.#at(values, left, top) + right * this.#at(values, left + 1, top);
        const below = (1 - right) * this.#at(values, left, top + 1) + right * this.#at(values, left + 1, top + 1);
        const sum = (1 - down) * above + down * below;
        return sum < 1e-3 ? 0 : sum; // else what is left of rounding would count as ink
      });
    }
  };

  Object.assign(vaecourse, { INK_SIDE: SIDE, CELLS_OF_A_PIXEL: EACH });
})();
