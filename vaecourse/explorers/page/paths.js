// What the strip of pictures shows: a path through codes, as {key, count, codes(step), caption, nearest(), choose(step)}.
"use strict";
var vaecourse = globalThis.vaecourse ?? {};

(() => {
  const STEPS = 9;

  const number = (value) => value.toFixed(1).replace("-", "−");

  /** One unit over its range. */
  const unitPath = (explorer, level, unit) => {
    const { name, labels, low, high } = explorer.model.manifest.levels[level];
    const valueOf = (step) => low[unit] + (step / (STEPS - 1)) * (high[unit] - low[unit]);
    const range = high[unit] - low[unit];
    return {
      key: `unit ${level} ${unit}`,
      count: STEPS,
      caption: `${name}, ${labels[unit].split(" · ")[0]}, from ${number(low[unit])} to ${number(high[unit])}`,
      codes: (step) => explorer.model.move(explorer.codes, level, unit, valueOf(step)),
      nearest: () => Math.round(((explorer.codes[level][unit] - low[unit]) / range) * (STEPS - 1)),
      choose: (step) => explorer.move(level, unit, valueOf(step)),
    };
  };

  /** All of a map: its noise, from none to twice as much as now. */
  const mapPath = (explorer, level) => {
    const base = explorer.codes;
    const middle = (STEPS - 1) / 2;
    let chosen = middle;
    const codes = (step) => explorer.model.amplify(base, level, step / middle);
    return {
      key: null, // each stroke of the brush begins another one
      count: STEPS,
      caption: `${explorer.model.manifest.levels[level].name}: what it adds, times 0 to 2`,
      codes,
      nearest: () => chosen,
      choose: (step) => {
        chosen = step;
        explorer.paint(level, codes(step)[level]);
      },
    };
  };

  /** From all levels of one image to all of another, level by level. */
  const mixingPath = (explorer) => {
    const { start, model } = explorer;
    const levels = model.manifest.levels.length;
    const count = Math.min(levels + 1, STEPS);
    const keptAt = (step) => Math.round((step / (count - 1)) * levels);
    return {
      key: null,
      count,
      caption: "from all levels of the first image to all of the second, the lowest exchanged first",
      codes: (step) => model.mixLevels(start.first, start.second, keptAt(step)),
      nearest: () => Math.round((start.kept / levels) * (count - 1)),
      choose: (step) => start.keep(keptAt(step)),
    };
  };

  Object.assign(vaecourse, { unitPath, mapPath, mixingPath, LONGEST_PATH: STEPS });
})();
