// The counter of lesson 9: a customer whose columns can be changed, and the network's answer.
"use strict";

(function (lesson) {
  const { element, addDial, addChoice, dataOf, predict } = lesson;
  const FIRST = ["Contract", "InternetService", "PaymentMethod"]; // the other columns of words are folded
  const STEPS = { tenure: 1, MonthlyCharges: 0.05, TotalCharges: 0.05 };

  for (const counter of document.querySelectorAll(".counter")) {
    const network = dataOf(counter);
    const customer = { ...network.customer };
    const answer = element("p", { className: "told" });
    answer.setAttribute("role", "status");
    const meter = element("meter", { min: 0, max: 1 });
    meter.setAttribute("aria-label", "chance of leaving");

    const show = () => {
      const chance = predict(network, customer);
      const call = chance > network.threshold;
      const verdict = `${call ? "above" : "not above"} the threshold of ${network.threshold.toFixed(4)}`;
      meter.value = chance;
      answer.textContent = `Chance of leaving: ${chance.toFixed(4)}, ${verdict}: ${call ? "call" : "do not call"}.`;
    };
    const others = element("div", { className: "dials" });
    const dials = element("div", { className: "dials" });
    for (const { name, low, high } of network.numbers) {
      const [min, max] = [Math.floor(low), Math.ceil(high)];
      const range = { min, max, step: STEPS[name], value: customer[name] };
      const input = addDial(dials, name, range, String, () => {
        customer[name] = input.valueAsNumber;
        show();
      });
    }
    for (const { name, known } of network.words) {
      const select = addChoice(FIRST.includes(name) ? dials : others, name, known, customer[name], () => {
        customer[name] = select.value;
        show();
      });
    }
    const more = element("details", {}, element("summary", {}, "The other columns"), others);
    counter.append(answer, meter, dials, more);
    counter.hidden = false;
    show();
  }
})(globalThis.lesson);
