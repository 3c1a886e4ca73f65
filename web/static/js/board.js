// The board kept alive: [data-board-fresh] asks the pulse of the inbox every 20 seconds. What has changed is offered; nothing moves by itself.
// What was not chosen in [data-filter] does not stand in the address.
"use strict";
(() => {
  const choice = document.querySelector("[data-filter]");
  const empty = on => choice.querySelectorAll("select").forEach(field => { if (!field.value) field.disabled = on; });
  if (choice) {
    choice.addEventListener("submit", () => empty(true));
    window.addEventListener("pageshow", () => empty(false));
  }
  const line = document.querySelector("[data-board-fresh]");
  if (!line || !line.dataset.boardFresh) return;
  const EVERY = 20_000, button = line.querySelector("a");
  let first = "", timer = 0;
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(line.dataset.boardFresh, { headers: { Accept: "application/json" }, redirect: "error" });
      if (!answer.ok) { clearInterval(timer); return; }                // the session has ended: the next press says so
      const told = await answer.json(), now = JSON.stringify([told.all, told.views]);
      first ||= now;
      if (told.fresh || now !== first) button.hidden = false;
    } catch { /* no connection: asked again */ }
  };
  timer = setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
  ask();
})();
