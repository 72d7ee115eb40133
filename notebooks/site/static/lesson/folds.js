// What follows on “Predict first” is folded until it is asked for. Without JavaScript, and on paper, it stands open.
"use strict";

(function ({ element }) {
  const folds = new Map(); // the outputs that open together, by the name of their fold
  for (const cell of document.querySelectorAll("div.cell[class*='tag_fold-']")) {
    const name = Array.from(cell.classList).find((one) => one.startsWith("tag_fold-"));
    folds.set(name, [...(folds.get(name) ?? []), cell.querySelector(":scope > .cell_output")]);
  }

  for (const [name, outputs] of folds) {
    const button = element("button", { type: "button", className: "unfold" }, "Show what happens");
    button.setAttribute("aria-expanded", "false");
    const open = () => {
      button.remove();
      for (const output of outputs) output.removeAttribute("hidden");
      outputs[0].tabIndex = -1;
      outputs[0].focus({ preventScroll: true }); // a keyboard goes on from here
    };
    outputs.forEach((output, i) => {
      output.id ||= `${name}-${i}`;
      output.classList.add("folded");
      output.setAttribute("hidden", "until-found"); // a search in the page opens it
      output.addEventListener("beforematch", open);
    });
    button.setAttribute("aria-controls", outputs.map((output) => output.id).join(" "));
    button.addEventListener("click", open);
    outputs[0].before(button);
  }
})(globalThis.lesson);
