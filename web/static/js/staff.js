// Staff pages. Nothing here is needed to read or use a page.
//   [data-row]                 j and k move between them, Enter opens, x picks, c or n takes
//   [data-queue]               a list beside the page, scrolled to its current row
//   "row:stand"                this event of a row lets it be stood at
//   [data-entry="inbox"]       a link of the bar that keys lead to
//   [data-key="p"]             pressing the key presses this button or link, or goes to this field; a button that decides what cannot be
//                              taken back is pressed by the second press of its key. Not so [data-once-enough]
//   [data-press-again]         says that a second press is needed; Escape, another key or five seconds are a no
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
  const again = document.querySelector("[data-press-again]"), LONG_ENOUGH = 5000;
  let wanted = null, forgets = 0;
  const forget = () => {
    clearTimeout(forgets);
    wanted?.removeAttribute("data-wanted");
    wanted = null;
    if (again) again.textContent = "";
  };
  const decides = element => element.matches(".work-form button:not([type=button])") && !element.formNoValidate && !("onceEnough" in element.dataset);
  const askAgain = (element, key) => {
    forget();
    wanted = element;
    element.setAttribute("data-wanted", "");
    const words = element.cloneNode(true);
    words.querySelectorAll("kbd,svg").forEach(each => each.remove());
    again.textContent = again.dataset.pressAgain.replace("{key}", key.toUpperCase()).replace("{act}", words.textContent.trim());
    forgets = setTimeout(forget, LONG_ENOUGH);
  };
  const press = (element, key) => {
    if (element.matches("input,textarea,select")) element.focus();
    else if (again && decides(element) && wanted !== element) askAgain(element, key);
    else { forget(); element.click(); }
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
    if (wanted && event.key.toLowerCase() !== wanted.dataset.key) forget();
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
      if (element && !event.repeat) { event.preventDefault(); press(element, event.key); }
    }
  });
})();
