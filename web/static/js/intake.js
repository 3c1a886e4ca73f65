// Taking a report down. Everything here can be done without it, by the button that looks number and words up.
//   form[data-intake]          Ctrl+Enter sends it
//   [data-known-url]           asked when the number is complete; the answer stands in [data-known]. The number is sent, never part of an address
//   [data-hints-url]           asked when the words are typed: [data-emergency], [data-hint-field], [data-hint-urgent]; the last has a link to
//                              the tick, which ticks it
//   input[list=communes]       two letters become the commune they mean, where they mean one alone
"use strict";
(() => {
  const form = document.querySelector("form[data-intake]");
  if (!form) return;
  const one = selector => form.querySelector(selector);
  const show = (element, on) => { if (element) element.hidden = !on; };

  document.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); form.requestSubmit(one("[data-send]")); }
  });

  const ask = async (url, fields) => {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, ...fields });
    try {
      const answer = await fetch(url, { method: "POST", body, redirect: "manual", cache: "no-store" });
      return answer.ok ? await answer.json() : null;
    } catch { return null; }
  };

  // -- the number
  const phone = form.elements.phone, known = one("[data-known]");
  let asked = "";
  phone?.addEventListener("change", async () => {
    const typed = phone.value.trim();
    if (typed === asked) return;
    asked = typed;
    const told = typed ? await ask(form.dataset.knownUrl, { phone: typed }) : null;
    if (typed !== phone.value.trim()) return;                       // another number was typed meanwhile
    show(known, told);
    if (!told) return;
    one("[data-known-words]").textContent = told.words;
    one("[data-known-cases]").replaceChildren(...told.cases.map(each => {
      const line = document.createElement("li"), link = document.createElement("a"), state = document.createElement("span");
      link.className = "code"; link.href = each.url; link.textContent = each.code; link.target = "_blank"; link.rel = "noopener";
      state.className = "muted small"; state.textContent = each.state;
      line.append(link, " ", state);
      return line;
    }));
  });

  // -- the words
  const words = form.elements.words, field = form.elements.field, take = one("[data-take-field]");
  let heard = "", timer = 0;
  const listen = async () => {
    const typed = words.value.trim();
    if (typed === heard || typed.length < 4) return;
    heard = typed;
    const told = await ask(form.dataset.hintsUrl, { words: typed });
    if (!told || typed !== words.value.trim()) return;
    const box = one("[data-emergency-words]");
    box.replaceChildren(...told.emergencies.map(sentence => {
      const line = document.createElement("p"), strong = document.createElement("b");
      strong.textContent = sentence;
      line.append(strong);
      return line;
    }));
    show(one("[data-emergency]"), told.emergencies.length);
    show(one("[data-hint-field]"), told.field && field.value !== told.field[0]);
    if (told.field) { take.dataset.takeField = told.field[0]; one("[data-hint-field-name]").textContent = told.field[1]; }
    show(one("[data-hint-urgent]"), told.urgent && !form.elements.urgent.checked);
    one("[data-hint-urgent-words]").textContent = told.urgent;
  };
  words.addEventListener("change", listen);
  words.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(listen, 900); });
  take?.addEventListener("click", () => {
    field.value = take.dataset.takeField;
    show(one("[data-hint-field]"), false);
    field.focus();
  });

  one("[data-take-urgent]")?.addEventListener("click", () => {        // the link itself leads to the tick
    form.elements.urgent.checked = true;
    show(one("[data-hint-urgent]"), false);
    form.elements.urgent.focus();
  });

  // -- the commune
  const area = form.elements.area, names = [...document.querySelectorAll("#communes option")];
  const today = names.filter(option => !("former" in option.dataset)), before = names.filter(option => "former" in option.dataset);
  const LEVELS = /^(thi tran|phuong|xa) /;
  const fold = text => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/['’‘ʼ`´\-‐‑–]/g, "").trim();
  const isName = (wanted, name) => name === wanted, isBare = (wanted, name) => name.replace(LEVELS, "") === wanted;
  const begins = (wanted, name) => name.replace(LEVELS, "").startsWith(wanted) || name.startsWith(wanted);
  const hasWord = (wanted, name) => name.replace(LEVELS, "").split(" ").some(word => word.startsWith(wanted));
  const isInitials = (wanted, name) => name.replace(LEVELS, "").split(" ").map(word => word[0]).join("") === wanted;
  const tiers = [
    [isName, today], [isBare, today], [isName, before], [isBare, before],
    [begins, today], [hasWord, today], [isInitials, today], [begins, before], [hasWord, before],
  ];
  area.addEventListener("change", () => {
    const wanted = fold(area.value);
    for (const [fits, among] of wanted ? tiers : []) {
      const found = among.filter(option => fits(wanted, option.dataset.folded));
      if (new Set(found.map(option => option.dataset.area)).size === 1) area.value = found[0].value;
      if (found.length) return;
    }
  });
})();
