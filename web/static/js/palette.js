// The command palette. Without this script the field in the bar is a link to the search page.
//   dialog[data-palette="address"]   its rows come from there, for what is typed and for the open case
//   [data-palette-open]              opens it, as Ctrl K and ⌘ K do
//   [data-case="ref"]                the case the page is about
// Rows are links: choosing one leads to its page and does nothing by itself.
"use strict";
(() => {
  const PAUSE = 120;
  const dialog = document.querySelector("dialog[data-palette]");
  if (!dialog?.showModal) return;
  const field = dialog.querySelector("[role=combobox]"), list = dialog.querySelector("[role=listbox]"), said = dialog.querySelector("[role=status]");
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  const options = () => [...list.querySelectorAll("[role=option]")];
  let timer = 0, asking = null, shown = null;

  const stand = option => {
    options().forEach(each => each.setAttribute("aria-selected", String(each === option)));
    if (option) { field.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  };
  const tell = (words, isQuiet) => {
    if (said.textContent !== words) said.textContent = words;
    said.classList.toggle("is-quiet", isQuiet);
  };
  const draw = html => {
    list.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);      // made by the server; no script runs
    const found = list.querySelector("[data-number]"), number = Number(found?.dataset.number || 0);
    list.hidden = !number;
    list.scrollTop = 0;
    field.setAttribute("aria-expanded", String(number > 0));
    stand(options()[0]);
    tell(found?.dataset.said || "", number > 0);
  };
  const ask = async () => {
    asking?.abort();
    const mine = asking = new AbortController(), typed = field.value;
    const address = new URL(dialog.dataset.palette, location.href);
    address.searchParams.set("q", typed);
    const open = document.querySelector("[data-case]")?.dataset.case;
    if (open) address.searchParams.set("case", open);
    try {
      const answer = await fetch(address, { signal: mine.signal, redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) { list.hidden = true; tell(dialog.dataset.wordsEnded, false); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      if (mine !== asking) return;
      draw(html);
      shown = typed;
    } catch (fault) {
      if (fault.name === "AbortError") return;
      list.hidden = true;
      field.setAttribute("aria-expanded", "false");
      tell(dialog.dataset.wordsOffline, false);
    }
  };
  const open = () => {
    if (dialog.open) { field.select(); return; }
    if (document.querySelector("dialog[open]:modal")) return;
    field.value = "";
    draw("");
    dialog.showModal();
    field.focus();
    ask();
  };
  // Enter right after typing opens what belongs to the words in the field, not to those before
  const follow = async event => {
    if (shown !== field.value) { clearTimeout(timer); await ask(); }
    const option = options().find(each => each.getAttribute("aria-selected") === "true");
    if (!option || !dialog.open) return;
    if (event.ctrlKey || event.metaKey) window.open(option.href, "_blank", "noopener");
    else { dialog.close(); location.assign(option.href); }
  };

  document.querySelectorAll("[data-palette-open]").forEach(button => {
    button.hidden = false;
    button.setAttribute("role", "button");
    button.setAttribute("aria-haspopup", "dialog");
    if (isMac) button.querySelector("kbd").textContent = "⌘ K";
    button.addEventListener("click", event => { if (!event.ctrlKey && !event.metaKey) { event.preventDefault(); open(); } });
    button.addEventListener("keydown", event => { if (event.key === " ") { event.preventDefault(); open(); } });
  });
  dialog.querySelector("[data-palette-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { clearTimeout(timer); asking?.abort(); shown = null; });
  document.addEventListener("keydown", event => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    open();
  });
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); });
  list.addEventListener("pointermove", event => { const option = event.target.closest("[role=option]"); if (option && event.pointerType === "mouse") stand(option); });
  dialog.addEventListener("keydown", event => {
    event.stopPropagation();                                         // the keys of the page behind rest
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); field.select(); return; }
    if (event.isComposing || event.target !== field) return;
    const all = options(), at = all.findIndex(each => each.getAttribute("aria-selected") === "true");
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 8, all.length - 1), PageUp: Math.max(at - 8, 0) }[event.key];
    if (to !== undefined && all.length) { event.preventDefault(); stand(all[(to + all.length) % all.length]); }
    else if (event.key === "Enter") { event.preventDefault(); follow(event); }
  });
})();
