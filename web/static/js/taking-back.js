// What was just done and can still be taken back: counts the seconds, and says at the end what became of it.
//   [data-held="9"]            a line, with the seconds that are left; data-state answers what became of it
"use strict";
(() => {
  const ASKED = 6, EVERY = 1500, READ = 6000;
  const ask = async (line, left) => {
    let told = null;
    try {
      const answer = await fetch(line.dataset.state, { redirect: "manual", cache: "no-store" });
      told = answer.ok ? await answer.json() : null;
    } catch { /* asked again */ }
    if (told === null || told.state === "held") {
      if (left) setTimeout(ask, EVERY, line, left - 1);
      else line.remove();
      return;
    }
    const words = line.querySelector("[data-held-words]"), code = words.querySelector("b");
    words.replaceChildren(code, ` · ${told.words} `);
    if (told.state === "back") {
      const link = document.createElement("a");
      link.href = told.url;
      link.textContent = code.textContent;
      code.replaceChildren(link);
      line.dataset.tone = "wait";
      return;
    }
    setTimeout(() => line.remove(), READ);
  };
  document.querySelectorAll("[data-held]").forEach(line => {
    const until = performance.now() + Number(line.dataset.held) * 1000, shown = line.querySelector("[data-held-seconds]");
    const words = shown.textContent.replace(/\d+/, "{}");
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left > 0) {
        shown.textContent = words.replace("{}", left);
        setTimeout(tick, 250);
        return;
      }
      line.querySelector("button").remove();
      shown.remove();
      setTimeout(ask, EVERY, line, ASKED);
    };
    tick();
  });
})();
