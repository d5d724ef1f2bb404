// Points in the plane to learn from, drawn from a seed. All lie within ±2.5.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const COUNT = 512;
  const CENTRES = [[-1.5, 0.9], [0.1, 1.5], [1.5, 0.4], [0.5, -1.3], [-1.2, -1.1]];

  /** Where a point lies before noise is added, from two uniform numbers; and the standard deviation of that noise. */
  const SHAPES = {
    ring: { noise: 0.1, place: (u) => [1.5 * Math.cos(2 * Math.PI * u), 1.5 * Math.sin(2 * Math.PI * u)] },
    moons: {
      noise: 0.1,
      place: (u, v) => {
        const [x, y] = [1.2 * Math.cos(Math.PI * u) - 0.6, 1.2 * Math.sin(Math.PI * u) - 0.3];
        return v < 0.5 ? [x, y] : [-x, -y];
      },
    },
    mixture: { noise: 0.2, place: (u) => CENTRES[Math.floor(u * CENTRES.length)] },
    spiral: {
      noise: 0.06,
      place: (u) => {
        const turn = Math.sqrt(0.03 + 0.97 * u); // the longer the radius, the more points
        return [2.1 * turn * Math.cos(3.4 * Math.PI * turn), 2.1 * turn * Math.sin(3.4 * Math.PI * turn)];
      },
    },
  };

  /** Points of a shape, x and y of each in turn. */
  vaeLab.drawPoints = (name, random) => {
    const { noise, place } = SHAPES[name];
    const points = new Float64Array(2 * COUNT);
    for (let k = 0; k < COUNT; k++) {
      const [x, y] = place(random.uniform(), random.uniform());
      const [dx, dy] = random.normals(2);
      points[2 * k] = x + noise * dx;
      points[2 * k + 1] = y + noise * dy;
    }
    return points;
  };
})();
