// Names after an @ in a note: [data-names] holds the field and the address of who may be named. One list for each audience, fetched when
// the first @ is typed and searched here, so nothing of what is typed leaves the field. Without this script a user name works as well.
"use strict";
(() => {
  const MOST = 8, LONGEST = 60;
  const NAMING = /(?:^|[\s(,;])@([\p{L}\p{N}][\p{L}\p{N}_.\- ]*)?$/u;
  const fold = words => [...words.normalize("NFC")].map(sign => sign.normalize("NFD")[0].replace(/[đĐ]/, "d").toLowerCase()).join("");
  const split = words => fold(words).split(/[^a-z0-9]+/).filter(Boolean);
  const make = (name, attributes = {}, words = "") => {
    const element = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.textContent = words;
    return element;
  };

  document.querySelectorAll("[data-names]").forEach(box => {
    const field = box.querySelector("textarea"), form = field?.form;
    if (!form) return;
    const lists = new Map(), { names: address, namesLabel: label, namesFound: found } = box.dataset;
    const list = make("ul", { class: "namelist", role: "listbox", id: `${field.id}-names`, "aria-label": label });
    const said = make("p", { class: "visually-hidden", role: "status" });
    list.hidden = true;
    field.after(list, said);
    let shown = [], at = 0, dismissed = -1;

    const audience = () => new FormData(form).get("audience") || "";
    const people = () => {
      const key = audience();
      if (!lists.has(key)) lists.set(key, fetch(`${address}?audience=${encodeURIComponent(key)}`, { headers: { Accept: "application/json" } })
        .then(answer => answer.ok ? answer.json() : Promise.reject(answer.status)).then(entries).catch(() => { lists.delete(key); return []; }));
      return lists.get(key);
    };
    const entries = told => {
      const times = new Map();
      told.people.forEach(({ name }) => times.set(name, (times.get(name) || 0) + 1));
      return [
        ...told.people.map(each => ({ ...each, put: times.get(each.name) > 1 ? each.login : each.name, words: split(`${each.name} ${each.login}`) })),
        ...told.agencies.map(name => ({ name, login: "", title: "", put: name, words: split(name) })),
      ];
    };
    const naming = () => {
      if (field.selectionStart !== field.selectionEnd) return null;
      const before = field.value.slice(Math.max(0, field.selectionStart - LONGEST), field.selectionStart), match = NAMING.exec(before);
      return match && { typed: match[1] || "", from: field.selectionStart - (match[1] || "").length };
    };
    const roles = { role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-controls": list.id, "aria-expanded": "true" };
    const close = () => {
      list.hidden = true;
      said.textContent = "";
      [...Object.keys(roles), "aria-activedescendant"].forEach(name => field.removeAttribute(name));   // a field of many lines again
    };
    const find = async () => {
      const place = naming();
      if (!place || place.from === dismissed) return close();
      const all = await people(), now = naming();
      if (!now || now.from !== place.from) return close();
      const typed = split(now.typed), isWritten = all.some(({ put }) => now.typed.startsWith(`${put} `) || now.typed === put);
      shown = isWritten ? [] : all.filter(each => typed.every(word => each.words.some(own => own.startsWith(word)))).slice(0, MOST);
      if (!shown.length) return close();
      at = Math.min(at, shown.length - 1);
      list.replaceChildren(...shown.map((each, index) => {
        const option = make("li", { role: "option", id: `${list.id}-${index}`, "aria-selected": String(index === at) });
        option.append(make("b", {}, each.name), make("span", { class: "muted small" }, [each.title, each.login && `@${each.login}`].filter(Boolean).join(" · ")));
        option.addEventListener("pointerdown", event => event.preventDefault());   // the field keeps the focus
        option.addEventListener("click", () => take(each));
        return option;
      }));
      const words = found.replace("{number}", shown.length);
      if (said.textContent !== words) said.textContent = words;
      list.hidden = false;
      Object.entries(roles).forEach(([name, value]) => field.setAttribute(name, value));
      field.setAttribute("aria-activedescendant", `${list.id}-${at}`);
      list.children[at].scrollIntoView({ block: "nearest" });
    };
    const take = each => {
      const place = naming();
      close();
      if (!place) return;
      field.focus();
      field.setRangeText(`${each.put} `, place.from, field.selectionStart, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      close();
    };
    field.addEventListener("input", () => { at = 0; dismissed = -1; find(); });
    field.addEventListener("click", find);
    field.addEventListener("blur", close);
    field.addEventListener("keydown", event => {
      if (list.hidden || event.isComposing) return;
      if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); take(shown[at]); }
      else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); dismissed = naming()?.from ?? -1; close(); }
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        at = (at + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length;
        find();
      }
    });
    form.addEventListener("change", event => { if (event.target.name === "audience") close(); });
  });
})();
