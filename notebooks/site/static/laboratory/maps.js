// Maps of two dials: a square for each pair of settings.
"use strict";

(function (laboratory) {
  const { SETTINGS, placeOf, svg, show, scale, colourOf } = laboratory;
  const SIDE = 44;
  const LEFT = 60;
  const TOP = 8;

  // Return the square of a recipe on the map of two dials, from 0 to 24, row by row.
  function squareOf(recipe, across, up) {
    return placeOf(recipe, up) * SETTINGS + placeOf(recipe, across);
  }

  // Return, for each square, its number of tries, the best score found, and the mean and best of all that lies in it.
  function readSquares(space, tries, across, up) {
    const squares = Array.from({ length: SETTINGS ** 2 }, () => ({
      tries: 0,
      found: null,
      sum: 0,
      recipes: 0,
      lies: null,
    }));
    for (const recipe of space.recipes) {
      const square = squares[squareOf(recipe, across, up)];
      square.sum += space.scores[recipe];
      square.recipes += 1;
      square.lies = Math.max(square.lies, space.scores[recipe]);
    }
    for (const recipe of tries) {
      const square = squares[squareOf(recipe, across, up)];
      square.tries += 1;
      square.found = Math.max(square.found, space.scores[recipe]);
    }
    return squares.map(({ sum, ...square }) => ({ ...square, mean: square.recipes ? sum / square.recipes : null }));
  }

  // Draw a map into a holder.
  //
  // `map` has: across and up (dials of the book), values (a number or null a square), limits of the colours, texts (one
  // a square), label, and, where there are any, star, ring and cross: squares that get such a mark.
  function drawMap(holder, map) {
    const share = scale(map.limits, [0, 1]);
    const parts = map.values.flatMap((value, square) => squareParts(map, value, square, share));
    const bottom = TOP + SETTINGS * SIDE;
    map.across.settings.forEach((setting, i) => {
      parts.push(
        svg("text", { class: "setting", x: LEFT + (i + 0.5) * SIDE, y: bottom + 15, "text-anchor": "middle" }, setting),
      );
    });
    map.up.settings.forEach((setting, i) => {
      parts.push(
        svg("text", { class: "setting", x: LEFT - 5, y: bottom - (i + 0.5) * SIDE + 4, "text-anchor": "end" }, setting),
      );
    });
    const middle = (SETTINGS * SIDE) / 2;
    const under = { class: "title", x: LEFT + middle, y: bottom + 33, "text-anchor": "middle" };
    const beside = { class: "title", transform: `translate(14 ${TOP + middle}) rotate(-90)`, "text-anchor": "middle" };
    parts.push(svg("text", under, map.across.name), svg("text", beside, map.up.name));
    show(holder, LEFT + SETTINGS * SIDE + 6, bottom + 42, map.label, ...parts);
  }

  function squareParts(map, value, square, share) {
    const x = LEFT + (square % SETTINGS) * SIDE;
    const y = TOP + (SETTINGS - 1 - Math.floor(square / SETTINGS)) * SIDE;
    const { fill, ink } = value === null ? { fill: "none", ink: "currentColor" } : colourOf(share(value));
    const parts = [
      svg("rect", { class: "square", x: x + 1, y: y + 1, width: SIDE - 2, height: SIDE - 2, rx: 3, fill }),
    ];
    const middle = { x: x + SIDE / 2, y: y + SIDE / 2, "text-anchor": "middle" };
    if (map.ring === square) {
      parts.push(
        svg("rect", { class: "ring", x: x + 3, y: y + 3, width: SIDE - 6, height: SIDE - 6, rx: 3, stroke: ink }),
      );
    }
    const above = map.star === square ? 12 : map.cross === square ? 12 : 4;
    if (map.star === square) parts.push(svg("text", { ...middle, y: middle.y - 2, class: "star", fill: ink }, "★"));
    if (map.cross === square) parts.push(svg("text", { ...middle, y: middle.y - 2, class: "star", fill: ink }, "✚"));
    if (map.texts[square])
      parts.push(svg("text", { ...middle, y: middle.y + above, class: "inner", fill: ink }, map.texts[square]));
    return parts;
  }

  // Draw what the colours of maps mean into a holder; `told` turns a number into text.
  function drawScale(holder, limits, title, told) {
    const width = 320;
    const cells = Array.from({ length: 64 }, (_, i) =>
      svg("rect", { x: 10 + (i * 300) / 64, y: 18, width: 6, height: 12, fill: colourOf(i / 63).fill }),
    );
    const ends = [
      svg("text", { x: 10, y: 45 }, told(limits[0])),
      svg("text", { x: width - 10, y: 45, "text-anchor": "end" }, told(limits[1])),
    ];
    const label = `${title}: dark is ${told(limits[0])} or less, light is ${told(limits[1])}.`;
    show(holder, width, 50, label, svg("text", { class: "title", x: 10, y: 12 }, title), ...cells, ...ends);
  }

  Object.assign(laboratory, { squareOf, readSquares, drawMap, drawScale });
})((globalThis.laboratory ??= {}));
