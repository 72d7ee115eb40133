// Treasure maps: the recipe book as squares of two dials, and on them the tries of one or more searches.
"use strict";

(function (lesson) {
  const { svg, show, scale, ticks, decimalsOf, colourOf } = globalThis.laboratory;
  const INK = "#4D4D4D"; // on white paper, as in the pictures of the lessons
  const LAST = "#D5450B";
  const BAR = 40; // pixels that the scale of colours takes
  // Where the first, second, ... try in one square stands, in squares off its middle: so that none hides another.
  const PLACES = [-0.36, -0.18, 0, 0.18, 0.36]
    .flatMap((x) => [-0.3, 0, 0.3].map((y) => [x, y]))
    .sort((one, other) => Math.hypot(...one) - Math.hypot(...other));

  const text = (x, y, said, attributes = {}) =>
    svg("text", { x, y, "text-anchor": "middle", fill: INK, "font-size": 13, ...attributes }, said);

  // Return a search's first tries, the place of the best of them, and what is said of them.
  function lookAt({ name, squares, scores }, step) {
    const tried = squares.slice(0, step);
    const reached = scores.slice(0, step);
    const best = reached.indexOf(Math.max(...reached));
    const counts = [`${tried.length} tries in ${new Set(tried).size} squares`, `best ${reached[best].toFixed(4)}`];
    return { name, tried, best, counts };
  }

  // Return where each try stands, in squares from the lower left.
  function spread(tried, columns) {
    const taken = new Map();
    return tried.map((square) => {
      const before = taken.get(square) ?? 0;
      taken.set(square, before + 1);
      const [right, above] = PLACES[before % PLACES.length];
      return [(square % columns) + 0.5 + right, Math.floor(square / columns) + 0.5 + above];
    });
  }

  function star(x, y, radius) {
    const corner = (i) => {
      const [angle, length] = [(Math.PI * i) / 5, i % 2 ? radius * 0.4 : radius];
      return `${x + length * Math.sin(angle)},${y - length * Math.cos(angle)}`;
    };
    return svg("polygon", { points: Array.from({ length: 10 }, (_, i) => corner(i)).join(" "), ...outlined("#fff") });
  }

  const outlined = (fill) => ({ fill, stroke: "#000", "stroke-width": 1.1 });

  // Return one map with its title, axes and tries, `width` by `height` pixels, its upper left corner at 0, 0.
  function drawMap(map, run, seen, width, height) {
    const columns = map.across.settings.length;
    const rows = map.up.settings.length;
    const [left, right, top, bottom] = [64, width - 12, 64, height - 76];
    const x = scale([0, columns], [left, right]);
    const y = scale([0, rows], [bottom, top]);
    const share = scale(map.limits, [0, 1]);
    const squares = run.scores.map((score, i) => {
      const size = { width: x(1) - x(0) + 0.5, height: y(0) - y(1) + 0.5 };
      const corner = { x: x(i % columns), y: y(Math.floor(i / columns) + 1) };
      return svg("rect", { ...corner, ...size, fill: colourOf(share(score)).fill });
    });
    const points = spread(seen.tried, columns).map(([column, row]) => [x(column), y(row)]);
    const dot = ([cx, cy], r, fill) => svg("circle", { cx, cy, r, ...outlined(fill) });
    const marks = points.map((point) => dot(point, 3.5, "#fff"));
    marks.push(dot(points.at(-1), 4.5, LAST), star(...points[seen.best], 9));
    const title = [`${seen.name}:`, `${seen.counts[0]},`, seen.counts[1]];
    return svg(
      "g",
      {},
      ...title.map((line, i) => text((left + right) / 2, 18 + 18 * i, line)),
      ...squares,
      ...marks,
      ...map.across.settings.map((setting, i) => {
        const at = [x(i + 0.5) + 4, bottom + 16];
        return text(...at, `${setting}`, { "text-anchor": "end", transform: `rotate(-45 ${at})` });
      }),
      ...map.up.settings.map((setting, i) => text(left - 8, y(i + 0.5) + 4, `${setting}`, { "text-anchor": "end" })),
      text((left + right) / 2, height - 8, map.across.name),
      text(16, (top + bottom) / 2, map.up.name, { transform: `rotate(-90 16 ${(top + bottom) / 2})` }),
    );
  }

  // Return the scale of colours, lying, `width` pixels wide. What is below it has its darkest colour.
  function drawScale({ limits }, width) {
    const [left, right] = [64, width - 24];
    const x = scale(limits, [left, right]);
    const marks = ticks(limits, 4);
    const stripes = Array.from({ length: 60 }, (_, i) => {
      const stripe = { x: left + ((right - left) * i) / 60, y: 0, width: (right - left) / 60 + 0.5, height: 10 };
      return svg("rect", { ...stripe, fill: colourOf((i + 0.5) / 60).fill });
    });
    const below = svg("polygon", { points: `${left},0 ${left - 9},5 ${left},10`, fill: colourOf(0).fill });
    const told = marks.map((mark) => text(x(mark), 25, mark.toFixed(decimalsOf(marks)), { "font-size": 12 }));
    return svg("g", {}, below, ...stripes, ...told, text((left + right) / 2, 39, "ROC AUC"));
  }

  // Load the numbers of a slider's maps, which are too many for the page itself: a page from disk may load a script.
  function loadMap(folder) {
    return new Promise((loaded, failed) => {
      const script = lesson.element("script", { src: `${folder}/map.js`, onerror: failed });
      script.onload = () => loaded(lesson.maps[folder]);
      document.head.append(script);
    });
  }

  // Return a function that draws the maps for the places of all dials, and promises what is said of them.
  function showMaps({ dials, folder, width }, holder) {
    let loading;
    const stepAt = dials.findIndex((dial) => dial.name === "step");
    const figure = holder.appendChild(lesson.element("div", { className: "map" }));
    figure.style.width = `${width}px`;
    return async (places) => {
      const map = await (loading ??= loadMap(folder));
      const others = dials.map((dial, i) => (i === stepAt ? null : i)).filter((i) => i !== null);
      const run = map.runs[others.reduce((number, i) => number * dials[i].labels.length + places[i], 0)];
      const seen = run.searches.map((search) => lookAt(search, map.steps[places[stepAt]]));
      const columns = Math.min(2, seen.length);
      const size = [width / columns, seen.length === 1 ? 380 : 340];
      const height = size[1] * Math.ceil(seen.length / columns);
      const drawn = seen.map((one, i) => {
        const panel = drawMap(map, run, one, ...size);
        panel.setAttribute("transform", `translate(${size[0] * (i % columns)} ${size[1] * Math.floor(i / columns)})`);
        return panel;
      });
      const bar = drawScale(map, width);
      bar.setAttribute("transform", `translate(0 ${height + 4})`);
      const told = seen.map(({ name, counts }) => `${name}: ${counts.join(", ")}`).join("; ");
      const label = `Treasure map, ${map.across.name} across, ${map.up.name} up. ${told}.`;
      const paper = svg("rect", { width, height: height + BAR + 8, fill: "#fff" });
      show(figure, width, height + BAR + 8, label, paper, ...drawn, bar);
      return label;
    };
  }

  Object.assign(lesson, { showMaps });
})((globalThis.lesson ??= {}));
