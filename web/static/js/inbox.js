// The inbox kept alive. Without it the page shows what waited when it was opened; everything on it works.
//   [data-pulse]       asked every 20 seconds: numbers in the column and the title, and a button when new tasks have come
//   [data-fresh]       the button; nothing that is being read moves before it is pressed
//   [data-sound]       switches the short sound for new urgent tasks; the choice stays in this browser
//   [data-all], [data-none]    tick all on this page, or none
// Where one stood is kept in this tab: coming back after a step, the row that took its place is stood at.
"use strict";
(() => {
  const main = document.querySelector("[data-pulse]");
  if (!main) return;
  const EVERY = 20_000, SOON = 2_000, LONGEST = 300_000;
  const said = document.querySelector("[data-said]"), here = location.pathname + location.search;
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const stored = (store, key, value) => {                            // a browser may refuse to keep anything
    try { return value === undefined ? store.getItem(key) : store.setItem(key, value); } catch { return null; }
  };

  // -- ticks
  const all = document.querySelector("[data-all]"), none = document.querySelector("[data-none]");
  const bulk = document.querySelector("[data-bulk]");
  const boxes = () => [...document.querySelectorAll("[data-row] input[type=checkbox]")];
  const tick = on => {
    boxes().forEach(box => { box.checked = on; });
    show();
  };
  const show = () => {
    const picked = boxes().filter(box => box.checked).length;
    if (bulk) { bulk.hidden = !picked; bulk.querySelector("[data-n]").textContent = picked; }
    if (all) { all.checked = picked > 0 && picked === boxes().length; all.indeterminate = picked > 0 && !all.checked; }
  };
  if (all) { all.hidden = false; all.addEventListener("change", () => tick(all.checked)); }
  if (none) { none.hidden = false; none.addEventListener("click", () => tick(false)); }
  document.addEventListener("change", show);
  window.addEventListener("pageshow", show);                       // a browser fills in the ticks of a page gone back to

  // -- what was not chosen need not stand in the address
  const choice = document.querySelector(".filterbar");
  const empty = on => choice.querySelectorAll("select,[type=search]").forEach(field => { if (!field.value) field.disabled = on; });
  choice.addEventListener("submit", () => empty(true));
  window.addEventListener("pageshow", () => empty(false));

  // -- where one stood
  const PLACE = "inbox-place";
  const keepPlace = row => stored(sessionStorage, PLACE, JSON.stringify({ here, row: row.id, index: rows().indexOf(row) }));
  document.addEventListener("click", event => { const row = event.target.closest("[data-row]"); if (row) keepPlace(row); });
  const place = JSON.parse(stored(sessionStorage, PLACE) || "null");
  if (place && place.here === here) {
    const list = rows(), row = document.getElementById(place.row) || list[Math.min(place.index, list.length - 1)];
    row?.dispatchEvent(new Event("row:stand", { bubbles: true }));   // staff.js knows how
    stored(sessionStorage, PLACE, "null");
  }

  // -- the sound
  const button = document.querySelector("[data-sound]");
  let audio = null;
  const isOn = () => stored(localStorage, "inbox-sound") === "on";
  const draw = () => button.setAttribute("aria-pressed", isOn());
  const wake = () => { if (isOn()) { audio ??= new AudioContext(); audio.resume(); } };
  const ring = () => {
    if (!audio || audio.state !== "running" || !isOn()) return;      // browsers are silent until the page was touched
    [880, 1175].forEach((pitch, number) => {
      const tone = audio.createOscillator(), volume = audio.createGain(), from = audio.currentTime + number * 0.18;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, from);
      volume.gain.exponentialRampToValueAtTime(0.2, from + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.16);
      tone.connect(volume).connect(audio.destination);
      tone.start(from);
      tone.stop(from + 0.17);
    });
    main.dataset.rang = Number(main.dataset.rang || 0) + 1;
  };
  if (button && main.dataset.pulse && window.AudioContext) {
    button.hidden = false;
    draw();
    button.addEventListener("click", () => { stored(localStorage, "inbox-sound", isOn() ? "off" : "on"); draw(); wake(); ring(); });
    document.addEventListener("pointerdown", wake);
    document.addEventListener("keydown", wake);
  }

  // -- the pulse
  if (!main.dataset.pulse) return;
  const fresh = document.querySelector("[data-fresh]"), link = document.querySelector("[data-fresh-link]"), title = document.title;
  let wait = EVERY, timer = 0, known = 0, etag = "", isOver = false;
  const count = (place, words) => { if (place?.firstChild) place.firstChild.textContent = words; };
  const unfold = place => {                                          // a view that is empty no more leaves the fold
    const fold = place?.closest("[data-idle]");
    if (!fold) return;
    document.querySelector("[data-views]").append(place.closest("li"));
    const left = fold.querySelectorAll("li").length, summary = fold.querySelector("summary");
    summary.textContent = summary.textContent.replace(/\d+/, left);
    fold.hidden = !left;
  };
  const seen = (place, others) => {                                  // colleagues who have the case open
    place.hidden = !others.length;
    place.replaceChildren(...others.map(each => {
      const line = document.createElement("span"), face = document.createElement("span");
      line.className = "presence-one";
      face.className = "avatar-s";
      face.setAttribute("aria-hidden", "true");
      face.textContent = each.initials;
      line.append(face, `${each.name} ${(each.writes ? main.dataset.wordsWrites : main.dataset.wordsLooks).replace("{time}", each.since)}`);
      return line;
    }));
  };
  const tell = told => {
    for (const [key, view] of Object.entries(told.views)) {
      const place = document.querySelector(`[data-view="${CSS.escape(key)}"] .count`);
      count(place, view.count);
      place?.classList.toggle("count-late", view.late);
      if (view.count !== "0") unfold(place);
    }
    document.querySelectorAll("[data-view]").forEach(each => { if (!(each.dataset.view in told.views)) count(each.querySelector(".count"), "0"); });
    count(document.querySelector(".sitenav [aria-current] .count"), told.all > 99 ? "99+" : told.all);
    document.dispatchEvent(new CustomEvent("bell:number", { detail: told.bell }));
    document.querySelectorAll("[data-here]").forEach(place => seen(place, told.here[place.dataset.here] || []));
    document.title = told.fresh ? `(${told.fresh}) ${title}` : title;
    fresh.hidden = !told.fresh;
    if (told.fresh) {
      link.textContent = `${told.fresh} ${told.fresh === 1 ? main.dataset.wordsOne : main.dataset.wordsNew}`;
      if (told.fresh !== known) said.textContent = link.textContent;
      if (told.fresh_urgent > Number(main.dataset.urgent || 0)) ring();
    }
    known = told.fresh;
    main.dataset.urgent = told.fresh_urgent;
  };
  const ask = async () => {
    try {
      const answer = await fetch(main.dataset.pulse, { headers: etag ? { "If-None-Match": etag } : {}, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
        isOver = true;
        said.classList.remove("visually-hidden");
        said.textContent = main.dataset.wordsEnded;
        return;
      }
      if (answer.status === 200) { etag = answer.headers.get("ETag") || ""; tell(await answer.json()); }
      else if (answer.status !== 304) throw new Error(String(answer.status));
      if (wait !== EVERY) { said.classList.add("visually-hidden"); said.textContent = ""; }
      wait = EVERY;
    } catch {
      wait = Math.min(wait * 2, LONGEST);
      said.classList.remove("visually-hidden");
      said.textContent = main.dataset.wordsOffline;
    }
  };
  const plan = () => {
    clearTimeout(timer);
    if (!isOver && !document.hidden) timer = setTimeout(async () => { await ask(); plan(); }, wait);
  };
  const now = async () => { if (!isOver && !document.hidden) { await ask(); plan(); } };
  document.addEventListener("visibilitychange", now);
  window.addEventListener("online", now);
  document.addEventListener("inbox:ask", now);
  timer = setTimeout(now, SOON);
})();
