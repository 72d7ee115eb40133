// Small helpers to draw charts as SVG.
"use strict";

(function (laboratory) {
  // Return a new element with these attributes and children; a text becomes its content.
  function svg(name, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  // Put a chart, described in words, in place of what a holder holds. Its width follows the holder's.
  function show(holder, width, height, label, ...children) {
    const box = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label };
    holder.replaceChildren(svg("svg", box, ...children));
  }

  // Return a function that maps numbers from one range to another in proportion.
  function scale([from, to], [start, end]) {
    const span = to - from || 1;
    return (value) => start + ((value - from) / span) * (end - start);
  }

  // Return round numbers that cover a range in about `count` steps.
  function ticks([from, to], count) {
    const rough = (to - from) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
    const first = Math.ceil(from / step - 1e-9);
    return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
  }

  // Return how many decimals tell neighbouring ticks apart.
  function decimalsOf(marks) {
    return marks.length < 2 ? 3 : Math.max(0, -Math.floor(Math.log10(marks[1] - marks[0]) + 1e-9));
  }

  // The colours of cividis, which people with any kind of colour vision can tell apart, from dark to light.
  const CIVIDIS = [
    [0, 34, 78],
    [18, 53, 112],
    [59, 73, 108],
    [87, 93, 109],
    [112, 113, 115],
    [138, 134, 120],
    [165, 156, 116],
    [195, 179, 105],
    [225, 204, 85],
    [254, 232, 56],
  ];

  // Return the colour of a share between 0 and 1, and an ink that can be read on it.
  function colourOf(share) {
    const at = Math.min(1, Math.max(0, share)) * (CIVIDIS.length - 1);
    const below = Math.min(Math.floor(at), CIVIDIS.length - 2);
    const mixed = CIVIDIS[below].map((value, i) => Math.round(value + (at - below) * (CIVIDIS[below + 1][i] - value)));
    return { fill: `rgb(${mixed})`, ink: mixed[1] > 115 ? "#000" : "#fff" };
  }

  Object.assign(laboratory, { svg, show, scale, ticks, decimalsOf, colourOf });
})((globalThis.laboratory ??= {}));
