// What the keyboard does: the library's keys while the drawing has the focus, ours on the whole page, all of them told by "?".
import { el, icon, say } from "./page.js";

/** By group: keys and what they do (`key_` + name). */
const KEYS = {
  keys_page: { help: ["?"], search: ["/", "Ctrl+F"], save: ["Ctrl+S"], minimap: ["M"] },
  keys_change: {
    undo: ["Ctrl+Z"], redo: ["Ctrl+Y", "Ctrl+Shift+Z"], copy: ["Ctrl+C"], paste: ["Ctrl+V"], duplicate: ["Ctrl+D"], cut: ["Ctrl+X"],
    remove: ["Delete"], rename: ["E"], kind: ["R"],
  },
  keys_choose: { all: ["Ctrl+A"], move: ["← ↑ → ↓"], move_far: ["Shift+← ↑ → ↓"] },
  keys_tools: { hand: ["H"], lasso: ["L"], space: ["S"], connect: ["C"], leave: ["Esc"] },
  keys_view: { scroll: ["Ctrl+← ↑ → ↓"], larger: ["Ctrl++"], smaller: ["Ctrl+-"], whole: ["Ctrl+0"] },
};

const isTyping = target => target.closest("input, textarea, select, [contenteditable=true], dialog");

/** `acts` by name: save, search, minimap. */
export function keysOf(acts) {
  const dialog = helpDialog();
  document.body.append(dialog);
  const help = () => (dialog.open ? dialog.close() : dialog.showModal());
  const byKey = { "?": help, "/": acts.search, m: acts.minimap };
  document.addEventListener("keydown", event => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "s") {
      event.preventDefault();
      acts.save();
      return;
    }
    const act = command || event.altKey || isTyping(event.target) ? null : byKey[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  return { help };
}

function helpDialog() {
  const keys = names => names.map((each, at) => [at ? ` ${say("or")} ` : null, each.split(/\+(?!$)/).map((key, n) => [n ? "+" : null, el("kbd", {}, key)])]);
  const close = el("button", { type: "button", class: "btn btn-outline-secondary btn-icon", "aria-label": say("close"), title: say("close") }, icon("x"));
  const made = el("dialog", { class: "keyhelp", "aria-labelledby": "keyhelp-heading" },
    el("div", { class: "row-flex" }, el("h2", { id: "keyhelp-heading" }, say("keys")), el("span", { class: "push" }, close)),
    el("p", { class: "small muted" }, say("keys_hint")),
    el("div", { class: "keygroups" }, Object.entries(KEYS).map(([group, list]) => el("section", {}, el("h3", {}, say(group)),
      el("dl", {}, Object.entries(list).map(([name, combos]) => el("div", {}, el("dt", {}, keys(combos)), el("dd", {}, say(`key_${name}`)))))))));
  close.addEventListener("click", () => made.close());
  made.addEventListener("click", event => { if (event.target === made) made.close(); });
  return made;
}
