// The labelled controls of the properties form. What is typed is written a moment later, or when the control is left.
import { el, icon } from "./page.js";

const MOMENT = 500, LONGEST = 3000;                                  // of typing without a pause
const waiting = new Map();

/** Write now what was typed and not written yet. */
export function flush() {
  for (const [, write] of [...waiting]) write();
}

let isPressed = false;
const settling = [];
addEventListener("pointerdown", () => { isPressed = true; }, { capture: true });
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => setTimeout(() => {
    isPressed = false;
    settling.splice(0).forEach(act => act());
  }), { capture: true });
}

/** Do what moves the form only when no pointer is down: a control that is left by a press must not move what is pressed away. */
export const settled = act => (isPressed ? settling.push(act) : act());

function after(act) {
  flush();
  return act();
}

/** `moment` null waits until the control is left, or something else is done. */
function writer(control, write, moment = MOMENT) {
  let timer = 0, last = control.value, since = 0;
  const now = () => {
    clearTimeout(timer);
    waiting.delete(control);
    since = 0;
    if (control.value === last) return;
    last = control.value;
    write(control.value);
  };
  control.addEventListener("input", () => {
    clearTimeout(timer);
    waiting.set(control, now);
    since ||= Date.now();
    if (moment !== null) timer = setTimeout(now, Math.max(0, Math.min(moment, since + LONGEST - Date.now())));
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

/**
 * An input that is read as a whole, when it is left. `read` takes what stands in it and returns why that could not be read, if so;
 * the form is not drawn anew by it, since it may be left by a click on something else. `hidden` as in `select`.
 */
export function whole(id, label, value, read, { reason, hidden, ...more } = {}) {
  const words = el("span");
  const fault = el("p", { class: "ferr", id: `${id}-reason` }, icon("alert-circle"), words);
  const input = el("input", { class: "form-control", type: "text", value: value ?? "", id, autocomplete: "off", "aria-label": hidden ? label : null,
    "aria-describedby": `${id}-reason`, ...more });
  const mark = why => {
    input.classList.toggle("is-invalid", Boolean(why));
    input.setAttribute("aria-invalid", String(Boolean(why)));
    fault.hidden = !why;
    words.textContent = why || "";
  };
  mark(reason);
  const control = writer(input, typed => {
    const why = read(typed);
    settled(() => mark(why));
  }, null);
  return hidden ? [control, fault] : el("div", { class: "field" }, el("label", { class: "form-label", for: id }, label), control, fault);
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
