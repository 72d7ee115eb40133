// What the charts show, in words.
"use strict";

(function (laboratory) {
  const { NAMES, placeOf } = laboratory;

  const score = (value) => value.toFixed(4);
  const countTries = (count) => `${count} ${count === 1 ? "try" : "tries"}`;

  // Return a recipe in words, such as "learning rate 0.001, batch size 64", without the dials that are held.
  function describeRecipe(book, held, recipe) {
    const free = book.dials.map((_, i) => i).filter((i) => held[i] === null);
    const told = free.map((i) => `${book.dials[i].name} ${book.dials[i].settings[placeOf(recipe, i)]}`);
    return told.join(", ") || "the only recipe";
  }

  // Return what all races have come to after the chosen try.
  function describeCurves({ summaries, line, step, best }) {
    const order = Object.keys(summaries).sort((a, b) => summaries[b][line][step - 1] - summaries[a][line][step - 1]);
    const told = order.map((search) => `${NAMES[search]} ${score(summaries[search][line][step - 1])}`);
    const scores = `${line} of the best score so far: ${told.join(", ")}.`;
    return `After ${countTries(step)}, ${scores} The best recipe has ${score(best)}.`;
  }

  // Return what the lead of Bayesian optimisation is worth: in tries of random search, and against the folds.
  function describeVerdict({ summaries, line, step, exact, foldSpread }) {
    if (!summaries.bayesian) return "";
    const reached = summaries.bayesian[line][step - 1];
    const lead = reached - summaries.random[line][step - 1];
    const needed = exact.findIndex((value) => value >= reached - 1e-9) + 1;
    const tries = needed ? `about ${needed}` : `more than ${exact.length}`;
    return [
      `Random search needs ${tries} tries to get as far as Bayesian optimisation with ${step}.`,
      `After ${countTries(step)} the two differ by ${score(Math.abs(lead))}.`,
      `The lead of the best recipe over a good one changes by ${score(foldSpread)}`,
      `from one fold of the cross-validation to the next.`,
      Math.abs(lead) < foldSpread ? "So this difference is hardly worth anything." : "So this difference counts.",
    ].join(" ");
  }

  // Return what one search has done on its map.
  function describeMap(book, space, tries, squares) {
    const touched = squares.filter((square) => square.tries).length;
    const open = squares.filter((square) => square.recipes).length;
    const best = laboratory.bestOf(space, tries);
    const found = `Best ${score(space.scores[best])}: ${describeRecipe(book, space.held, best)}.`;
    return `${countTries(tries.length)} in ${touched} of ${open} squares. ${found}`;
  }

  // Return the belief along a dial: where it is highest, where it is least sure, and where it would look.
  function describeBelief(dial, points) {
    const top = (key) => points.reduce((found, point) => (point[key] > found[key] ? point : found));
    const at = ({ place }) => `${dial.name} ${dial.settings[place]}`;
    const [high, unsure, next] = [top("mean"), top("std"), top("promise")];
    const some = `The expected improvement is largest at ${at(next)}.`;
    return [
      `The mean is highest at ${at(high)}: ${score(high.mean)}, and the true score is ${score(high.score)}.`,
      `The uncertainty is largest at ${at(unsure)}: ${score(unsure.std)}.`,
      next.promise > 0 ? some : "No improvement is expected along this dial.",
    ].join(" ");
  }

  // Return the belief on a map: where the mean is highest, and which of its recipes promises most.
  function describeBeliefMaps({ book, space, settings: { across, up } }, points, most) {
    const settingOf = (recipe, dial) => `${book.dials[dial].name} ${book.dials[dial].settings[placeOf(recipe, dial)]}`;
    const at = ({ recipe }) => `${settingOf(recipe, across)}, ${settingOf(recipe, up)}`;
    const high = points.reduce((found, point) => (point.mean > found.mean ? point : found));
    const some = `The expected improvement on this map is largest at ${at(most)} (✚).`;
    return [
      `The mean is highest at ${at(high)}: ${score(high.mean)}; the true score is ${score(space.scores[high.recipe])}.`,
      most.promise > 0 ? some : "No improvement is expected on this map.",
    ].join(" ");
  }

  Object.assign(laboratory, {
    countTries,
    describeRecipe,
    describeCurves,
    describeVerdict,
    describeMap,
    describeBelief,
    describeBeliefMaps,
  });
})((globalThis.laboratory ??= {}));
