// Many races of the three searches, done in slices of time so that the page answers meanwhile.
"use strict";

(function (laboratory) {
  const { newGenerator, bestSoFar, gridTries, randomTries, bayesianTries } = laboratory;
  const SEARCHES = ["grid", "random", "bayesian"];
  const SLICE = 10; // milliseconds; the page may wait for one slice when somebody turns a dial
  const SHOWN = 250; // milliseconds between two reports of how far the races are

  // Yield the tries of one search in one race. Its random numbers depend on the seed and the race. Those of grid search
  // are others than those of random search and of Bayesian optimisation, which both start with the same tries.
  function* triesOf(search, space, settings, race) {
    const random = newGenerator(settings.seed, race, search === "grid" ? 0 : 1);
    if (search === "grid") yield* gridTries(space, settings.budget, random);
    else if (search === "random") yield* randomTries(space, settings.budget, random);
    else yield* bayesianTries(space, settings.budget, settings.startUp, random);
  }

  // Yield after each try, until every race of a search is run; `curves` gets the best so far of each race.
  function* runRaces(search, space, settings, curves) {
    for (let race = 1; race <= settings.races; race++) {
      const scores = [];
      for (const recipe of triesOf(search, space, settings, race)) {
        scores.push(space.scores[recipe]);
        yield;
      }
      curves.push(bestSoFar(scores));
    }
  }

  // Run a generator to its end, a slice at a time. `report` is called now and then, and with true at the end.
  // Return a function that stops it.
  function runInSlices(work, report) {
    let timer;
    let shown = performance.now();
    function slice() {
      const start = performance.now();
      do {
        if (work.next().done) return report(true);
      } while (performance.now() - start < SLICE);
      timer = setTimeout(slice);
      if (performance.now() - shown > SHOWN) {
        report(false);
        shown = performance.now();
      }
    }
    timer = setTimeout(slice);
    return () => clearTimeout(timer);
  }

  Object.assign(laboratory, { SEARCHES, triesOf, runRaces, runInSlices });
})((globalThis.laboratory ??= {}));
