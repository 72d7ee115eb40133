// A Gaussian process over recipes, with the predictions of scikit-learn's GaussianProcessRegressor.
"use strict";

(function (laboratory) {
  const { SETTINGS, placeOf } = laboratory;
  const DIALS = 5;
  // A dial goes from 0 to 1 in four equal steps. Recipes at this distance from each other still have similar scores.
  const LENGTH_SCALE = 1;
  const NOISE = 0.001; // variance of a score, with all scores scaled to variance 1

  // Return the Matérn kernel with ν = 5/2 by the squared distance of two recipes, counted in steps of the dials.
  function tabulateKernel() {
    const table = new Float64Array(DIALS * (SETTINGS - 1) ** 2 + 1);
    for (let squared = 0; squared < table.length; squared++) {
      const scaled = Math.sqrt(5 * squared) / (SETTINGS - 1) / LENGTH_SCALE;
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

  // Return the kernel between one recipe, given by its places, and another, whose places begin at `from`.
  function kernelBetween(one, places, from) {
    let squared = 0;
    for (let dial = 0; dial < DIALS; dial++) {
      const steps = places[from + dial] - one[dial];
      squared += steps * steps;
    }
    return KERNEL[squared];
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
      const belief = { mean: new Float64Array(this.explained.length), std: new Float64Array(this.explained.length) };
      for (let i = 0; i < this.explained.length; i++) {
        belief.mean[i] = mean + this.fromScores[i] - mean * this.fromOnes[i];
        belief.std[i] = scale * Math.sqrt(Math.max(0, 1 - this.explained[i]));
      }
      return belief;
    }

    // Return the new row of the factor, without its last number.
    #rowOf(places) {
      const row = [];
      for (const note of this.notes) {
        let value = kernelBetween(places, note.places, 0);
        for (let i = 0; i < row.length; i++) value -= note.row[i] * row[i];
        row.push(value / note.row[row.length]);
      }
      return row;
    }

    #passOver(places, row, rest) {
      const pass = new Float64Array(this.explained.length);
      for (let i = 0; i < pass.length; i++) pass[i] = kernelBetween(places, this.places, i * DIALS);
      for (let n = 0; n < row.length; n++) subtract(pass, row[n], this.notes[n].pass);
      for (let i = 0; i < pass.length; i++) pass[i] /= rest;
      return pass;
    }
  }

  function subtract(from, factor, values) {
    for (let i = 0; i < from.length; i++) from[i] -= factor * values[i];
  }

  Object.assign(laboratory, { GaussianProcess });
})((globalThis.laboratory ??= {}));
