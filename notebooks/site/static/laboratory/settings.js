// What the visitor has set: read from the controls, and kept in the page's address so that it can be shared.
"use strict";

(function (laboratory) {
  const DIALS = [0, 1, 2, 3, 4];

  const controlsOf = (root) => Array.from(root.querySelectorAll("[name]"));

  // Return a number that the control allows; what is no number is its first value.
  function numberOf(control) {
    const value = Math.round(Number(control.value)) || Number(control.defaultValue);
    return Math.min(Number(control.max), Math.max(Number(control.min), value));
  }

  // Return the settings by name. `dial`, `across` and `up` are places in the book. `held` has the place of each dial's
  // held setting, or null if it turns.
  function readSettings(root) {
    const settings = {};
    for (const control of controlsOf(root)) {
      settings[control.name] = control.tagName === "SELECT" ? control.value : numberOf(control);
    }
    for (const name of ["across", "up", "dial"]) settings[name] = Number(settings[name]);
    settings.held = DIALS.map((dial) => (settings[`held${dial}`] === "" ? null : Number(settings[`held${dial}`])));
    return settings;
  }

  const firstOf = (control) =>
    control.tagName === "SELECT"
      ? (Array.from(control.options).find((option) => option.defaultSelected) ?? control.options[0]).value
      : control.defaultValue;

  // Say whether a control can have this value; the browser moves a number into its limits.
  function allows(control, value) {
    if (control.tagName !== "SELECT") return Number.isFinite(Number(value));
    return Array.from(control.options).some((option) => option.value === value);
  }

  // Set every control: as `text` says, such as "budget=20&seed=3", or as it is at first.
  function setControls(root, text) {
    const wanted = new URLSearchParams(text);
    for (const control of controlsOf(root)) {
      control.value = firstOf(control);
      const value = wanted.get(control.name);
      if (value !== null && allows(control, value)) control.value = value;
    }
  }

  // Return what differs from the first settings, in the form that `setControls` reads.
  function describeControls(root) {
    const changed = controlsOf(root).filter((control) => control.value !== firstOf(control));
    return new URLSearchParams(changed.map((control) => [control.name, control.value])).toString();
  }

  Object.assign(laboratory, { readSettings, setControls, describeControls });
})((globalThis.laboratory ??= {}));
