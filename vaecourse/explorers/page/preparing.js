// A drawing prepared as the digits of MNIST were: 20 pixels large, centred by mass in 28.
// The counterpart of as_mnist in vaecourse/explorers/own_pictures.py; a test holds both to the same numbers.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const SIDE = 28;
  const BOX = 20;
  const TIE = 1e-6; // so that both languages round halves up, whatever the last digits of their sums

  /** Averages of lines of `count` numbers over `size` equal parts: at(part) lists [place, weight]. */
  const averaging = (count, size) =>
    Array.from({ length: size }, (_, part) => {
      const [from, to] = [(part * count) / size, ((part + 1) * count) / size];
      const weights = [];
      for (let k = Math.floor(from); k < Math.min(Math.ceil(to), count); k++) {
        weights.push([k, ((Math.min(to, k + 1) - Math.max(from, k)) * size) / count]);
      }
      return weights;
    });

  /** Where a line of masses begins among 28 pixels, so that its centre of mass is in pixel 14. */
  const offset = (masses) => {
    const mass = masses.reduce((sum, value) => sum + value, 0);
    const centre = masses.reduce((sum, value, k) => sum + value * k, 0) / mass;
    return Math.min(Math.max(Math.floor(SIDE / 2 - centre + 0.5 + TIE), 0), SIDE - masses.length);
  };

  /** The bounding box of all ink above 0: [top, left, height, width], or null if there is none. */
  const boundingBox = (ink, across) => {
    const rows = [Infinity, -Infinity];
    const columns = [Infinity, -Infinity];
    ink.forEach((value, k) => {
      if (!(value > 0)) return;
      for (const [ends, place] of [[rows, Math.floor(k / across)], [columns, k % across]]) {
        ends[0] = Math.min(ends[0], place);
        ends[1] = Math.max(ends[1], place);
      }
    });
    if (rows[1] < 0) return null;
    return [rows[0], columns[0], rows[1] - rows[0] + 1, columns[1] - columns[0] + 1];
  };

  /** Ink in [0, 1], row by row, as 28 × 28 numbers in [0, 1]; zeros if there is none. */
  vaecourse.asMnist = (ink, across) => {
    const prepared = new Float64Array(SIDE * SIDE);
    const box = boundingBox(ink, across);
    if (!box) return prepared;
    const [firstRow, firstColumn, high, wide] = box;
    const [height, width] = [high, wide].map((side) => Math.max(1, Math.floor((side * BOX) / Math.max(high, wide) + 0.5)));
    const down = averaging(high, height);
    const aside = averaging(wide, width);
    const small = down.map((rows) =>
      aside.map((columns) => {
        let sum = 0;
        for (const [row, share] of rows) {
          for (const [column, part] of columns) sum += share * part * ink[(firstRow + row) * across + firstColumn + column];
        }
        return sum;
      }),
    );
    const top = offset(small.map((row) => row.reduce((sum, value) => sum + value, 0)));
    const left = offset(aside.map((_, column) => small.reduce((sum, row) => sum + row[column], 0)));
    small.forEach((row, y) => row.forEach((value, x) => (prepared[(top + y) * SIDE + left + x] = value)));
    return prepared;
  };

  /** Ink as 28 × 28 numbers without moving or scaling it: averages over squares of four by four. */
  vaecourse.asItIs = (ink, across) => {
    const each = across / SIDE;
    const prepared = new Float64Array(SIDE * SIDE);
    ink.forEach((value, k) => {
      const place = SIDE * Math.floor(k / across / each) + Math.floor((k % across) / each);
      prepared[place] += value / each ** 2;
    });
    return prepared;
  };
})();
