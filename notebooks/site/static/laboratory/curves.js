// The best score so far by the number of tries: a line and a band for each search.
"use strict";

(function (laboratory) {
  const { svg, show, scale, ticks, decimalsOf } = laboratory;
  const NAMES = { grid: "Grid search", random: "Random search", bayesian: "Bayesian optimisation" };
  const FROM = 5; // the first tries are so far below the others that they would press all lines together

  // Draw the curves into a holder.
  //
  // `chart` has: summaries (by search), tries, line ("median" or "mean"), exact (of random search, a number a try),
  // best (of all recipes), step (the try that is looked at), startUp (how many tries are random) and label, a sentence.
  function drawCurves(holder, chart) {
    const width = Math.max(300, Math.min(holder.clientWidth || 700, 1000));
    const height = width < 420 ? 260 : 360;
    const area = { left: 62, right: width - 14, top: 16, bottom: height - 46 };
    const range = rangeOf(chart);
    const x = scale([1, Math.max(2, chart.tries)], [area.left, area.right]);
    const y = scale(range, [area.bottom, area.top]);
    const inside = svg("g", { "clip-path": "url(#inside-curves)" });
    for (const search of Object.keys(chart.summaries)) inside.append(...bandAndLine(search, chart, x, y));
    inside.append(svg("path", { class: "exact", d: pathOf(chart.exact, x, y) }));
    const corner = { x: area.left, y: area.top - 4, width: area.right - area.left, height: area.bottom - area.top + 8 };
    const clip = svg("defs", {}, svg("clipPath", { id: "inside-curves" }, svg("rect", corner)));
    const parts = [
      clip,
      ...startUpOf(chart, x, y, area),
      ...axesOf(chart, x, y, area, range),
      ...bestOf(chart, y, area),
    ];
    show(holder, width, height, chart.label, ...parts, inside, ...stepOf(chart, x, area));
  }

  function rangeOf({ summaries, tries, best }) {
    const first = Math.min(FROM, tries) - 1;
    const low = Math.min(...Object.values(summaries).map((summary) => summary.low[first]));
    const room = (best - low || 0.001) * 0.06;
    return [low - room, best + room];
  }

  function pathOf(values, x, y) {
    return values.map((value, i) => `${i ? "L" : "M"}${x(i + 1).toFixed(1)},${y(value).toFixed(1)}`).join("");
  }

  function bandAndLine(search, { summaries, line }, x, y) {
    const { low, high } = summaries[search];
    const back = Array.from(low, (_, i) => low.length - i)
      .map((n) => `L${x(n).toFixed(1)},${y(low[n - 1]).toFixed(1)}`)
      .join("");
    return [
      svg("path", { class: `band ${search}`, d: `${pathOf(high, x, y)}${back}Z` }),
      svg("path", { class: `line ${search}`, d: pathOf(summaries[search][line], x, y) }),
    ];
  }

  function startUpOf({ startUp, tries, best }, x, y, area) {
    if (tries < 2) return [];
    const end = x(Math.min(startUp, tries));
    const box = {
      class: "start-up",
      x: area.left,
      y: area.top,
      width: end - area.left,
      height: area.bottom - area.top,
    };
    const parts = [svg("rect", box)];
    if (end - area.left > 60) parts.push(svg("text", { x: area.left + 6, y: y(best) + 16 }, "start-up"));
    return parts;
  }

  function axesOf({ tries }, x, y, area, range) {
    const parts = [];
    const marks = ticks(range, 5);
    for (const mark of marks) {
      parts.push(svg("line", { class: "grid-line", x1: area.left, x2: area.right, y1: y(mark), y2: y(mark) }));
      parts.push(
        svg("text", { x: area.left - 6, y: y(mark) + 4, "text-anchor": "end" }, mark.toFixed(decimalsOf(marks))),
      );
    }
    const counts = [1, ...ticks([1, tries], area.right > 500 ? 8 : 5).filter((mark) => mark > 1 && mark % 1 === 0)];
    for (const mark of counts) {
      parts.push(svg("text", { x: x(mark), y: area.bottom + 18, "text-anchor": "middle" }, mark));
    }
    const middle = (area.top + area.bottom) / 2;
    const turned = { class: "title", transform: `translate(14 ${middle}) rotate(-90)`, "text-anchor": "middle" };
    parts.push(svg("text", turned, "best ROC AUC so far"));
    const under = { class: "title", x: (area.left + area.right) / 2, y: area.bottom + 38, "text-anchor": "middle" };
    parts.push(svg("text", under, "number of tries (recipes trained and scored)"));
    return parts;
  }

  function bestOf({ best }, y, area) {
    return [
      svg("line", { class: "ceiling", x1: area.left, x2: area.right, y1: y(best), y2: y(best) }),
      svg("text", { x: area.left + 6, y: y(best) - 5 }, `best recipe: ${best.toFixed(4)}`),
    ];
  }

  function stepOf({ step, tries }, x, area) {
    if (step === tries) return []; // the right edge says so
    return [svg("line", { class: "step", x1: x(step), x2: x(step), y1: area.top, y2: area.bottom })];
  }

  Object.assign(laboratory, { NAMES, drawCurves });
})((globalThis.laboratory ??= {}));
