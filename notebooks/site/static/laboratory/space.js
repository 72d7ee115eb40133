// The recipes that a search may try: those of the recipe book that have the settings of the held dials.
//
// A recipe is its number in the book: its settings, each by its place from 0 to 4, are the digits of that number to
// base 5, the first dial's first.
"use strict";

(function (laboratory) {
  const SETTINGS = 5;

  // Return the place of a recipe's setting of one dial, from 0 to 4.
  function placeOf(recipe, dial) {
    return Math.floor(recipe / SETTINGS ** (4 - dial)) % SETTINGS;
  }

  // Return the number of the recipe with these places, one for each dial.
  function recipeOf(places) {
    return places.reduce((number, place) => number * SETTINGS + place, 0);
  }

  // Return the recipes of a book in which each held dial has its place; `held` has null for a dial that turns.
  function newSpace(book, held) {
    const recipes = [];
    for (let recipe = 0; recipe < book.scores.length; recipe++) {
      if (held.every((place, dial) => place === null || place === placeOf(recipe, dial))) recipes.push(recipe);
    }
    const sorted = Float64Array.from(recipes, (recipe) => book.scores[recipe]).sort();
    return { scores: book.scores, held, recipes, sorted, best: sorted[sorted.length - 1] };
  }

  Object.assign(laboratory, { SETTINGS, placeOf, recipeOf, newSpace });
})((globalThis.laboratory ??= {}));
