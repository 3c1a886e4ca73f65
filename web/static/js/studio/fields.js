// What a step asks and the buttons it offers: added, moved, taken away; the names conditions use are made from the labels.
import { area, both, button, group, select, sign, text, tick, whole } from "./controls.js";
import { formOf, objectOf, processOf } from "./elements.js";
import { free, namesIn, plain } from "./names.js";
import { numberFrom, numberIn } from "./numbers.js";
import { el, say, vocabulary } from "./page.js";
import { forgetUnread, forgetUnreadBut, keepUnread, unreadOf } from "./unread.js";

/** Ids that are younger than the page: their names may still change. */
const young = new Set();

const BOUNDS = ["min", "max"];
const partOf = (field, bound) => `${field} ${bound}`;

/** The part of the form; `write(form, draws)` puts it on the element, and redraws the properties if asked. */
export function fieldsOf(element, write) {
  const object = objectOf(element), form = formOf(object);
  const save = (draws = false) => write(form, draws);
  forgetUnreadBut(object.id, form.fields.filter(each => each.type === "number").flatMap(each => BOUNDS.map(name => partOf(each.id, name))));
  const context = { object, form, save };
  return [
    group(say("fields"), form.fields.map((each, at) => fieldBox(context, each, at)),
      form.fields.length ? null : el("p", { class: "small muted" }, say("fields_none")),
      button(say("add_field"), () => add(context, form.fields, "field", { type: "text", required: "", choices: [] }),
        { name: "plus", id: "p-add-field" })),
    group(say("buttons"), form.buttons.map((each, at) => buttonBox(context, each, at)),
      el("p", { class: "small muted" }, say(form.buttons.length ? "buttons_read" : "buttons_none")),
      button(say("add_button"), () => add(context, form.buttons, "button", {}), { name: "plus", id: "p-add-button" })),
  ];
}

function add({ object, form, save }, list, start, rest) {
  const own = [...form.fields, ...form.buttons].map(each => each.id);
  const id = free(start, new Set([...namesIn(object), ...own, start]));
  young.add(id);
  list.push({ id, label_vi: "", label_en: "", ...rest });
  save(true);
  document.getElementById(`p-${start}-${list.length - 1}-vi`)?.focus();
}

function fieldBox(context, each, at) {
  const { form, save } = context, id = `p-field-${at}`;
  const set = (name, value, draws) => { each[name] = value; save(draws); };
  return group(say("field_number", { number: at + 1 }),
    both(id, labels(), words(each), (lang, value) => relabel(context, form.fields, each, lang, value)),
    select(`${id}-type`, say("field_type"), vocabulary.field_types, each.type, value => set("type", value, true)),
    tick(`${id}-required`, say("field_required"), each.required === "true", checked => set("required", checked ? "true" : "", false)),
    each.type === "number" ? bounds(context.object.id, id, each, set) : null,
    each.type === "choice" ? choices(context, id, each) : null,
    el("details", { class: "propmore" }, el("summary", {}, say("field_more")),
      area(`${id}-help-vi`, say("help_vi"), each.help_vi, value => set("help_vi", value), { lang: "vi" }),
      area(`${id}-help-en`, say("help_en"), each.help_en, value => set("help_en", value), { lang: "en" }),
      nameInConditions(context, form.fields, each, `${id}-name`)),
    order(context, form.fields, at, id));
}

function buttonBox(context, each, at) {
  const { form } = context, id = `p-button-${at}`;
  return group(say("button_number", { number: at + 1 }),
    both(id, labels(), words(each), (lang, value) => relabel(context, form.buttons, each, lang, value)), order(context, form.buttons, at, id));
}

const labels = () => ({ vi: say("label_vi"), en: say("label_en") });
const words = each => ({ vi: each.label_vi, en: each.label_en });

/** A bound that cannot be read stays typed, and the one of before holds. */
function bounds(step, id, each, set) {
  const number = name => {
    const unread = unreadOf(step, partOf(each.id, name));
    const write = typed => {
      const part = partOf(each.id, name);                            // it may have been renamed since this was drawn
      const { number: bound, reason } = typed.trim() ? numberFrom(typed) : { number: "" };
      if (reason) keepUnread(step, part, { typed, reason });
      else forgetUnread(step, part);
      if (!reason) set(name, String(bound), false);
      return reason;
    };
    return whole(`${id}-${name}`, say(`field_${name}`), unread?.typed ?? numberIn(each[name]), write, { reason: unread?.reason, inputmode: "decimal" });
  };
  return el("div", { class: "pair" }, BOUNDS.map(number));
}

function choices(context, id, field) {
  const { save } = context;
  return group(say("choices"), field.choices.map((each, at) => el("div", { class: "choicerow" },
    both(`${id}-choice-${at}`, labels(), words(each), (lang, value) => relabel({ ...context, own: true }, field.choices, each, lang, value)),
    sign(say("remove_choice", { name: each.label_vi || at + 1 }), "trash", () => { field.choices.splice(at, 1); save(true); }))),
    button(say("add_choice"), () => {
      const choice = { id: free("choice", new Set(["choice", ...field.choices.map(each => each.id)])), label_vi: "", label_en: "" };
      young.add(choice.id);
      field.choices.push(choice);
      save(true);
      document.getElementById(`${id}-choice-${field.choices.length - 1}-vi`)?.focus();
    }, { name: "plus", id: `${id}-add-choice` }));
}

/** A new thing is named after its Vietnamese label, until something reads it under the name it has. */
function relabel({ object, form, save, own }, list, each, lang, value) {
  each[`label_${lang}`] = value;
  const wanted = lang === "vi" && young.has(each.id) && !isRead(object, each.id) ? plain(value) : "";
  if (!wanted || wanted === each.id) return save(false);
  const others = [...list, ...form.fields, ...form.buttons].filter(other => other !== each).map(other => other.id);
  const taken = new Set(own ? others : [...namesIn(object), ...others]);
  taken.delete(each.id);
  rename(each, free(wanted, taken), own ? null : object.id);
  return save(false);
}

function rename(each, id, step) {
  young.add(id);
  for (const name of step ? BOUNDS : []) {
    const unread = unreadOf(step, partOf(each.id, name));
    if (unread) keepUnread(step, partOf(id, name), unread);
    forgetUnread(step, partOf(each.id, name));
  }
  each.id = id;
}

function nameInConditions({ object, form, save }, list, each, id) {
  const fixed = !young.has(each.id) || isRead(object, each.id);
  if (fixed) return text(id, say("name_in_conditions"), each.id, null, { readonly: true, words: say("name_fixed") });
  const write = value => {
    const taken = new Set([...namesIn(object), ...[...form.fields, ...form.buttons].filter(other => other !== each).map(other => other.id)]);
    taken.delete(each.id);
    rename(each, free(plain(value) || "field", taken), object.id);
    save(true);
  };
  return text(id, say("name_in_conditions"), each.id, write, { words: say("name_young") });
}

function isRead(object, id) {
  const conditions = (processOf(object)?.flowElements || []).map(each => each.conditionExpression?.body || "");
  return conditions.some(each => each.split(/\W+/).includes(id));
}

function order({ save }, list, at, id) {
  const move = to => {
    list.splice(to, 0, ...list.splice(at, 1));
    save(true);
    document.getElementById(id.replace(/\d+$/, to) + "-up")?.focus();
  };
  const name = list[at].label_vi || at + 1;
  return el("div", { class: "row-flex" },
    sign(say("move_up", { name }), "chevron-up", () => move(at - 1), { id: `${id}-up`, disabled: at === 0 }),
    sign(say("move_down", { name }), "chevron-down", () => move(at + 1), { disabled: at === list.length - 1 }),
    sign(say("remove_named", { name }), "trash", () => { list.splice(at, 1); save(true); }, { id: `${id}-remove` }));
}
