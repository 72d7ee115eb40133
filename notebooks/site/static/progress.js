/* A box on each lesson and exercise to tick when it is done. The ticks stay in this browser, and show in the contents. */
"use strict";

(() => {
  const KEY = "art-of-fine-tuning.done";
  const root = new URL(document.documentElement.dataset.content_root, location.href).href;
  const links = [...document.querySelectorAll(".bd-docs-nav ul:first-of-type a")];
  const nameOf = (href) => href.slice(root.length).replace(/\.html.*$/, "");
  const pages = links.map((link) => nameOf(link.href));

  /* Return the names of the pages that are done, or null where the browser keeps nothing. */
  function load() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return null;
    }
  }

  function save(done) {
    try {
      localStorage.setItem(KEY, JSON.stringify(done));
    } catch {
      /* The tick holds until the page is left. */
    }
  }

  function tick(link, done) {
    link.querySelector(".tick")?.remove();
    if (done) link.insertAdjacentHTML("beforeend", ' <span class="tick" role="img" aria-label="done">✓</span>');
  }

  function show(done) {
    links.forEach((link, index) => tick(link, done.includes(pages[index])));
    for (const link of document.querySelectorAll(".reading-order a")) tick(link, done.includes(nameOf(link.href)));
    const count = pages.filter((page) => done.includes(page)).length;
    for (const place of document.querySelectorAll(".done-count"))
      place.textContent = count ? `You have done ${count} of ${pages.length}.` : "";
  }

  function offer(place, done) {
    const page = DOCUMENTATION_OPTIONS.pagename;
    place.insertAdjacentHTML("beforeend", ' <label><input type="checkbox"> Done</label>');
    const box = place.querySelector("input");
    box.checked = done.includes(page);
    box.addEventListener("change", () => {
      const others = (load() ?? done).filter((name) => name !== page);
      const now = box.checked ? [...others, page] : others;
      save(now);
      show(now);
    });
  }

  const done = load();
  if (done === null) return;
  const place = document.querySelector(".page-status");
  if (place) offer(place, done);
  show(done);
})();
