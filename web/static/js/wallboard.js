// The wallboard kept alive for weeks: one clock, one question every 20 seconds, nothing that grows.
//   [data-wallboard]      the address of its middle; data-now, data-zone and data-release as the page was made
//   [data-left]           a due instant; the hours and minutes left stand in it
//   [data-lost]           since when there is no connection; [data-fresh-at] of when the picture is
//   template[data-over]   what takes the place of the picture once the session of whoever opened it is over
// A new picture is told by the event "picture". It reloads once a day, after a new release, and when it has been revoked.
"use strict";
(() => {
  const board = document.querySelector("[data-wallboard]");
  if (!board) return;
  const EVERY = 20_000, PATIENCE = 15_000, DAY = 86_400_000;
  const { zone, release } = board.dataset, opened = Date.now();
  const one = selector => document.querySelector(selector);
  const clock = one("[data-clock]"), day = one("[data-day]"), lost = one("[data-lost]"), freshAt = one("[data-fresh-at]"), line = one("[data-fresh-line]"), over = one("template[data-over]");
  const language = document.documentElement.lang === "en" ? "en-GB" : "vi-VN";
  const minutes = new Intl.DateTimeFormat(language, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const seconds = new Intl.DateTimeFormat(language, { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const weekday = new Intl.DateTimeFormat(language, { timeZone: zone, weekday: "long" });
  const date = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "2-digit", month: "2-digit", year: "numeric" });

  let ahead = Date.parse(board.dataset.now) - opened;              // a television's own clock is often wrong
  let fresh = opened, etag = "", asking = false, isOver = false;
  const now = () => Date.now() + ahead;
  const write = (element, words) => { if (element && element.textContent !== words) element.textContent = words; };
  const capital = words => words.charAt(0).toUpperCase() + words.slice(1);

  const tick = () => {
    const instant = now();
    write(clock, minutes.format(instant));
    write(day, `${capital(weekday.format(instant))}, ${date.format(instant)}`);
    for (const each of board.querySelectorAll("[data-left]")) {
      const left = Math.max(0, Math.floor((Date.parse(each.dataset.left) - instant) / 60_000));
      write(each, `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
    }
  };
  const told = () => {
    fresh = Date.now();
    write(freshAt, seconds.format(now()));
    lost.hidden = true;
    line.hidden = false;
    delete board.dataset.stale;
  };
  const missed = () => {
    if (isOver) return;
    write(lost, lost.dataset.words.replace("{time}", minutes.format(fresh + ahead)));
    lost.hidden = false;
    line.hidden = true;
    board.dataset.stale = "";
  };
  // Whoever opened it may not see it any more: nothing of it stays. A desk's says so and asks no more; others ask for their page anew.
  const ended = () => {
    board.replaceChildren(...(over ? [over.content.cloneNode(true)] : []));
    board.dispatchEvent(new Event("picture"));
    if (!over) { location.reload(); return; }
    delete board.dataset.stale;
    isOver = lost.hidden = line.hidden = true;
  };
  const ask = async () => {
    if (asking || isOver) return;
    asking = true;
    try {
      const answer = await fetch(board.dataset.wallboard, {
        headers: etag ? { "If-None-Match": etag } : {}, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE),
      });
      if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) { ended(); return; }
      if (answer.status !== 200 && answer.status !== 304) throw new Error(String(answer.status));
      const sent = Date.parse(answer.headers.get("X-Server-Time"));
      if (sent) ahead = sent - Date.now();
      if (answer.status === 200) {
        const fresh = document.createElement("template");
        fresh.innerHTML = await answer.text();
        etag = answer.headers.get("ETag") || "";
        board.replaceChildren(fresh.content);
        board.dispatchEvent(new Event("picture"));
      }
      told();
      tick();
      // only after an answer: a page that cannot be loaded would be worse than an old one
      if ((answer.headers.get("X-Release") || release) !== release || Date.now() - opened >= DAY) location.reload();
    } catch {
      missed();
    } finally {
      asking = false;
    }
  };
  setInterval(tick, 1000);
  setInterval(ask, EVERY);
  window.addEventListener("online", ask);
  window.addEventListener("offline", missed);
  tick();
  told();
})();
