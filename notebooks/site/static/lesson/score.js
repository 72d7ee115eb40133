// The score: how many quizzes are answered right, on every page beside its contents, with a button that forgets it.
"use strict";

(function ({ countRight, forget }) {
  const score = document.querySelector(".score");

  function show() {
    const { right, first } = countRight();
    score.querySelector("p").textContent = `Quizzes: ${right} of ${score.dataset.quizzes} right, ${first} at the first try.`;
  }

  document.addEventListener("answers", show);
  score.querySelector("button").addEventListener("click", forget);
  score.hidden = false;
  show();
})(globalThis.lesson);
