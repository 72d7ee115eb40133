// The normal distribution and the expected improvement.
"use strict";

(function (laboratory) {
  // The coefficients of the approximation, the highest power first.
  const ABOVE = [
    3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
    220.206867912376,
  ];
  const BELOW = [
    8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
    793.826512519948, 440.413735824752,
  ];
  const FAR = 7.07106781186547; // from here on a continued fraction is better
  const ROOT = Math.sqrt(2 * Math.PI);

  // Return the density of a standard normal number at z.
  function normalPdf(z) {
    return Math.exp((-z * z) / 2) / ROOT;
  }

  // Return the probability that a standard normal number is below z, to 15 digits (Graeme West: Better
  // approximations to cumulative normal functions, 2005).
  function normalCdf(z) {
    const x = Math.abs(z);
    const tail = x < FAR ? Math.exp((-x * x) / 2) * (polynomial(x, ABOVE) / polynomial(x, BELOW)) : farTail(x);
    return z > 0 ? 1 - tail : tail;
  }

  function polynomial(x, coefficients) {
    let sum = 0;
    for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i];
    return sum;
  }

  function farTail(x) {
    return normalPdf(x) / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65)))));
  }

  // Return by how much a score is expected to beat the best so far, where a worse one counts as 0.
  function expectedImprovement(mean, std, best) {
    const gain = mean - best;
    if (std === 0) return Math.max(0, gain);
    const z = gain / std;
    return gain * normalCdf(z) + std * normalPdf(z);
  }

  // Return a number that the expected improvement never exceeds, which takes less time to compute.
  function improvementAtMost(mean, std, best) {
    const gain = mean - best;
    return gain > 0 ? Infinity : std * normalPdf(gain / (std || 1));
  }

  Object.assign(laboratory, { normalCdf, expectedImprovement, improvementAtMost });
})((globalThis.laboratory ??= {}));
