// Charts, numbers and sentences from the state.
"use strict";

(function (laboratory) {
  const { SEARCHES, NAMES, squareOf, bestOf, drawMap, drawScale } = laboratory;
  const MANY = 1000; // random draws; whoever needs more to get as far as Bayesian optimisation needs nearly all

  const byId = (id) => document.getElementById(id);
  const score = (value) => value.toFixed(4);
  const cell = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  function tell(id, text) {
    if (byId(id).textContent !== text) byId(id).textContent = text; // what is told anew is read aloud anew
  }

  // Say which recipes are left to try, for the budget that is wanted.
  function showSpace({ space: { recipes, best } }, wanted) {
    const left = recipes.length === 1 ? "One recipe is" : `${recipes.length.toLocaleString("en")} recipes are`;
    const all = recipes.length < wanted ? " The budget is larger: each search may try all of them." : "";
    tell("space-now", `${left} left to try; the best has ${score(best)}.${all}`);
  }

  // Show the curves of all races. What is read aloud waits until all are run.
  function showCurves(state, done) {
    const { settings, summaries, space, curves } = state;
    const far = curves.bayesian.length;
    const chart = {
      ...settings,
      tries: settings.budget,
      summaries,
      best: space.best,
      exact: state.exactLine(settings.budget),
    };
    chart.label = laboratory.describeCurves(chart);
    laboratory.drawCurves(byId("curves"), chart);
    byId("numbers").replaceChildren(...SEARCHES.map((search) => rowOf(search, state)));
    tell(
      "numbers-told",
      `All races, after ${laboratory.countTries(settings.step)}. The slider “After try” below sets another.`,
    );
    tell("progress", far < settings.races ? `Bayesian optimisation: ${far} of ${settings.races} races so far.` : "");
    if (!done) return;
    const exact = state.exactLine(Math.min(space.recipes.length, MANY));
    tell("curves-told", chart.label);
    tell("verdict", laboratory.describeVerdict({ ...chart, exact, foldSpread: state.book.foldSpread }));
  }

  function rowOf(search, { summaries, settings, space }) {
    const row = document.createElement("tr");
    row.append(Object.assign(cell("th", NAMES[search]), { scope: "row" }));
    const at = (key) => summaries[search][key][settings.step - 1];
    const told = summaries[search]
      ? [
          score(at("mean")),
          score(at("median")),
          `${score(at("low"))} to ${score(at("high"))}`,
          space.sorted.filter((value) => value > at("median")).length,
        ]
      : ["…", "…", "…", "…"];
    row.append(...told.map((text) => cell("td", text)));
    return row;
  }

  // Show the maps of the race that is watched, after the chosen try.
  function showMaps(state) {
    const { settings, space, watched, book } = state;
    const limits = [laboratory.quantileOf(space.sorted, 0.25), space.best];
    for (const search of SEARCHES) {
      const tries = watched[search].slice(0, settings.step);
      const squares = laboratory.readSquares(space, tries, settings.across, settings.up);
      const told = laboratory.describeMap(book, space, tries, squares);
      drawMap(byId(`map-${search}`), {
        ...mapOf(state, tries),
        values: squares.map((square) => square[settings.colour]),
        texts: squares.map((square) => square.tries || ""),
        ring: squareOf(tries[tries.length - 1], settings.across, settings.up),
        limits,
        label: `${NAMES[search]}: ${told}`,
      });
      tell(`map-${search}-told`, told);
    }
    drawScale(byId("map-scale"), limits, "ROC AUC", score);
  }

  // Return what every map of these tries has.
  function mapOf({ settings: { across, up }, space, book }, tries) {
    return { across: book.dials[across], up: book.dials[up], star: squareOf(bestOf(space, tries), across, up) };
  }

  // Show what the Bayesian search believes in the race that is watched, after the chosen try.
  function showBelief(state) {
    const { settings, space, watched, book } = state;
    const tries = watched.bayesian.slice(0, settings.step);
    const early = tries.length < 2;
    byId("beliefs").hidden = early;
    tell("belief-early", early ? "The model needs two tries. Choose a later one." : "");
    if (early) return;
    const { dial } = settings;
    const points = believeAlong(space, tries, [dial]).map((point) => ({
      ...point,
      place: laboratory.placeOf(point.recipe, dial),
      score: space.scores[point.recipe],
      tried: tries.includes(point.recipe),
    }));
    const told = laboratory.describeBelief(book.dials[dial], points);
    const unused =
      tries.length < settings.startUp ? " The search is in its start-up: it does not use its belief yet." : "";
    laboratory.drawBelief(byId("belief"), { dial: book.dials[dial], points, label: told });
    tell("belief-told", told + unused);
    showBeliefMaps(state, tries);
  }

  // Return the belief about the recipes that are like the best of the tries but for some dials.
  function believeAlong(space, tries, dials) {
    return laboratory.believe(space, tries, laboratory.neighbours(space, bestOf(space, tries), dials));
  }

  function showBeliefMaps(state, tries) {
    const { across, up } = state.settings;
    const points = believeAlong(state.space, tries, across === up ? [up] : [up, across]);
    const most = points.reduce((found, point) => (point.promise > found.promise ? point : found));
    const cross = most.promise > 0 ? squareOf(most.recipe, across, up) : null;
    const told = laboratory.describeBeliefMaps(state, points, most);
    for (const key of ["mean", "std"]) {
      const values = Array(laboratory.SETTINGS ** 2).fill(null);
      for (const point of points) values[squareOf(point.recipe, across, up)] = point[key];
      const known = points.map((point) => point[key]);
      const limits = [Math.min(...known), Math.max(...known)];
      const texts = values.map((value) => (value === null ? "" : value.toFixed(3).replace(/^0/, "")));
      drawMap(byId(`belief-${key}`), { ...mapOf(state, tries), values, texts, cross, limits, label: told });
      drawScale(
        byId(`belief-${key}-scale`),
        limits,
        key === "mean" ? "mean ROC AUC" : "standard deviation of the ROC AUC",
        score,
      );
    }
    tell("belief-maps-told", told);
  }

  Object.assign(laboratory, { showSpace, showCurves, showMaps, showBelief });
})((globalThis.laboratory ??= {}));
