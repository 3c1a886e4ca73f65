// What conditions and timers of a process can read, in the words of those who draw: grouped by the element it comes from.
import { definitionOf, extensionOf, formOf, nameOf, processOf } from "./elements.js";
import { say, vocabulary } from "./page.js";

const READ_AS = Object.fromEntries(vocabulary.field_types.map(each => [each.id, each.reads_as]));

/** `[{label, variables: [{path, label, type, choices}]}]` of the process an element stands in. */
export function variablesFor(object) {
  const elements = processOf(object)?.flowElements || [];
  return elements.map(each => ({ label: nameOf(each, vocabulary.language), variables: variablesOf(each) })).filter(group => group.variables.length);
}

/** The same by path. */
export const variablesByPath = object =>
  Object.fromEntries(variablesFor(object).flatMap(group => group.variables.map(each => [each.path, { ...each, of: group.label }])));

function variablesOf(object) {
  if (["bpmn:UserTask", "bpmn:ManualTask"].includes(object.$type)) return vocabulary.steps[object.id] ? bound(object) : unforeseen(object);
  const operator = extensionOf(object, "spiffworkflow:ServiceTaskOperator");
  if (operator) return members(operator.resultVariable, vocabulary.services[operator.id]?.gives);
  const definition = definitionOf(object);
  const variable = extensionOf(definition, "spiffworkflow:MessageVariable")?.value;
  return members(variable, vocabulary.facts[definition?.messageRef?.name]?.gives);
}

function bound(object) {
  const { outcomes, gives } = vocabulary.steps[object.id];
  const own = outcomes.length ? [{ path: object.id, label: say("outcome"), type: "choice", choices: outcomes }] : [];
  return [...own, ...Object.entries(gives).map(([path, each]) => ({ path, ...each }))];
}

function unforeseen(object) {
  const { fields, buttons } = formOf(object);
  const labelled = each => ({ id: each.id, label: inWords(each) });
  const own = buttons.length ? [{ path: object.id, label: say("pressed"), type: "choice", choices: buttons.map(labelled) }] : [];
  const asked = fields.filter(each => each.id && READ_AS[each.type]);
  return [...own, ...asked.map(each => ({ path: each.id, label: inWords(each), type: READ_AS[each.type], choices: each.choices.map(labelled) }))];
}

const members = (variable, gives) =>
  variable ? Object.entries(gives || {}).map(([name, each]) => ({ path: `${variable}["${name}"]`, ...each })) : [];

export const inWords = each =>
  (vocabulary.language === "en" ? each.label_en || each.label_vi : each.label_vi || each.label_en) || each.id;
