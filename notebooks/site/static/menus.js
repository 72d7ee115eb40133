/* The menus above a page: a button opens one; Escape, a second press or leaving it closes it. */
"use strict";

for (const button of document.querySelectorAll('[data-bs-toggle="dropdown"]')) {
  const menu = button.parentElement.querySelector(".dropdown-menu");
  const show = (open) => {
    menu.classList.toggle("show", open);
    button.setAttribute("aria-expanded", open);
  };
  button.addEventListener("click", () => {
    show(button.getAttribute("aria-expanded") !== "true");
    button.focus(); // the theme takes the focus away
  });
  button.parentElement.addEventListener("focusout", (event) => {
    if (!button.parentElement.contains(event.relatedTarget)) show(false);
  });
  button.parentElement.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      show(false);
      button.focus();
    }
  });
  menu.addEventListener("click", () => {
    show(false);
    button.focus();
  });
}
