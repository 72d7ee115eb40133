// The sliders of the lessons: dials above a picture, which follows them. The picture of the lesson stands there at
// first; it is also what is printed.
"use strict";

(function (lesson) {
  for (const slider of document.querySelectorAll(".slider")) {
    const data = lesson.dataOf(slider);
    const output = slider.closest(".cell_output");
    const holder = lesson.element("div", { className: "picture" });
    const told = lesson.element("p", { className: "spoken" });
    told.setAttribute("aria-live", "polite");
    const show = (data.texts ? lesson.showFrames : lesson.showMaps)(data, holder);
    const inputs = data.dials.map(({ name, labels, start }) => {
      const range = { min: 0, max: labels.length - 1, step: 1, value: start };
      return lesson.addDial(slider, name, range, (place) => labels[place], turned);
    });
    slider.append(told);
    output.append(holder);

    async function turned() {
      told.textContent = await show(inputs.map((input) => input.valueAsNumber));
      output.classList.add("turned");
    }
  }
})(globalThis.lesson);
