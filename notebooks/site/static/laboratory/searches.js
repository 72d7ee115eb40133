// Grid search, random search and Bayesian optimisation. Each returns the recipes that it tries, in order.
"use strict";

(function (laboratory) {
  const { SETTINGS, recipeOf, draw, GaussianProcess, expectedImprovement, improvementAtMost } = laboratory;
  const ALL_PLACES = [0, 1, 2, 3, 4];
  const knownCounts = new Map(); // every race needs the same ones

  // Return how many settings of each of `dials` dials the largest grid has that fits the budget, largest number first.
  // Of grids of one size it is the most even one: the one with the smallest sum.
  function gridCounts(dials, budget) {
    const key = `${dials} ${budget}`;
    if (!knownCounts.has(key)) knownCounts.set(key, findCounts(dials, budget));
    return knownCounts.get(key);
  }

  function findCounts(dials, budget) {
    let best = { size: 0 };
    function extend(counts, size, sum) {
      if (size > budget) return;
      if (counts.length < dials) {
        const most = counts.length ? counts[counts.length - 1] : SETTINGS;
        for (let count = 1; count <= most; count++) extend([...counts, count], size * count, sum + count);
      } else if (size > best.size || (size === best.size && sum < best.sum)) {
        best = { counts, size, sum };
      }
    }
    extend([], 1, 0);
    return best.counts;
  }

  // Chance chooses which dial gets how many settings, which ones, and the order of the tries.
  function gridTries(space, budget, random) {
    const free = space.held.filter((place) => place === null).length;
    const counts = draw(random, gridCounts(free, budget), free);
    const chosen = space.held.map((place) => (place === null ? draw(random, ALL_PLACES, counts.pop()) : [place]));
    const grid = chosen.reduce(
      (partial, places) => partial.flatMap((one) => places.map((place) => [...one, place])),
      [[]],
    );
    return draw(random, grid.map(recipeOf), grid.length);
  }

  // No recipe is drawn twice.
  function randomTries(space, budget, random) {
    return draw(random, space.recipes, budget);
  }

  // Yield one try after the other, so that the caller may do something else in between.
  //
  // The first `startUp` tries are random. Each later one is the recipe, not tried yet, with the largest expected
  // improvement; of several such recipes, the first in the book.
  function* bayesianTries(space, budget, startUp, random) {
    const process = new GaussianProcess(space.recipes);
    const untried = new Set(space.recipes.keys()); // places in `space.recipes`
    const place = new Map(space.recipes.map((recipe, i) => [recipe, i]));
    const start = randomTries(space, Math.min(startUp, budget), random);
    let best = -Infinity;
    for (let i = 0; i < budget; i++) {
      const recipe = i < start.length ? start[i] : space.recipes[mostPromising(process, untried, best)];
      untried.delete(place.get(recipe));
      best = Math.max(best, space.scores[recipe]);
      process.tell(recipe, space.scores[recipe]);
      yield recipe;
    }
  }

  function mostPromising(process, candidates, best) {
    const { mean, std } = process.predict();
    let found = -1;
    let most = -1;
    for (const i of candidates) {
      if (improvementAtMost(mean[i], std[i], best) <= most) continue;
      const promise = expectedImprovement(mean[i], std[i], best);
      if (promise > most) [found, most] = [i, promise];
    }
    return found;
  }

  Object.assign(laboratory, { gridCounts, gridTries, randomTries, bayesianTries });
})((globalThis.laboratory ??= {}));
