// Names a condition can use: made from what people call a thing, without accents, and never one that is taken.
import { formOf, processOf } from "./elements.js";
import { vocabulary } from "./page.js";

const LONGEST = 40;
const WORDS_OF_EXPRESSIONS = ["and", "or", "not", "in", "is", "if", "else", "for", "lambda", "none", "true", "false", "as", "from", "del",
  "def", "class", "try", "with", "while", "pass", "return", "yield", "raise", "import", "global", "assert", "async", "await", "break",
  "continue", "elif", "except", "finally", "nonlocal"];

/** "Ý kiến pháp lý" → y_kien_phap_ly; empty when nothing is left. */
export function plain(words) {
  const letters = words.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
  return letters.replace(/[^a-z0-9]+/g, "_").replace(/^[_0-9]+|_+$/g, "").slice(0, LONGEST).replace(/_+$/, "");
}

/** `wanted`, or with a number after it when that name is taken. */
export function free(wanted, taken) {
  let name = wanted;
  for (let n = 2; taken.has(name) || WORDS_OF_EXPRESSIONS.includes(name); n++) name = `${wanted}_${n}`;
  return name;
}

/** Every name that means something in a process already: elements, fields, what steps and events leave. */
export function namesIn(object) {
  const taken = new Set([...vocabulary.taken_names, ...Object.keys(vocabulary.steps)]);
  for (const step of Object.values(vocabulary.steps)) Object.keys(step.gives).forEach(name => taken.add(name));
  for (const each of processOf(object)?.flowElements || []) {
    taken.add(each.id);
    formOf(each).fields.forEach(field => taken.add(field.id));
    for (const name of variablesNamedBy(each)) taken.add(name);
  }
  return taken;
}

/** The variables an event or a service writes. */
export function variablesNamedBy(object) {
  const boxes = [object, ...(object.eventDefinitions || [])];
  return boxes.flatMap(box => box.extensionElements?.values || []).map(each =>
    each.$type === "spiffworkflow:MessageVariable" ? each.value : each.$type === "spiffworkflow:ServiceTaskOperator" ? each.resultVariable : "",
  ).filter(Boolean);
}
