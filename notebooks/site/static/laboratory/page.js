// The page: its controls, and what follows when one of them is turned.
"use strict";

(function (laboratory) {
  const { State, readSettings, setControls, describeControls, showSpace, showCurves, showMaps, showBelief } =
    laboratory;
  const OF_THE_RACES = /^(budget|races|startUp|seed|held\d)$/; // names of the controls that start all races anew
  const A_TRY = 250; // milliseconds, while it plays
  const REST = 300; // milliseconds until the address follows: browsers do not let it change all the time

  const book = globalThis.recipeBook;
  const root = document.querySelector("article");
  const byId = (id) => document.getElementById(id);
  const state = new State(book, (done) => showCurves(state, done), showRace);
  let writing; // the timer that writes the address

  // Make the choices that follow from the book: its dials and their settings.
  function fillChoices() {
    book.dials.forEach((dial, i) => {
      const select = Object.assign(document.createElement("select"), { id: `held${i}`, name: `held${i}` });
      select.append(new Option("turns", ""), ...dial.settings.map((setting, place) => new Option(setting, place)));
      const label = Object.assign(document.createElement("label"), { htmlFor: select.id, textContent: dial.name });
      const pair = document.createElement("div");
      pair.append(label, select);
      byId("held").append(pair);
    });
    for (const select of root.querySelectorAll("[data-dial]")) {
      const first = Number(select.dataset.dial);
      select.append(...book.dials.map((dial, i) => new Option(dial.name, i, i === first, i === first)));
    }
  }

  function showRace() {
    showMaps(state);
    showBelief(state);
  }

  // Set all controls, as a text says or as they are at first, and start.
  function set(text) {
    const step = byId("step");
    step.defaultValue = step.max = byId("budget").max;
    byId("race").max = byId("races").max;
    setControls(root, text);
    start();
  }

  // Start all races as the controls say, and show them.
  function start() {
    const { budget, races } = readSettings(root);
    const step = byId("step");
    const last = step.value === step.max;
    step.max = budget; // the browser moves the value into its limits
    byId("race").max = races;
    if (last) step.value = budget; // who looks at the last try goes on looking at the last one
    step.defaultValue = budget; // so that the address names the try only if it is another
    state.start(readSettings(root));
    showSpace(state, budget);
    look();
  }

  // Show what there is as the controls say; no race changes.
  function look() {
    const settings = readSettings(root);
    state.look(settings);
    for (const output of root.querySelectorAll("output")) output.textContent = settings[output.htmlFor.value];
    showCurves(state, state.curves.bayesian.length === settings.races);
    if (state.watched) showRace();
    clearTimeout(writing);
    writing = setTimeout(writeAddress, REST);
  }

  // Say whether the address ends with settings; other addresses end with the name of a section, or with nothing.
  function hasSettings() {
    return location.hash.includes("=");
  }

  function writeAddress() {
    const settings = describeControls(root);
    if (settings) history.replaceState(null, "", `#${settings}`);
    else if (hasSettings()) history.replaceState(null, "", location.pathname + location.search);
  }

  function turn(name) {
    if (OF_THE_RACES.test(name)) return start();
    if (name === "race") state.watch(readSettings(root));
    look();
  }

  // Move the try on, until the last one or until it is stopped. What changes all the time is not read aloud.
  function play() {
    const step = byId("step");
    if (step.value === step.max) step.value = step.min;
    const told = root.querySelectorAll(".laboratory [aria-live]");
    for (const one of told) one.setAttribute("aria-live", "off");
    byId("play").textContent = "Pause";
    const timer = setInterval(() => {
      step.value = Number(step.value) + 1;
      look();
      if (step.value === step.max) byId("play").click();
    }, A_TRY);
    byId("play").onclick = () => {
      clearInterval(timer);
      for (const one of told) one.setAttribute("aria-live", "polite");
      Object.assign(byId("play"), { textContent: "Play", onclick: play });
    };
  }

  fillChoices();
  set(location.hash.slice(1));
  byId("play").onclick = play;
  root.addEventListener("input", ({ target }) => target.name && turn(target.name));
  for (const button of root.querySelectorAll("[data-experiment]")) {
    button.addEventListener("click", () => {
      set(button.dataset.experiment);
      byId("the-race").scrollIntoView();
    });
  }
  window.addEventListener("resize", look);
  window.addEventListener("hashchange", () => hasSettings() && set(location.hash.slice(1)));
})((globalThis.laboratory ??= {}));
