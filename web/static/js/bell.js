// The bell in the bar. Without this script it is a link to its page.
//   a[data-bell="address"]      a press shows the newest lines from there instead; [data-bell-number] is the number beside it
//   "bell:number"               this event of the document, with a number, renews it (the pulse of the inbox)
"use strict";
(() => {
  const link = document.querySelector("a[data-bell]"), box = document.querySelector("[data-bell-box]"), number = link?.querySelector("[data-bell-number]");
  if (!link || !box) return;
  const show = unread => {
    number.hidden = !unread;
    number.firstChild.textContent = unread;
  };
  const close = () => { box.hidden = true; link.setAttribute("aria-expanded", "false"); };
  link.setAttribute("role", "button");
  link.setAttribute("aria-expanded", "false");
  link.setAttribute("aria-controls", box.id);
  const toggle = async event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!box.hidden) { close(); return; }
    try {
      const answer = await fetch(link.dataset.bell, { redirect: "manual", cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");      // made by the server; no script in it runs
      box.querySelector("[data-bell-lines]").replaceChildren(...page.body.childNodes);
      show(Number(box.querySelector("[data-unread-number]").dataset.unreadNumber));
      box.hidden = false;
      link.setAttribute("aria-expanded", "true");
    } catch { location.assign(link.href); }
  };
  link.addEventListener("click", toggle);
  link.addEventListener("keydown", event => { if (event.key === " ") toggle(event); });
  document.addEventListener("bell:number", event => show(event.detail));
  document.addEventListener("keydown", event => { if (event.key === "Escape" && !box.hidden) { close(); link.focus(); } });
  document.addEventListener("pointerdown", event => { if (!box.hidden && !event.target.closest("[data-bell-box],[data-bell]")) close(); });
})();
