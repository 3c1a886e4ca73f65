// Staff pages. Nothing here is needed to read or use a page.
//   [data-row]                 j and k move between them, Enter opens, x picks, c or n takes
//   [data-queue]               a list beside the page, scrolled to its current row
//   "row:stand"                this event of a row lets it be stood at
//   [data-entry="inbox"]       a link of the bar that keys lead to
//   [data-key="p"]             pressing the key presses this button or link, or goes to this field
//   "/" goes to the search, "?" shows the keys (details.allkeys), Escape closes what floats (details.pop)
//   "g i" leads to the inbox, "g c" to a call to be taken down, "g b" to the wallboard
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const typing = target => target.closest("input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable]");

  const entry = name => document.querySelector(`.sitenav [data-entry="${name}"]`);

  const moveTo = (list, index) => {
    if (!list.length) return;
    list.forEach(row => row.removeAttribute("data-at"));
    const row = list[Math.max(0, Math.min(list.length - 1, index))];
    row.setAttribute("data-at", "");
    row.querySelector("a")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  let pressedG = -Infinity;
  const press = element => {
    if (element.matches("input,textarea,select")) element.focus();
    else element.click();
  };

  const current = document.querySelector("[data-queue] [data-at]");
  const show = () => {
    const list = current.parentElement;
    list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 3;
  };
  if (current) {
    show();
    window.addEventListener("load", show);               // the letters may be higher by then
  }

  document.addEventListener("row:stand", event => { const list = rows(); moveTo(list, list.indexOf(event.target)); });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") document.querySelectorAll("details.pop[open]").forEach(open => (open.open = false));
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const list = rows(), at = list.findIndex(row => row.hasAttribute("data-at"));
    const box = list[at]?.querySelector("input[type=checkbox]");
    const afterG = event.timeStamp - pressedG < 1500;
    pressedG = event.key === "g" ? event.timeStamp : -Infinity;
    const led = afterG && { i: "inbox", c: "phone-call", b: "arrows-maximize" }[event.key];
    if (led) entry(led)?.click();
    else if (event.key === "j" && list.length) moveTo(list, at + 1);
    else if (event.key === "k" && list.length) moveTo(list, at < 0 ? 0 : at - 1);
    else if (event.key === "Enter" && at >= 0 && event.target === document.body) list[at].querySelector("a")?.click();
    else if (/^[cn]$/.test(event.key) && at >= 0 && list[at].querySelector("[data-claim]")) list[at].querySelector("[data-claim]").click();
    else if (event.key === "x" && box) box.click();
    else if (event.key === "/") { event.preventDefault(); (document.querySelector("[type=search]") ?? entry("search"))?.focus(); }
    else if (event.key === "?") { const keys = document.querySelector("details.allkeys"); if (keys) keys.open = !keys.open; }
    else {
      const element = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]:not(:disabled)`);
      if (element) { event.preventDefault(); press(element); }
    }
  });
})();
