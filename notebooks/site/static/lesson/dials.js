// A dial: a range control with a visible name and value.
"use strict";

(function (lesson) {
  let dials = 0; // on this page

  // Return an element with these properties and children.
  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  // Add a dial to a holder and return its control. `range` has min, max, step and value; `textOf` tells a value in
  // words, for eyes and for screen readers; `turned` is called after each turn.
  function addDial(holder, name, range, textOf, turned) {
    const input = element("input", { type: "range", id: `dial-${++dials}`, autocomplete: "off", ...range });
    const value = element("span", { className: "value" });
    value.setAttribute("aria-hidden", "true"); // the control itself tells it
    const tell = () => {
      value.textContent = textOf(input.valueAsNumber);
      input.setAttribute("aria-valuetext", value.textContent);
    };
    input.addEventListener("input", () => {
      tell();
      turned();
    });
    tell();
    holder.append(element("div", { className: "dial" }, element("label", { htmlFor: input.id }, name), value, input));
    return input;
  }

  // Add a list of choices to a holder and return its control.
  function addChoice(holder, name, options, chosen, turned) {
    const select = element("select", { id: `dial-${++dials}`, autocomplete: "off" });
    select.append(...options.map((option) => new Option(option, option, option === chosen, option === chosen)));
    select.addEventListener("change", turned);
    holder.append(element("div", { className: "dial" }, element("label", { htmlFor: select.id }, name), select));
    return select;
  }

  // Return the data that the page holds for an element.
  const dataOf = (holder) => JSON.parse(holder.querySelector("script").textContent);

  Object.assign(lesson, { element, addDial, addChoice, dataOf });
})((globalThis.lesson ??= {}));
