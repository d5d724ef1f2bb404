// The exact −log p(x) by sums over grids of codes, and the terms of the bound without sampling noise.
//
// A sum over equally spaced nodes converges exponentially for integrands that fall off as a Gaussian does: with a
// spacing of 1.3 standard deviations the relative error is 2e-5. So the grids follow the widths of the posteriors.
"use strict";
var vaeLab = globalThis.vaeLab ?? {};

(() => {
  const { LOG_TWO_PI } = vaeLab;
  const REACH = 5; // standard deviations
  const SPACING = { 1: [0.02, 0.2], 2: [0.0625, 0.25] }; // least and most, by the number of units
  const NODES = { 1: 20, 2: 10, 4: 5 }; // for each unit of an expectation over posteriors, by the number of all units
  const NEGLIGIBLE = 30; // nats below the largest term of a sum
  const INACTIVE = 0.01; // variance of the posterior mean, as in the course

  /** Nodes (count × units) that fill a box of [low, high] for each unit. */
  const boxNodes = (bounds, spacing) => {
    const axes = bounds.map(([low, high]) => {
      const count = Math.ceil((high - low) / spacing);
      return Array.from({ length: count + 1 }, (_, k) => low + ((high - low) * k) / count);
    });
    const volume = bounds.reduce((product, [low, high], unit) => (product * (high - low)) / (axes[unit].length - 1), 1);
    const codes = axes.length === 1 ? axes[0] : axes[0].flatMap((first) => axes[1].flatMap((second) => [first, second]));
    return { codes: Float64Array.from(codes), count: codes.length / axes.length, logVolume: Math.log(volume), axes };
  };

  /** Nodes of a grid with the logarithms of the probabilities that N(0, I) gives to their cells. */
  const standardNodes = (units, spacing) => {
    const nodes = boxNodes(Array(units).fill([-REACH, REACH]), spacing);
    nodes.logWeights = new Float64Array(nodes.count);
    for (let k = 0; k < nodes.count; k++) {
      let squares = 0;
      for (let u = 0; u < units; u++) squares += nodes.codes[k * units + u] ** 2;
      nodes.logWeights[k] = nodes.logVolume - 0.5 * (squares + units * LOG_TWO_PI);
    }
    return nodes;
  };

  /** Nodes and weights of Gauss–Hermite quadrature for N(0, 1): exact for polynomials of degree 2 · count − 1. */
  const hermite = (count) => {
    const two = (x) => {
      let [before, value] = [0, 1];
      for (let n = 0; n < count; n++) [before, value] = [value, x * value - n * before];
      return [value, before];
    };
    const nodes = [];
    const furthest = Math.sqrt(4 * count + 2);
    const step = furthest / 2000;
    for (let from = -furthest; from < furthest; from += step) {
      let [low, high] = [from, from + step];
      if (two(low)[0] * two(high)[0] > 0) continue;
      for (let halving = 0; halving < 45; halving++) {
        const middle = (low + high) / 2;
        if (two(low)[0] * two(middle)[0] <= 0) high = middle;
        else low = middle;
      }
      nodes.push((low + high) / 2);
    }
    const weights = nodes.map((node) => 1 / two(node)[1] ** 2);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { nodes, weights: weights.map((weight) => weight / total) };
  };

  /** Noise of some units and weights that sum to 1: an expectation over N(0, I). */
  const expectation = (units, count) => {
    const { nodes, weights } = hermite(count);
    if (units === 1) return { noise: Float64Array.from(nodes), weights, count };
    return {
      noise: Float64Array.from(nodes.flatMap((first) => nodes.flatMap((second) => [first, second]))),
      weights: weights.flatMap((first) => weights.map((second) => first * second)),
      count: count * count,
    };
  };

  /** The median standard deviation of the unit whose posteriors are narrowest. */
  const typicalWidth = (parameters, rows, units) =>
    Math.min(...Array.from({ length: units }, (_, unit) => {
      const sorted = Float64Array.from({ length: rows }, (_, r) => parameters[(2 * r + 1) * units + unit]).sort();
      return Math.exp(sorted[rows >> 1] / 2);
    }));

  const spacingFor = (width, units) => Math.min(Math.max(1.3 * width, SPACING[units][0]), SPACING[units][1]);

  /** p(z₁) on a grid, for a model with two levels: the sum over nodes of z₂, unit by unit, as priors are diagonal. */
  const marginal = (model, spacing, upperWidth) => {
    const { units } = model;
    const upper = standardNodes(units, spacingFor(upperWidth, units));
    const expected = model.prior.apply(upper.codes, upper.count);
    const bounds = Array.from({ length: units }, () => [Infinity, -Infinity]);
    const furthest = upper.logVolume - 0.5 * (units * LOG_TWO_PI + REACH * REACH);
    for (let k = 0; k < upper.count; k++) {
      for (let u = 0; u < units; u++) {
        const mean = expected[2 * k * units + u];
        const reach = REACH * Math.exp(expected[(2 * k + 1) * units + u] / 2);
        if (upper.logWeights[k] >= furthest) {
          bounds[u] = [Math.min(bounds[u][0], mean - reach), Math.max(bounds[u][1], mean + reach)];
        }
      }
    }
    const nodes = boxNodes(bounds, spacing);
    const densities = new Float64Array(nodes.count);
    for (let k = 0; k < upper.count; k++) {
      const [first, second] = nodes.axes.map((axis, u) => {
        const [mean, logVariance] = [expected[2 * k * units + u], expected[(2 * k + 1) * units + u]];
        const scale = Math.exp(-0.5 * (LOG_TWO_PI + logVariance));
        return axis.map((value) => scale * Math.exp(-0.5 * (value - mean) ** 2 * Math.exp(-logVariance)));
      });
      const weight = Math.exp(upper.logWeights[k]);
      let place = 0;
      for (const one of first) {
        if (!second) densities[place++] += weight * one;
        else if (weight * one < 1e-12) place += second.length;
        else for (const other of second) densities[place++] += weight * one * other;
      }
    }
    nodes.logWeights = densities.map((density) => Math.log(density + 1e-300) + nodes.logVolume);
    return nodes;
  };

  /**
   * Nodes of z₁ with the logarithms of their probabilities under the model, and what the decoder makes of them; unless a
   * spacing is given, it follows the widths of the posteriors of the points.
   */
  const latentGrid = (model, points, given) => {
    const rows = points.length / 2;
    const { units } = model;
    const posterior = model.encoder.apply(points, rows);
    const spacing = given ?? spacingFor(typicalWidth(posterior, rows, units), units);
    let nodes;
    if (model.levels === 1) nodes = standardNodes(units, spacing);
    else {
      const above = model.upper.apply(means(posterior, rows, units), rows);
      nodes = marginal(model, spacing, typicalWidth(above, rows, units));
    }
    nodes.decoded = model.decoder.apply(nodes.codes, nodes.count);
    return nodes;
  };

  const means = (parameters, rows, units) => {
    const found = new Float64Array(rows * units);
    for (let r = 0; r < rows; r++) for (let u = 0; u < units; u++) found[r * units + u] = parameters[2 * r * units + u];
    return found;
  };

  /** log p(x) of each point, given the grid of z₁. */
  const logEvidence = (points, { decoded, logWeights, count }, sigma) => {
    const rows = points.length / 2;
    const found = new Float64Array(rows);
    const exponents = new Float64Array(count);
    const precision = 0.5 / sigma ** 2;
    for (let r = 0; r < rows; r++) {
      const [x, y] = [points[2 * r], points[2 * r + 1]];
      let most = -Infinity;
      for (let k = 0; k < count; k++) {
        const [dx, dy] = [x - decoded[2 * k], y - decoded[2 * k + 1]];
        exponents[k] = logWeights[k] - precision * (dx * dx + dy * dy);
        if (exponents[k] > most) most = exponents[k];
      }
      let sum = 0;
      for (let k = 0; k < count; k++) if (exponents[k] > most - NEGLIGIBLE) sum += Math.exp(exponents[k] - most);
      found[r] = most + Math.log(sum) - LOG_TWO_PI - 2 * Math.log(sigma);
    }
    return found;
  };

  /** Adds the rate of each unit of a row of parameters against N(0, I), times a weight. */
  const addStandardRates = (rates, parameters, row, units, weight) => {
    for (let u = 0; u < units; u++) {
      const [mean, logVariance] = [parameters[2 * row * units + u], parameters[(2 * row + 1) * units + u]];
      rates[u] += 0.5 * weight * (mean * mean + Math.exp(logVariance) - 1 - logVariance);
    }
  };

  const isStill = (parameters, rows, units, unit) => {
    const values = Float64Array.from({ length: rows }, (_, r) => parameters[2 * r * units + unit]);
    const mean = values.reduce((sum, value) => sum + value, 0) / rows;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows <= INACTIVE;
  };

  /** Repeats each row of codes' parameters for every noise: z = μ + σ ε, (rows · count) × units. */
  const drawAll = (parameters, rows, units, { noise, count }) => {
    const codes = new Float64Array(rows * count * units);
    for (let r = 0, k = 0; r < rows; r++) {
      for (let n = 0; n < count; n++) {
        for (let u = 0; u < units; u++, k++) {
          codes[k] = parameters[2 * r * units + u] + Math.exp(parameters[(2 * r + 1) * units + u] / 2) * noise[n * units + u];
        }
      }
    }
    return codes;
  };

  /** Averages over points, in nats: distortion, rates of levels and units, −ELBO, the exact −log p; collapsed units. */
  const evaluate = (model, points) => {
    const rows = points.length / 2;
    const { units, levels, sigma } = model;
    const posterior = model.encoder.apply(points, rows);
    const draws = expectation(units, NODES[levels * units]);
    const codes = drawAll(posterior, rows, units, draws);
    const decoded = model.decoder.apply(codes, rows * draws.count);
    const unitRates = Array.from({ length: levels }, () => new Float64Array(units));
    let squares = 0;
    for (let r = 0, k = 0; r < rows; r++) {
      for (let n = 0; n < draws.count; n++, k++) {
        squares += draws.weights[n] * ((points[2 * r] - decoded[2 * k]) ** 2 + (points[2 * r + 1] - decoded[2 * k + 1]) ** 2);
      }
      if (levels === 1) addStandardRates(unitRates[0], posterior, r, units, 1);
    }
    if (levels > 1) addRatesOfLevels(unitRates, model, posterior, codes, rows, draws);
    for (const rates of unitRates) rates.forEach((sum, unit) => (rates[unit] = sum / rows));
    const distortion = (0.5 * squares) / (sigma ** 2 * rows) + LOG_TWO_PI + 2 * Math.log(sigma);
    const rates = unitRates.map((values) => values.reduce((sum, value) => sum + value, 0));
    const parameters = [posterior];
    if (levels > 1) parameters.push(model.upper.apply(means(posterior, rows, units), rows));
    const collapsed = parameters.map((values) => Array.from({ length: units }, (_, unit) => isStill(values, rows, units, unit)));
    const evidence = logEvidence(points, latentGrid(model, points), sigma);
    return {
      distortion, rates, unitRates, collapsed, sigma,
      negativeElbo: distortion + rates.reduce((sum, rate) => sum + rate, 0),
      negativeLogP: -evidence.reduce((sum, value) => sum + value, 0) / rows,
    };
  };

  /** Rate₁ = E[log q(z₁|x) − log p(z₁|z₂)] and rate₂ = E[KL(q(z₂|z₁)‖N(0, I))], unit by unit, summed over points. */
  const addRatesOfLevels = ([lower, upper], model, posterior, codes, rows, draws) => {
    const { units } = model;
    const above = model.upper.apply(codes, rows * draws.count);
    const upperCodes = drawAll(above, rows * draws.count, units, draws);
    const expected = model.prior.apply(upperCodes, rows * draws.count ** 2);
    for (let r = 0, k = 0, j = 0; r < rows; r++) {
      for (let n = 0; n < draws.count; n++, k++) {
        addStandardRates(upper, above, k, units, draws.weights[n]);
        for (let m = 0; m < draws.count; m++, j++) {
          const weight = draws.weights[n] * draws.weights[m];
          for (let u = 0; u < units; u++) {
            const [mean, logVariance] = [expected[2 * j * units + u], expected[(2 * j + 1) * units + u]];
            const square = (codes[k * units + u] - mean) ** 2 * Math.exp(-logVariance);
            lower[u] += 0.5 * weight * (square + logVariance - 1 - posterior[(2 * r + 1) * units + u]);
          }
        }
      }
    }
  };

  Object.assign(vaeLab, { evaluate, latentGrid, logEvidence, hermite });
})();
