// The numbers of an open dashboard.
//   [data-live]           the address that is asked every 30 seconds while the page is seen
//   [data-of]             a number, by its name in the answer
//   [data-stale]          shown once a number has changed: the lists below are as they were
"use strict";
(() => {
  const main = document.querySelector("[data-live]");
  if (!main) return;
  const EVERY = 30_000, LONGEST = 600_000, stale = document.querySelector("[data-stale]");
  let wait = EVERY, timer = 0, etag = "", isOver = false;
  const tell = told => {
    for (const place of document.querySelectorAll("[data-of]")) {
      const holder = place.querySelector("a") || place, words = String(told[place.dataset.of]);
      const text = holder.firstChild;
      if (!text || text.nodeType !== Node.TEXT_NODE || text.data.trim() === words) continue;
      text.data = words;
      stale.hidden = false;
    }
    const late = main.querySelector("[data-of=late]")?.closest(".card");
    if (told.late) late?.setAttribute("data-is", "late"); else late?.removeAttribute("data-is");
  };
  const ask = async () => {
    try {
      const answer = await fetch(main.dataset.live, { headers: etag ? { "If-None-Match": etag } : {}, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) { isOver = true; return; }
      if (answer.status === 200) { etag = answer.headers.get("ETag") || ""; tell(await answer.json()); }
      wait = EVERY;
    } catch {
      wait = Math.min(wait * 2, LONGEST);
    }
  };
  const plan = () => {
    clearTimeout(timer);
    if (!isOver && !document.hidden) timer = setTimeout(async () => { await ask(); plan(); }, wait);
  };
  document.addEventListener("visibilitychange", async () => { if (!isOver && !document.hidden) { await ask(); plan(); } });
  document.addEventListener("dashboard:ask", ask);
  plan();
})();
