// What the reader has answered, kept on this device. A key is the kind, the lesson and the name of a question.
"use strict";

(function (lesson) {
  const KEPT = "art-of-fine-tuning.answers";
  let unkept = {}; // answers of this page, where the browser keeps none

  function read() {
    try {
      return { ...JSON.parse(localStorage.getItem(KEPT) ?? "{}"), ...unkept };
    } catch {
      return unkept;
    }
  }

  const recall = (question) => read()[question];

  function record(question, answer) {
    const answers = { ...read(), [question]: answer };
    try {
      localStorage.setItem(KEPT, JSON.stringify(answers));
    } catch {
      unkept = answers;
    }
    tell();
  }

  function forget() {
    unkept = {};
    try {
      localStorage.removeItem(KEPT);
    } catch {
      // nothing was kept
    }
    tell();
  }

  const tell = () => document.dispatchEvent(new Event("answers"));

  // Return how many quizzes are answered right, and how many of them at the first try.
  function countRight() {
    const found = Object.entries(read()).filter(([question]) => question.startsWith("quiz "));
    const first = found.filter(([, answer]) => answer === "first").length;
    return { first, right: first + found.filter(([, answer]) => answer === "later").length };
  }

  Object.assign(lesson, { recall, record, forget, countRight });
})((globalThis.lesson ??= {}));
