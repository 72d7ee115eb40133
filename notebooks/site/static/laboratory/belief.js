// What the Gaussian process of the Bayesian search believes after some tries, on the squares of a map and along a dial.
"use strict";

(function (laboratory) {
  const { SETTINGS, placeOf, recipeOf, GaussianProcess, expectedImprovement, svg, show, scale, ticks, decimalsOf } =
    laboratory;
  const DIALS = [0, 1, 2, 3, 4];

  // Return what is believed of each recipe after these tries: mean, standard deviation and expected improvement.
  function believe(space, tries, recipes) {
    const process = new GaussianProcess(recipes);
    for (const recipe of tries) process.tell(recipe, space.scores[recipe]);
    const { mean, std } = process.predict();
    const best = Math.max(...tries.map((recipe) => space.scores[recipe]));
    return recipes.map((recipe, i) => ({
      recipe,
      mean: mean[i],
      std: std[i],
      promise: tries.includes(recipe) ? 0 : expectedImprovement(mean[i], std[i], best),
    }));
  }

  // Return the recipe with the best score, the first of several.
  function bestOf(space, tries) {
    return tries.reduce((best, recipe) => (space.scores[recipe] > space.scores[best] ? recipe : best));
  }

  // Return the recipes of a space that are like this one but for some dials, which take every setting that they may.
  function neighbours(space, recipe, dials) {
    const places = DIALS.map((dial) => placeOf(recipe, dial));
    let found = [places];
    for (const dial of dials.filter((one) => space.held[one] === null)) {
      found = found.flatMap((one) => Array.from({ length: SETTINGS }, (_, place) => one.with(dial, place)));
    }
    return found.map(recipeOf);
  }

  // Draw the belief along a dial into a holder.
  //
  // `chart` has: dial (of the book), points (place, mean, std, promise, score and whether it is tried) and label.
  function drawBelief(holder, chart) {
    const width = Math.max(300, Math.min(holder.clientWidth || 600, 760));
    const area = { left: 62, right: width - 14, top: 14, bottom: 230 };
    const below = { top: 258, bottom: 318 };
    const x = scale([-0.5, SETTINGS - 0.5], [area.left, area.right]);
    const ends = chart.points.flatMap(({ mean, std, score }) => [mean - 2 * std, mean + 2 * std, score]);
    const room = (Math.max(...ends) - Math.min(...ends) || 0.001) * 0.05;
    const range = [Math.min(...ends) - room, Math.max(...ends) + room];
    const y = scale(range, [area.bottom, area.top]);
    const parts = [...frameOf(chart, x, y, area, range, below), ...bandOf(chart, x, y)];
    for (const point of chart.points) parts.push(...pointOf(point, x, y));
    show(holder, width, 366, chart.label, ...parts, ...promiseOf(chart, x, below));
  }

  function frameOf({ dial }, x, y, area, range, below) {
    const marks = ticks(range, 4);
    const parts = marks.flatMap((mark) => [
      svg("line", { class: "grid-line", x1: area.left, x2: area.right, y1: y(mark), y2: y(mark) }),
      svg("text", { x: area.left - 6, y: y(mark) + 4, "text-anchor": "end" }, mark.toFixed(decimalsOf(marks))),
    ]);
    dial.settings.forEach((setting, place) => {
      parts.push(svg("text", { x: x(place), y: below.bottom + 18, "text-anchor": "middle" }, setting));
    });
    const middle = (area.left + area.right) / 2;
    const turned = (at) => ({ class: "title", transform: `translate(14 ${at}) rotate(-90)`, "text-anchor": "middle" });
    parts.push(svg("text", turned((area.top + area.bottom) / 2), "ROC AUC"));
    parts.push(svg("text", { class: "title", x: middle, y: below.bottom + 38, "text-anchor": "middle" }, dial.name));
    return parts;
  }

  function bandOf({ points }, x, y) {
    const at = ({ place }, value) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`;
    const above = points.map((point) => at(point, point.mean + 2 * point.std));
    const under = points.map((point) => at(point, point.mean - 2 * point.std)).reverse();
    return [
      svg("path", { class: "band bayesian", d: `M${[...above, ...under].join("L")}Z` }),
      svg("path", { class: "line bayesian", d: `M${points.map((point) => at(point, point.mean)).join("L")}` }),
    ];
  }

  function pointOf({ place, mean, std, score, tried }, x, y) {
    const whisker = { class: "whisker", x1: x(place), x2: x(place), y1: y(mean - 2 * std), y2: y(mean + 2 * std) };
    return [
      svg("line", whisker),
      svg("circle", { class: "mean", cx: x(place), cy: y(mean), r: 4 }),
      svg("circle", { class: tried ? "truth tried" : "truth", cx: x(place), cy: y(score), r: 6 }),
    ];
  }

  function promiseOf({ points }, x, { top, bottom }) {
    const most = Math.max(...points.map((point) => point.promise));
    const y = scale([0, most], [0, bottom - top]);
    const wide = (x(1) - x(0)) * 0.5;
    const parts = points.flatMap(({ place, promise }) => [
      svg("rect", {
        class: "promise",
        x: x(place) - wide / 2,
        y: bottom - y(promise),
        width: wide,
        height: y(promise),
      }),
    ]);
    const told = most > 0 ? `(tallest: ${most.toPrecision(2)})` : "(none)";
    parts.push(svg("line", { class: "base", x1: x(-0.5), x2: x(SETTINGS - 0.5), y1: bottom, y2: bottom }));
    parts.push(svg("text", { class: "title", x: x(-0.5), y: top - 8 }, `expected improvement ${told}`));
    return parts;
  }

  Object.assign(laboratory, { believe, bestOf, neighbours, drawBelief });
})((globalThis.laboratory ??= {}));
