// Choosing agencies (steps/distribute.html). The boxes and radios stay the fields of the form; without this script they are ticked themselves.
//   [data-agencies]          its boxes become chips with a field that finds by two letters, without accents, the commune's own first
//   [data-adds="ref"]        a button that ticks one of them; [data-checks="id"] a list whose choice checks a radio
//   [data-send], [data-limits-of], [data-send-verb], [data-barnote]   what will be sent follows what is chosen
//   [data-owns], [data-own-template]   words and an earlier day for each agency chosen
"use strict";
(() => {
  const field = document.querySelector("[data-agencies]"), form = field?.closest("form"), send = form?.querySelector("[data-send]");
  if (!send) return;
  const MOST = 7, LEAST = 2;
  const all = (selector, within = form) => [...within.querySelectorAll(selector)];
  const make = (name, attributes = {}, words = "") => {
    const element = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.textContent = words;
    return element;
  };
  const fold = words => [...words.normalize("NFC")].map(sign => sign.normalize("NFD")[0].replace(/[đĐ]/, "d").toLowerCase()).join("");
  const bodies = all("[name=cooperating]", field).map(box => {
    const label = box.closest("label"), name = label.querySelector("[data-words]").textContent.trim(), short = box.dataset.name;
    return { box, name, short, ref: box.value, isOwn: box.dataset.own === "yes", load: label.querySelector(".load"), words: fold(`${name} ${short}`).split(/[^a-z0-9]+/) };
  });
  const changed = () => form.dispatchEvent(new Event("change", { bubbles: true }));
  const leadRef = () => {
    const chosen = form.querySelector("[name=lead]:checked")?.value || "";
    return chosen === "other" || !chosen ? form.elements.lead_other.value : chosen;
  };
  let ticked = [];                                                             // in the order they were chosen
  const cooperating = () => {
    const lead = leadRef();
    ticked = [...ticked.filter(({ box }) => box.checked), ...bodies.filter(each => each.box.checked && !ticked.includes(each))];
    return ticked.filter(({ ref }) => ref !== lead);
  };
  const tick = (body, isTicked) => { body.box.checked = isTicked; changed(); };

  // ------------------------------------------------------------------ chips
  const boxes = field.querySelector("[data-boxes]"), words = field.dataset;
  const combo = make("div", { class: "combo" }), line = make("div", { class: "combo-in" }), list = make("div", { class: "combo-list" });
  const input = make("input", {
    type: "text", role: "combobox", autocomplete: "off", placeholder: words.search, "aria-label": `${field.querySelector("legend").firstChild.textContent.trim()}: ${words.search}`,
    "aria-expanded": "false", "aria-controls": "agencies-found", "aria-autocomplete": "list", id: "agencies-typed",
  });
  const options = make("ul", { role: "listbox", id: "agencies-found", "aria-label": words.search });
  const foot = make("p", { class: "combo-foot", role: "status" });
  list.append(options, foot);
  line.append(input);
  combo.append(line, list);
  list.hidden = true;
  boxes.before(combo);
  boxes.hidden = true;

  let shown = [], at = 0;
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const marked = (name, typed) => {
    const box = document.createElement("span"), folded = fold(name);
    let from = 0;
    const spots = typed.map(word => { const start = (" " + folded).search(new RegExp(`[^a-z0-9]${word}`)); return start < 0 ? null : [start, start + word.length]; });
    spots.filter(Boolean).sort((one, other) => one[0] - other[0]).forEach(([start, end]) => {
      if (start < from) return;
      box.append([...name].slice(from, start).join(""), make("mark", {}, [...name].slice(start, end).join("")));
      from = end;
    });
    box.append([...name].slice(from).join(""));
    return box;
  };
  const find = () => {
    const typed = fold(input.value).split(/[^a-z0-9]+/).filter(Boolean);
    if (typed.join("").length < LEAST) return close();
    const lead = leadRef();
    shown = bodies.filter(each => !each.box.checked && each.ref !== lead && typed.every(word => each.words.some(own => own.startsWith(word))));
    shown.sort((one, other) => other.isOwn - one.isOwn);
    at = Math.min(at, Math.max(0, Math.min(shown.length, MOST) - 1));
    options.replaceChildren(...shown.slice(0, MOST).map((each, index) => {
      const option = make("li", { role: "option", id: `agency-${each.ref}`, "aria-selected": String(index === at) });
      option.append(marked(each.name, typed), each.load.cloneNode(true));
      option.addEventListener("mousedown", event => event.preventDefault());   // the field keeps the focus
      option.addEventListener("click", () => take(each));
      return option;
    }));
    foot.textContent = shown.length ? `${words.found.replace("{shown}", shown.length).replace("{all}", bodies.length)} · ${words.keys}` : words.none;
    list.hidden = false;
    input.setAttribute("aria-expanded", String(shown.length > 0));
    if (shown.length) {
      input.setAttribute("aria-activedescendant", `agency-${shown[at].ref}`);
      options.children[at].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  const take = body => {
    input.value = "";
    close();
    tick(body, true);
    input.focus();
  };
  input.addEventListener("input", () => { at = 0; find(); });
  input.addEventListener("focus", find);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", event => {
    const length = Math.min(shown.length, MOST), isOpen = !list.hidden && length > 0;
    if (event.key === "Enter") { event.preventDefault(); if (isOpen) take(shown[at]); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    else if (event.key === "Backspace" && !input.value) { const last = cooperating().pop(); if (last) tick(last, false); }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && isOpen) {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : length - 1)) % length;
      find();
    }
  });
  const chips = () => {
    all(".chip", line).forEach(chip => chip.remove());
    cooperating().forEach(body => {
      const chip = make("span", { class: "chip", "data-on": "" }, body.short);
      const away = make("button", { type: "button", class: "chip-x", "aria-label": words.away.replace("{name}", body.short) }, "×");
      away.addEventListener("click", () => { tick(body, false); input.focus(); });
      chip.append(away);
      input.before(chip);
    });
  };

  // --------------------------------------------------- words for each of them
  const owns = form.querySelector("[data-owns]"), pattern = form.querySelector("[data-own-template]"), ownbox = form.querySelector("[data-ownbox]");
  const own = ref => owns.querySelector(`[data-own="${CSS.escape(ref)}"]`);
  const ownFields = (lead, others) => {
    const chosen = [...(lead ? [lead] : []), ...others];
    chosen.filter(({ ref }) => !own(ref)).forEach(({ ref, name }) => {
      const made = pattern.content.cloneNode(true);
      all("*", made).forEach(element => [...element.attributes].forEach(each => { each.value = each.value.replace("{ref}", ref); }));
      made.querySelector("[data-name]").textContent = name;
      owns.append(made);
    });
    all("[data-own]", owns).forEach(each => {
      const isLead = each.dataset.own === lead?.ref, day = each.querySelector("[data-day]");
      each.hidden = !chosen.some(({ ref }) => ref === each.dataset.own);
      if (day) { day.hidden = isLead; day.querySelector("input").disabled = isLead || each.hidden; }
    });
    ownbox.hidden = !chosen.length;
  };

  // ------------------------------------------------------------ what is sent
  const rows = send.querySelector("[data-send-rows]"), row = send.querySelector("[data-send-template]");
  const said = (element, number) => {
    const { none, one, many } = element.dataset;
    element.textContent = number === 0 ? none : number === 1 ? one : many.replace("{number}", number);
  };
  const show = () => {
    const ref = leadRef(), lead = bodies.find(each => each.ref === ref), others = cooperating(), chosen = [...(lead ? [lead] : []), ...others];
    const limits = all("[data-limits-of]", send).find(part => {
      part.hidden = (part.dataset.limitsOf === "1") !== (chosen.length < 2);
      all("[data-blank]", part).forEach(each => { each.hidden = chosen.length > 0; });
      return !part.hidden;
    }).dataset;
    chips();
    ownFields(lead, others);
    rows.replaceChildren(...chosen.map(each => {
      const made = row.content.cloneNode(true).firstElementChild, day = own(each.ref).querySelector("[type=date]:enabled")?.value;
      made.classList.toggle("is-lead", each === lead);
      made.querySelector("[data-name]").textContent = each.short;
      made.querySelector("[data-role]").textContent = each === lead ? send.dataset.leads : send.dataset.cooperates;
      made.querySelector("[data-accept]").textContent = limits.accept;
      made.querySelector("[data-answer]").textContent = day ? day.split("-").reverse().join("/") : limits.answer;
      return made;
    }));
    said(send.querySelector("[data-send-head]"), chosen.length);
    said(form.querySelector("[data-send-verb]"), chosen.length);
    const note = form.querySelector("[data-barnote]");
    note.textContent = note.dataset.barnote.replace("{accept}", limits.accept).replace("{answer}", limits.answer);
    all("[data-adds]", field).forEach(button => { button.hidden = button.dataset.adds === ref || others.some(each => each.ref === button.dataset.adds); });
  };
  all("[data-adds]", field).forEach(button => button.addEventListener("click", event => {
    event.preventDefault();
    const body = bodies.find(each => each.ref === button.dataset.adds);
    if (body) tick(body, true);
    input.focus();
  }));
  all("[data-checks]").forEach(choice => choice.addEventListener("change", () => { document.getElementById(choice.dataset.checks).checked = true; }));
  form.addEventListener("change", show);
  show();
})();
