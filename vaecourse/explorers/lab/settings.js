// The settings of the lab: what each may be, how it is written, and how it travels in the address.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const MARK = "#lab?";
  const CHOICES = {
    data: ["ring", "moons", "mixture", "spiral", "own"],
    units: [1, 2],
    levels: [1, 2],
    beta: [0, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64],
    beta2: [0, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64],
    rate: [0.0003, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03],
    sigma: [0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1],
    batch: [8, 16, 32, 64, 128, 256, 512],
  };
  const DEFAULTS = {
    data: "ring", units: 1, levels: 1, beta: 1, beta2: 1, rate: 0.003, sigma: 0.15, learned: false, batch: 128, seed: 1,
    points: [],
  };
  const MOST_POINTS = 64;
  const MOST_STEPS = 100_000;

  const numberOf = (text) => (text === null || text.trim() === "" ? NaN : Number(text));

  /** Points as "x_y.x_y", in hundredths. */
  const writePoints = (points) => points.map((point) => point.map((value) => Math.round(100 * value)).join("_")).join(".");
  const readPoints = (text) =>
    text.split(".").slice(0, MOST_POINTS).map((point) => point.split("_").map((value) => Number(value) / 100))
      .filter((point) => point.length === 2 && point.every((value) => Math.abs(value) <= 3));

  /** One setting from its text; undefined if it is none. */
  const read = (name, text) => {
    if (name === "data") return CHOICES.data.includes(text) ? text : undefined;
    if (name === "learned") return text === "1";
    if (name === "points") return readPoints(text);
    const number = numberOf(text);
    if (name === "seed") return Number.isInteger(number) && number >= 0 && number < 2 ** 31 ? number : undefined;
    if (name === "units" || name === "levels" || name === "batch") return CHOICES[name].includes(number) ? number : undefined;
    const [low, high] = [CHOICES[name][0], CHOICES[name].at(-1)];
    return number >= Math.min(low, 0.03) && number <= high ? number : undefined;
  };

  const write = (name, value) => {
    if (name === "learned") return value ? "1" : "0";
    return name === "points" ? writePoints(value) : String(value);
  };

  /** The run that an address describes: its settings at the start, changes by hand, steps; null if it describes none. */
  const readAddress = (hash) => {
    if (!hash.startsWith(MARK)) return null;
    const given = new URLSearchParams(hash.slice(MARK.length));
    const settings = { ...DEFAULTS };
    for (const name of Object.keys(DEFAULTS)) {
      const value = given.has(name) ? read(name, given.get(name)) : undefined;
      if (value !== undefined) settings[name] = value;
    }
    const changes = (given.get("changes") ?? "").split("~").filter(Boolean).map((change) => {
      const [step, name, text] = change.split("!");
      return [numberOf(step), name, name in DEFAULTS ? read(name, text ?? "") : undefined];
    }).filter(([step, , value]) => step > 0 && value !== undefined);
    const steps = Math.min(Math.max(Math.floor(numberOf(given.get("steps")) || 0), 0), MOST_STEPS);
    return { settings, changes, steps };
  };

  /** The address of a run: what differs from the defaults, changes by hand, and how many steps were done. */
  const writeAddress = ({ start, changes, steps }) => {
    const parts = new URLSearchParams();
    for (const [name, value] of Object.entries(DEFAULTS)) {
      const text = write(name, start[name]);
      if (text !== write(name, value)) parts.set(name, text);
    }
    if (changes.length) parts.set("changes", changes.map(([step, name, value]) => `${step}!${name}!${write(name, value)}`).join("~"));
    if (steps) parts.set("steps", steps);
    return MARK + parts.toString();
  };

  Object.assign(vaeLab, { CHOICES, DEFAULTS, MOST_POINTS, readAddress, writeAddress });
})();
