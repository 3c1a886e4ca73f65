// When a flow is taken: rows "what, how, value" joined by all or by any, or "in all other cases".
import { button, group, select, settled, sign, tick, whole } from "./controls.js";
import { objectOf } from "./elements.js";
import { rowsOf, textOf } from "./expressions.js";
import { numberFrom, numberIn } from "./numbers.js";
import { el, say, vocabulary } from "./page.js";
import { forgetUnread, keepUnread, unreadOf } from "./unread.js";
import { variablesByPath, variablesFor } from "./variables.js";

const COMPARISONS = { choice: ["==", "!="], boolean: ["=="], number: ["==", "!=", "<", "<=", ">", ">="], date: ["==", "<", "<=", ">", ">="] };
const SIGN_WORDS = { "==": "is", "!=": "is_not", "<": "less", "<=": "at_most", ">": "more", ">=": "at_least" };
const DATE_WORDS = { "<": "before", "<=": "until", ">": "after", ">=": "from" };
const READABLE = Object.keys(COMPARISONS);

/** Under this name rows that are not all complete and readable are kept: the condition they began from stays in the diagram meanwhile. */
const ROWS = "rows";

/** A flow that is no longer one of several ways has no rows to mend. */
export const forgetRows = object => forgetUnread(object.id, ROWS);

export function conditionOf(flow, pen, draw) {
  const object = objectOf(flow), source = objectOf(flow.source);
  const isDefault = source.default === object;
  const other = tick("p-default", say("all_other_cases"), isDefault, is => {
    forgetUnread(object.id, ROWS);
    pen.setDefault(flow, is);
    draw();
  });
  if (isDefault) return group(say("taken_when"), other);
  const written = object.conditionExpression?.body || "";
  const begun = unreadOf(object.id, ROWS);
  if (begun && begun.from !== written) forgetUnread(object.id, ROWS);    // undone, or changed elsewhere
  const read = begun?.from === written ? begun.read : (written ? rowsOf(written) : { joint: "and", rows: [] });
  if (!read) {
    return group(say("taken_when"), other, el("p", { class: "small" }, say("condition_not_rows")), el("pre", { class: "expression" }, written));
  }
  const known = variablesByPath(object);
  const note = el("p", { class: "small", "data-unread": "", hidden: !unreadOf(object.id, ROWS) }, say(written ? "rows_unread" : "rows_unread_none"));
  const write = (draws = true) => {
    const from = object.conditionExpression?.body || "";
    const isRead = read.rows.every(isWhole);
    settled(() => { note.hidden = isRead; });
    if (isRead) {
      forgetUnread(object.id, ROWS);
      if (textOf(read) !== from) pen.setCondition(flow, textOf(read));
    } else keepUnread(object.id, ROWS, { from, read });
    if (draws) draw();
  };
  const joints = [{ id: "and", label: say("joined_all") }, { id: "or", label: say("joined_any") }];
  return group(say("taken_when"), other,
    read.rows.length > 1 ? select("p-joint", say("joint"), joints, read.joint, value => { read.joint = value; write(); }) : null,
    read.rows.map((row, at) => rowBox({ flow, read, row, at, known, write })),
    button(say("add_row"), () => { read.rows.push({ path: "", operator: "==", value: "" }); write(); }, { name: "plus", id: "p-add-row" }), note);
}

const isWhole = row => row.path && row.value !== "" && row.value !== null;

function rowBox({ flow, read, row, at, known, write }) {
  const id = `p-row-${at}`, variable = known[row.path];
  const groups = variablesFor(objectOf(flow)).map(each => ({
    label: each.label, options: each.variables.filter(one => READABLE.includes(one.type)).map(one => ({ id: one.path, label: one.label })),
  })).filter(each => each.options.length);
  const options = [...(row.path ? [] : [{ id: "", label: say("choose") }]), ...groups];
  const choose = path => {
    Object.assign(row, { path, operator: "==", value: firstValue(known[path]), typed: undefined, reason: undefined });
    write();
  };
  const number = { number: at + 1 };
  return el("div", { class: "conditionrow" },
    select(`${id}-what`, say("row_what", number), options, row.path, choose, { hidden: true }),
    row.path ? comparison(id, row, variable, write, number) : null,
    row.path ? value(id, row, variable, write, number) : null,
    sign(say("remove_row", number), "trash", () => { read.rows.splice(at, 1); write(); }));
}

function firstValue(variable) {
  if (variable?.type === "boolean") return true;
  return variable?.type === "choice" ? variable.choices[0]?.id ?? "" : "";
}

function comparison(id, row, variable, write, number) {
  const signs = COMPARISONS[variable?.type] || ["==", "!="];
  const words = each => say((variable?.type === "date" && DATE_WORDS[each]) || SIGN_WORDS[each]);
  return select(`${id}-how`, say("row_how", number), signs.map(each => ({ id: each, label: words(each) })), row.operator,
    sign_ => { row.operator = sign_; write(); }, { hidden: true });
}

function value(id, row, variable, write, number) {
  const label = say("row_value", number);
  const set = given => { row.value = given; write(); };
  if (variable?.type === "boolean" || typeof row.value === "boolean") {
    const options = [{ id: "yes", label: vocabulary.yes_no[0] }, { id: "no", label: vocabulary.yes_no[1] }];
    return select(`${id}-value`, label, options, row.value === (row.operator === "==") ? "yes" : "no",
      given => { row.operator = "=="; set(given === "yes"); }, { hidden: true });
  }
  if (variable?.type === "choice") return select(`${id}-value`, label, variable.choices, String(row.value), set, { hidden: true });
  if (variable?.type !== "number") {
    const take = text => { row.value = text; write(false); };
    return whole(`${id}-value`, label, row.value, take, { hidden: true, type: variable?.type === "date" ? "date" : "text" });
  }
  const read = text => {
    const { number, reason } = numberFrom(text);
    Object.assign(row, { value: number ?? "", typed: text, reason });
    write(false);
    return reason;
  };
  return whole(`${id}-value`, label, row.typed ?? numberIn(row.value ?? ""), read, { hidden: true, reason: row.reason, inputmode: "decimal" });
}

/** The condition of a flow in words, for the list at its gateway. */
export function inWordsOf(object) {
  if (object.sourceRef?.default === object) return say("all_other_cases");
  const text = object.conditionExpression?.body || "";
  if (!text) return say("no_condition");
  const read = rowsOf(text), known = variablesByPath(object);
  if (!read || read.rows.some(row => !known[row.path])) return text;
  return read.rows.map(row => rowInWords(row, known[row.path])).join(` ${say(read.joint)} `);
}

function rowInWords({ operator, value: given, path }, variable) {
  const own = variable.choices?.find(each => each.id === given)?.label;
  const words = typeof given === "boolean" ? vocabulary.yes_no[given === (operator === "==") ? 0 : 1] : own ?? given;
  const how = typeof given === "boolean" ? say("is") : say((variable.type === "date" && DATE_WORDS[operator]) || SIGN_WORDS[operator]);
  const what = vocabulary.steps[path] || variable.label === say("pressed") ? `${variable.of}:` : variable.label;
  return `${what} ${how} “${words}”`;
}
