/* On paper everything is open, in dark ink: hints, quizzes and what the checks say. */
"use strict";

(() => {
  let opened = [];
  let theme;

  addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    opened = [...document.querySelectorAll("article details:not([open])")];
    for (const folded of opened) folded.open = true;
  });

  addEventListener("afterprint", () => {
    document.documentElement.dataset.theme = theme;
    for (const folded of opened) folded.open = false;
  });
})();
