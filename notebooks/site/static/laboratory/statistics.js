// What many races have in common: means, quantiles, and the exact distribution of the best of some random draws.
"use strict";

(function (laboratory) {
  // Return mean and standard deviation, the latter with the number of values as divisor.
  function momentsOf(values) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, std: Math.sqrt(squares / values.length) };
  }

  // Return a quantile of sorted values, between two of them in proportion, as NumPy does.
  function quantileOf(sorted, share) {
    const at = share * (sorted.length - 1);
    const below = Math.floor(at);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  // Return the best score so far after each try.
  function bestSoFar(scores) {
    const best = new Float64Array(scores);
    for (let i = 1; i < best.length; i++) best[i] = Math.max(best[i], best[i - 1]);
    return best;
  }

  // Return mean, median and the band that holds eight in ten, after each try. A race that has ended keeps its best.
  function summarise(curves, tries) {
    const summary = { mean: [], median: [], low: [], high: [] };
    const column = new Float64Array(curves.length);
    for (let i = 0; i < tries; i++) {
      curves.forEach((curve, race) => (column[race] = curve[Math.min(i, curve.length - 1)]));
      column.sort();
      summary.mean.push(momentsOf(column).mean);
      summary.median.push(quantileOf(column, 0.5));
      summary.low.push(quantileOf(column, 0.1));
      summary.high.push(quantileOf(column, 0.9));
    }
    return summary;
  }

  // Return mean and median of the best of `draws` different scores out of all sorted ones.
  //
  // The best is among the lowest i of N with probability C(i, draws) / C(N, draws). From i to i - 1 that changes by
  // the factor (i - draws) / i, so no binomial coefficient is ever computed.
  function exactBest(sorted, draws) {
    let below = 1;
    let mean = 0;
    let median = sorted[sorted.length - 1];
    for (let i = sorted.length; below > 0; i--) {
      if (below >= 0.5) median = sorted[i - 1];
      const next = (below * (i - draws)) / i;
      mean += sorted[i - 1] * (below - next);
      below = next;
    }
    return { mean, median };
  }

  Object.assign(laboratory, { momentsOf, quantileOf, bestSoFar, summarise, exactBest });
})((globalThis.laboratory ??= {}));
