// Turns the pages of a desk's television: [data-page] one after the other, [data-page-of] says which, [data-turn] stops it. Arrow keys turn by
// hand. js/wallboard.js puts a new picture there every now and then (event "picture"); the page that is shown stays.
"use strict";
(() => {
  const board = document.querySelector("[data-wallboard]"), stop = document.querySelector("[data-turn]");
  if (!board || !stop) return;
  const EVERY = 12_000;
  let at = 0, isStopped = false;
  const pages = () => [...board.querySelectorAll("[data-page]")];
  const show = turned => {
    const all = pages(), of = board.querySelector("[data-page-of]");
    at = all.length ? (at + all.length) % all.length : 0;
    all.forEach((page, number) => { page.hidden = number !== at; page.classList.toggle("is-turned", turned && number === at); });
    if (of) of.textContent = of.dataset.words.replace("{at}", at + 1);
    stop.hidden = all.length < 2;
  };
  const turn = by => { at += by; show(true); };
  document.body.classList.add("is-turning");
  board.addEventListener("picture", () => show(false));
  stop.addEventListener("click", () => { isStopped = !isStopped; stop.setAttribute("aria-pressed", isStopped); });
  document.addEventListener("keydown", event => {
    if (event.key === "ArrowRight") turn(1);
    if (event.key === "ArrowLeft") turn(-1);
  });
  setInterval(() => { if (!isStopped && pages().length > 1) turn(1); }, EVERY);
  show(false);
})();
