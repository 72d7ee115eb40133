// A Gaussian process over recipes, and the expected improvement, as scikit-learn and SciPy compute them.
"use strict";

(function (laboratory) {
  const { SETTINGS, placeOf } = laboratory;
  const DIALS = 5;
  // A dial goes from 0 to 1 in four equal steps. Recipes whose dials differ by this much in all still resemble each other.
  const LENGTH_SCALE = 1;
  const NOISE = 0.001; // variance of a score, with all scores scaled to variance 1

  // Return the Matérn kernel with ν = 5/2 by the squared distance of two recipes, counted in steps of the dials.
  function tabulateKernel() {
    const table = new Float64Array(DIALS * (SETTINGS - 1) ** 2 + 1);
    for (let squared = 0; squared < table.length; squared++) {
      const scaled = (Math.sqrt(5 * squared) / (SETTINGS - 1)) / LENGTH_SCALE;
      table[squared] = (1 + scaled + (scaled * scaled) / 3) * Math.exp(-scaled);
    }
    return table;
  }

  const KERNEL = tabulateKernel();

  // Return the places of all dials of each recipe, one recipe after the other.
  function placesOf(recipes) {
    const places = new Uint8Array(recipes.length * DIALS);
    recipes.forEach((recipe, i) => {
      for (let dial = 0; dial < DIALS; dial++) places[i * DIALS + dial] = placeOf(recipe, dial);
    });
    return places;
  }

  // Fill `out` with the kernel between one recipe, given by its places, and each of many.
  function fillKernel(out, places, one) {
    for (let i = 0, at = 0; i < out.length; i++) {
      let squared = 0;
      for (let dial = 0; dial < DIALS; dial++, at++) squared += (places[at] - one[dial]) ** 2;
      out[i] = KERNEL[squared];
    }
    return out;
  }

  // Predicts the scores of `candidates` from the tries that it is told, one after the other.
  //
  // The Cholesky factor of the notes' kernel matrix grows by one row with each note, and with it what the prediction
  // of each candidate needs. So a note costs one pass over the earlier ones, and nothing is ever solved anew.
  class GaussianProcess {
    constructor(candidates) {
      this.places = placesOf(candidates);
      this.notes = []; // of each note: its places, its row of the factor, and that row's pass over the candidates
      this.scores = [];
      this.solved = []; // of each note: the factor's solutions for the scores and for a column of ones
      const zeros = () => new Float64Array(candidates.length);
      [this.fromScores, this.fromOnes, this.explained] = [zeros(), zeros(), zeros()];
    }

    // Note the score of a recipe.
    tell(recipe, score) {
      const places = placesOf([recipe]);
      const row = this.#rowOf(places);
      const rest = Math.sqrt(1 + NOISE - row.reduce((sum, value) => sum + value * value, 0));
      const solve = (value, which) =>
        (value - row.reduce((sum, one, i) => sum + one * this.solved[i][which], 0)) / rest;
      const solved = [solve(score, 0), solve(1, 1)];
      const pass = this.#passOver(places, row, rest);
      for (let i = 0; i < pass.length; i++) {
        this.fromScores[i] += pass[i] * solved[0];
        this.fromOnes[i] += pass[i] * solved[1];
        this.explained[i] += pass[i] * pass[i];
      }
      this.notes.push({ places, row: [...row, rest], pass });
      this.scores.push(score);
      this.solved.push(solved);
    }

    // Return mean and standard deviation of every candidate's score; scores are scaled to mean 0 and variance 1 first.
    predict() {
      const { mean, std } = laboratory.momentsOf(this.scores);
      const scale = std || 1;
      return {
        mean: this.fromScores.map((value, i) => mean + value - mean * this.fromOnes[i]),
        std: this.explained.map((value) => scale * Math.sqrt(Math.max(0, 1 - value))),
      };
    }

    // Return the new row of the factor, without its last number.
    #rowOf(places) {
      const row = [];
      for (const note of this.notes) {
        let value = fillKernel([0], places, note.places)[0];
        for (let i = 0; i < row.length; i++) value -= note.row[i] * row[i];
        row.push(value / note.row[row.length]);
      }
      return row;
    }

    #passOver(places, row, rest) {
      const pass = fillKernel(new Float64Array(this.explained.length), this.places, places);
      row.forEach((factor, n) => {
        const earlier = this.notes[n].pass;
        for (let i = 0; i < pass.length; i++) pass[i] -= factor * earlier[i];
      });
      for (let i = 0; i < pass.length; i++) pass[i] /= rest;
      return pass;
    }
  }

  // Return the probability that a standard normal number is below z, to 15 digits (Graeme West, 2005, after Hart).
  function normalCdf(z) {
    const x = Math.abs(z);
    if (x > 37) return z > 0 ? 1 : 0;
    const tail = Math.exp((-x * x) / 2) * (x < 7.07106781186547 ? hartsRatio(x) : continuedFraction(x));
    return z > 0 ? 1 - tail : tail;
  }

  const polynomial = (x, coefficients) => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

  function hartsRatio(x) {
    const above = [
      3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
      220.206867912376,
    ];
    const below = [
      8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
      793.826512519948, 440.413735824752,
    ];
    return polynomial(x, above) / polynomial(x, below);
  }

  function continuedFraction(x) {
    const fraction = [4, 3, 2, 1].reduce((sum, n) => x + n / sum, x + 0.65);
    return 1 / fraction / 2.506628274631;
  }

  // Return by how much a try is expected to beat the best so far, where a worse try counts as 0.
  function expectedImprovement(mean, std, best) {
    const gain = mean - best;
    if (std === 0) return Math.max(0, gain);
    const z = gain / std;
    return gain * normalCdf(z) + (std * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  }

  Object.assign(laboratory, { GaussianProcess, normalCdf, expectedImprovement });
})((globalThis.laboratory ??= {}));
