// The labelled controls of the properties form. What is typed is written a moment later, or when the control is left.
import { el, icon } from "./page.js";

const MOMENT = 500;
const waiting = new Map();

/** Write now what was typed and not written yet. */
export function flush() {
  for (const [, write] of [...waiting]) write();
}

function after(act) {
  flush();
  return act();
}

function writer(control, write) {
  let timer = 0, last = control.value;
  const now = () => {
    clearTimeout(timer);
    waiting.delete(control);
    if (control.value === last) return;
    last = control.value;
    write(control.value);
  };
  control.addEventListener("input", () => {
    clearTimeout(timer);
    waiting.set(control, now);
    timer = setTimeout(now, MOMENT);
  });
  control.addEventListener("change", now);
  return control;
}

const help = (id, words) => (words ? el("p", { class: "form-text", id: `${id}-help` }, words) : null);
const field = (id, label, control, words) =>
  el("div", { class: "field" }, el("label", { class: "form-label", for: id }, label), control, help(id, words));
const attributes = (id, words, more) => ({ id, "aria-describedby": words ? `${id}-help` : null, autocomplete: "off", ...more });

export function text(id, label, value, write, { words, lang, ...more } = {}) {
  const input = el("input", { class: "form-control", type: "text", value: value || "", lang, ...attributes(id, words, more) });
  return field(id, label, write ? writer(input, write) : input, words);
}

export function area(id, label, value, write, { words, lang } = {}) {
  const input = el("textarea", { class: "form-control", rows: "2", lang, ...attributes(id, words, {}) });
  input.value = value || "";
  return field(id, label, writer(input, write), words);
}

/** The two languages side by side in meaning, one below the other on the page. */
export function both(id, labels, values, write) {
  return ["vi", "en"].map(lang => text(`${id}-${lang}`, labels[lang], values[lang], value => write(lang, value), { lang, maxlength: "80" }));
}

/** `options` are `{id, label}` or `{label, options}`; a present value that is none of them is kept as one. */
export function select(id, label, options, value, write, { words, hidden } = {}) {
  const control = el("select", { class: "form-select", "aria-label": hidden ? label : null, ...attributes(id, words, {}) }, optionsOf(options, value));
  control.value = value;
  control.addEventListener("change", () => after(() => write(control.value)));
  return hidden ? control : field(id, label, control, words);
}

function optionsOf(options, value) {
  const flat = options.flatMap(each => each.options || [each]);
  const known = flat.some(each => each.id === value);
  const option = each => el("option", { value: each.id }, each.label);
  const made = options.map(each => (each.options ? el("optgroup", { label: each.label }, each.options.map(option)) : option(each)));
  return known ? made : [option({ id: value, label: value }), ...made];
}

export function tick(id, label, checked, write) {
  const control = el("input", { class: "form-check-input", type: "checkbox", id, checked, onchange: () => after(() => write(control.checked)) });
  return el("div", { class: "form-check" }, control, el("label", { for: id }, label));
}

export const button = (label, press, { name, kind = "btn-outline-secondary", ...more } = {}) =>
  el("button", { type: "button", class: `btn ${kind}`, onclick: () => after(press), ...more }, name ? icon(name) : null, label);

export const sign = (label, name, press, more = {}) =>
  el("button", { type: "button", class: "btn btn-outline-secondary btn-icon", "aria-label": label, title: label,
    onclick: () => after(press), ...more }, icon(name));

export const group = (legend, ...children) => el("fieldset", { class: "propbox" }, el("legend", {}, legend), children);
