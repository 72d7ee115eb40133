// Quizzes and predictions, which a page without JavaScript shows as text, become forms. A quiz is judged at once; a
// prediction is noted, and told beside the truth.
"use strict";

(function (lesson) {
  const { element, record, recall } = lesson;

  // Put a form in place of a question's text, and return it with the line that tells what is said.
  function makeForm(quiz, ...fields) {
    const said = element("p", { className: "said" });
    said.setAttribute("role", "status");
    const legend = element("legend", {}, ...quiz.querySelector("p").childNodes);
    quiz.replaceChildren(element("fieldset", {}, legend, ...fields, said));
    return said;
  }

  // Return a radio button for each option, with its label.
  function makeOptions(quiz, texts) {
    return texts.map((text, i) => {
      const input = element("input", { type: "radio", name: quiz.dataset.question, value: i, autocomplete: "off" });
      const option = element("label", { className: "option" }, input, element("span", {}, ...text.childNodes));
      return { option, input, text: option.textContent };
    });
  }

  function equipQuiz(quiz) {
    const feedback = Array.from(quiz.querySelectorAll("details > p"), (one) => one.innerHTML);
    const options = makeOptions(quiz, Array.from(quiz.querySelectorAll("summary")));
    const said = makeForm(quiz, ...options.map(({ option }) => option));
    let moving = false; // an arrow key moves to another option, and does not answer yet

    function judge(place) {
      const right = feedback[place].includes("✓");
      said.innerHTML = feedback[place];
      options[place].option.dataset.sign = right ? "✓" : "✗";
      const before = recall(quiz.dataset.question);
      if (before !== "first" && before !== "later")
        record(quiz.dataset.question, right ? (before ? "later" : "first") : "wrong");
    }

    quiz.addEventListener("keydown", (event) => {
      moving = event.key.startsWith("Arrow");
      if (event.target.checked && [" ", "Enter"].includes(event.key)) judge(Number(event.target.value));
    });
    quiz.addEventListener("keyup", () => (moving = false));
    quiz.addEventListener("change", (event) => {
      if (moving) said.textContent = "Press Enter to answer.";
      else judge(Number(event.target.value));
    });
  }

  const NOTED = "You will see it again beside the truth.";

  function equipGuess(quiz) {
    const options = makeOptions(quiz, Array.from(quiz.querySelectorAll("li")));
    const said = makeForm(quiz, ...options.map(({ option }) => option));
    for (const { input, text } of options) input.checked = text === recall(quiz.dataset.question);
    quiz.addEventListener("change", (event) => {
      record(quiz.dataset.question, options[event.target.value].text);
      said.textContent = `Noted. ${NOTED}`;
    });
  }

  function equipNumber(quiz) {
    const input = element("input", { type: "text", inputMode: "decimal", placeholder: "a number" });
    const said = makeForm(quiz, input);
    input.setAttribute("aria-label", quiz.querySelector("legend").textContent);
    input.value = recall(quiz.dataset.question) ?? "";
    input.addEventListener("change", () => {
      const typed = input.value.trim().replace(",", ".");
      if (typed === "" || !Number.isFinite(Number(typed))) {
        said.textContent = "✗ Type a number, such as 0.5 or 20.";
        return;
      }
      const number = String(Number(Number(typed).toPrecision(6)));
      record(quiz.dataset.question, number);
      said.textContent = `Noted: ${number}. ${NOTED}`;
    });
  }

  // Say what was predicted, beside the truth that the page tells.
  function reveal(place) {
    const noted = recall(place.dataset.question);
    const sign = noted === place.dataset.truth ? "✓ " : "";
    place.querySelector("strong").textContent =
      noted === undefined ? "You wrote nothing down." : `${sign}You predicted: ${noted}.`;
  }

  for (const quiz of document.querySelectorAll(".quiz[data-question]")) {
    if (quiz.querySelector("details")) equipQuiz(quiz);
    else if (quiz.querySelector("li")) equipGuess(quiz);
    else equipNumber(quiz);
  }
  const revealed = document.querySelectorAll(".reveal[data-question]");
  const revealAll = () => revealed.forEach(reveal);
  document.addEventListener("answers", revealAll);
  revealAll();
})(globalThis.lesson);
