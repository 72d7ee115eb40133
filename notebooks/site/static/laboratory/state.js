// What the page shows: the space, the curves of all races, and the tries of the race that is watched.
"use strict";

(function (laboratory) {
  const { SEARCHES, triesOf, runRaces, runInSlices, summarise, exactBest, newSpace } = laboratory;

  class State {
    #stops = {}; // of the work in the background

    // `onRaces` is called when more races are run, `onWatched` when the race that is watched is.
    constructor(book, onRaces, onWatched) {
      Object.assign(this, { book, onRaces, onWatched });
    }

    // Start all races anew. Grid search and random search take milliseconds; Bayesian optimisation runs in slices.
    start(settings) {
      this.space = newSpace(this.book, settings.held);
      this.settings = { ...settings, budget: Math.min(settings.budget, this.space.recipes.length) };
      this.exact = { mean: [], median: [] };
      this.curves = Object.fromEntries(SEARCHES.map((search) => [search, []]));
      this.summaries = {};
      for (const search of ["grid", "random"]) {
        for (const _ of this.#races(search));
        this.#summarise(search);
      }
      this.watch(settings);
      this.#inBackground("races", this.#races("bayesian"), (done) => {
        if (this.curves.bayesian.length) this.#summarise("bayesian");
        this.onRaces(done);
      });
    }

    // Run one race again, to keep its tries.
    watch(settings) {
      this.settings.race = Math.min(settings.race, settings.races);
      const run = (search) => triesOf(search, this.space, this.settings, this.settings.race);
      this.watched = null;
      const watched = { grid: [...run("grid")], random: [...run("random")], bayesian: [] };
      const work = function* () {
        for (const recipe of run("bayesian")) yield watched.bayesian.push(recipe);
      };
      this.#inBackground("watched", work(), (done) => {
        if (!done) return;
        this.watched = watched;
        this.onWatched();
      });
    }

    // Set what changes no race: which try is looked at, and how.
    look({ step, line, across, up, colour, dial }) {
      Object.assign(this.settings, { line, across, up, colour, dial, step: Math.min(step, this.settings.budget) });
    }

    // Return mean or median of the best of 1, 2, ... random draws, exactly.
    exactLine(tries) {
      const known = this.exact;
      while (known.mean.length < tries) {
        const { mean, median } = exactBest(this.space.sorted, known.mean.length + 1);
        known.mean.push(mean);
        known.median.push(median);
      }
      return known[this.settings.line].slice(0, tries);
    }

    #races(search) {
      return runRaces(search, this.space, this.settings, this.curves[search]);
    }

    #summarise(search) {
      this.summaries[search] = summarise(this.curves[search], this.settings.budget);
    }

    #inBackground(name, work, report) {
      this.#stops[name]?.();
      this.#stops[name] = runInSlices(work, report);
    }
  }

  Object.assign(laboratory, { State });
})((globalThis.laboratory ??= {}));
