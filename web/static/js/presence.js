// Who else has the open case open. Without this script nobody is seen, and nothing else is missing.
//   [data-presence="address"]   told there every ten seconds while the page is in sight, with the ref of [data-case] and whether
//                               something was typed just now; never what. The answer is written into it.
"use strict";
(() => {
  const EVERY = 10_000, WRITING = 15_000, LONGEST = 120_000;
  const place = document.querySelector("[data-presence]"), ref = place?.closest("[data-case]")?.dataset.case;
  if (!ref) return;
  let timer = 0, wait = EVERY, isOver = false, typed = -Infinity, told = false;
  const fields = more => {
    const body = new URLSearchParams({ case: ref, csrf_token: document.querySelector('[name="csrf_token"]')?.value || "", ...more });
    return body;
  };
  const isWriting = () => performance.now() - typed < WRITING;
  const draw = others => {
    const key = JSON.stringify(others);
    if (place.dataset.shown === key) return;
    place.dataset.shown = key;
    place.hidden = !others.length;
    place.replaceChildren(...others.map(each => {
      const line = document.createElement("span"), face = document.createElement("span"), words = document.createElement("span"), name = document.createElement("b");
      line.className = "presence-one";
      face.className = "avatar-s";
      face.setAttribute("aria-hidden", "true");
      face.textContent = each.initials;
      name.textContent = each.name;
      words.append(name, ` ${(each.writes ? place.dataset.wordsWrites : place.dataset.wordsLooks).replace("{time}", each.since)}`);
      line.append(face, words);
      line.toggleAttribute("data-writes", each.writes);
      return line;
    }));
  };
  const say = async () => {
    try {
      const answer = await fetch(place.dataset.presence, { method: "POST", body: fields({ writes: isWriting() ? "1" : "0" }), headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || [400, 401, 403, 404].includes(answer.status)) { isOver = true; draw([]); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      told = true;
      draw((await answer.json()).others);
      wait = EVERY;
    } catch {
      wait = Math.min(wait * 2, LONGEST);
      draw([]);                                                      // nobody knows
    }
  };
  const plan = () => {
    clearTimeout(timer);
    if (!isOver && !document.hidden) timer = setTimeout(now, wait);
  };
  const now = async () => { if (!isOver && !document.hidden) { await say(); plan(); } };
  const leave = () => {
    clearTimeout(timer);
    if (told && !isOver) navigator.sendBeacon(place.dataset.presence, fields({ leaves: "1" }));
    told = false;
  };
  document.addEventListener("input", event => {
    if (!event.target.closest("main form") || event.target.closest("[role=search]")) return;
    const begins = !isWriting();
    typed = performance.now();
    if (begins) now();                                               // at once, since it is the first sign that counts
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); else now(); });
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", event => { if (event.persisted) now(); });
  now();
})();
