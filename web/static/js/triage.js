// The operator's steps. Every button here is one of the form too, so the page works without this script.
//   [data-take='{"name": value or [values]}']   puts a suggestion into the fields at once; not shown while they hold it already
//   [data-clears="id"] with [data-mark]         puts a neutral word in place of a mark in the text #id; marks that are gone disappear
//   [data-alike] with [data-answers]            a question above the form: its answer is kept in the form, and the next one is asked
//   [data-fills="name"]                         a link to call: its number goes into that field, in place of another one of them
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const changed = field => ["input", "change"].forEach(kind => field.dispatchEvent(new Event(kind, { bubbles: true })));

  const put = (form, name, value) => {
    const wanted = [].concat(value);
    all(`[name="${CSS.escape(name)}"]`, form).forEach(field => {
      if (field.matches("[type=checkbox],[type=radio]")) field.checked = wanted.includes(field.value);
      else field.value = wanted[0];
      changed(field);
    });
  };
  const holds = (form, name, value) => {
    const wanted = [].concat(value), fields = all(`[name="${CSS.escape(name)}"]`, form);
    return fields.every(field => field.matches("[type=checkbox],[type=radio]") ? field.checked === wanted.includes(field.value) : field.value === wanted[0]);
  };
  all("[data-take]").forEach(button => {
    const values = Object.entries(JSON.parse(button.dataset.take)), { form } = button;
    const show = () => { button.hidden = values.every(([name, value]) => holds(form, name, value)); };
    button.addEventListener("click", event => {
      event.preventDefault();
      values.forEach(([name, value]) => put(form, name, value));
      const first = all(`[name="${CSS.escape(values[0][0])}"]`, form);
      (first.find(field => field.checked) || first[0])?.focus();       // the button is gone now
    });
    form.addEventListener("change", show);
    form.addEventListener("input", show);
    show();
  });

  all("[data-clears]").forEach(box => {
    const text = document.getElementById(box.dataset.clears), done = box.querySelector("[data-clear]");
    const show = () => {
      const left = all("[data-mark]", box).filter(mark => {
        mark.hidden = !text.value.includes(mark.dataset.mark);
        return !mark.hidden;
      });
      box.querySelectorAll("[data-left]").forEach(line => { line.hidden = !left.length; });
      if (done) done.hidden = left.length > 0;
    };
    all("[data-mark] button", box).forEach(button => {
      button.hidden = false;
      button.addEventListener("click", () => {
        const { mark, neutral } = button.closest("[data-mark]").dataset;
        text.value = text.value.split(mark).join(neutral);
        changed(text);
        const next = all("[data-mark]:not([hidden]) button", box)[0];
        (next || text).focus();
      });
    });
    text.addEventListener("input", show);
    show();
  });

  all("[data-answers]").forEach(button => button.addEventListener("click", event => {
    event.preventDefault();
    const banner = button.closest("[data-alike]"), kept = document.createElement("input"), next = all("[data-alike][hidden]").shift();
    Object.assign(kept, { type: "hidden", name: button.name, value: button.value });
    banner.replaceWith(kept);
    if (next) next.hidden = false;
    changed(kept);
    (next ? next.querySelector("button") : document.querySelector("[name=title]"))?.focus();
  }));

  const numbers = all("[data-fills]").map(link => link.dataset.number);
  all("[data-fills]").forEach(link => link.addEventListener("click", () => {
    const field = document.querySelector(`[name="${CSS.escape(link.dataset.fills)}"]`);
    if (field && (!field.value || numbers.includes(field.value))) { field.value = link.dataset.number; changed(field); }
  }));
})();
