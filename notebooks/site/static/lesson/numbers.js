// Numbers of the prose that can be turned, with what follows from them by a formula.
"use strict";

(function (lesson) {
  // Return how many recipes a grid has: one for each combination of the dials' settings.
  const recipesOf = (settings) => settings.reduce((product, count) => product * count);

  // Return how many trainings a grid search needs: each recipe once in each fold, and the winner once more.
  const trainingsOf = (settings, folds) => recipesOf(settings) * folds + 1;

  // Return how many random draws hit one of the best `share` of all recipes with at least this probability.
  function drawsNeeded(share, probability) {
    let draws = 1;
    while ((1 - share) ** draws >= 1 - probability) draws += 1;
    return draws;
  }

  const FORMULAS = {
    trainings: {
      dials: [
        ["settings of the learning rate", { min: 1, max: 10, value: 3 }],
        ["settings of the batch size", { min: 1, max: 10, value: 3 }],
        ["settings of the number of neurons", { min: 1, max: 10, value: 2 }],
        ["folds", { min: 2, max: 10, value: 3 }],
      ],
      unit: "",
      tell(...values) {
        const [settings, folds] = [values.slice(0, 3), values[3]];
        const counts = [recipesOf(settings), trainingsOf(settings, folds)];
        const [recipes, trainings] = counts.map((count) => count.toLocaleString("en"));
        return `${settings.join(" × ")} = ${recipes} recipes, × ${folds} folds + 1 refit = ${trainings} trainings`;
      },
    },
    draws: {
      dials: [
        ["good enough: the best", { min: 1, max: 20, value: 5 }],
        ["probability of at least one of them", { min: 50, max: 99, value: 95 }],
      ],
      unit: " %",
      tell(share, probability) {
        const draws = drawsNeeded(share / 100, probability / 100);
        const hit = `at least one of the best ${share} % with a probability of ${probability} %`;
        const each = (1 - share / 100).toFixed(2);
        const missed = ((1 - share / 100) ** draws).toFixed(4);
        return `${draws} draws hit ${hit}. Each misses with ${each}, all of them with ${missed}`;
      },
    },
  };

  for (const holder of document.querySelectorAll("[data-formula]")) {
    const { dials, unit, tell } = FORMULAS[holder.dataset.formula];
    const told = lesson.element("p", { className: "told" });
    told.setAttribute("role", "status");
    const show = () => (told.textContent = `${tell(...inputs.map((input) => input.valueAsNumber))}.`);
    const inputs = dials.map(([name, range]) =>
      lesson.addDial(holder, name, { step: 1, ...range }, (value) => `${value}${unit}`, show),
    );
    holder.append(told);
    holder.hidden = false;
    show();
  }

  Object.assign(lesson, { trainingsOf, drawsNeeded });
})((globalThis.lesson ??= {}));
