// How long: of a step a limit that runs already or one of its own, of an event a span of time or a moment that is known.
import { el, say, vocabulary } from "./page.js";
import { group, select, text } from "./controls.js";
import { definitionOf, objectOf, processOf, propertiesOf } from "./elements.js";
import { variablesFor } from "./variables.js";

const OWN = "own";
const SPAN = /^"P(?:T(\d+)([HM])|(\d+)(D))"$/;

/** The limit of a step. */
export function limitOf(element, pen, draw) {
  const object = objectOf(element), { clock, limit, limit_unit } = propertiesOf(object), process = processOf(object)?.id;
  const running = vocabulary.clocks.filter(each => !each.process || each.process === process || each.id === clock);
  const options = [{ id: "", label: say("limit_none") }, ...running, { id: OWN, label: say("limit_own") }];
  const choose = value => {
    const own = value === OWN;
    pen.setProperties(element, { clock: own ? "" : value, limit: own ? limit || "4" : "", limit_unit: own ? limit_unit || "working_hours" : "" });
    draw();
  };
  const write = changes => pen.setProperties(element, changes);
  return group(say("how_long"), select("p-limit", say("limit"), options, limit || limit_unit ? OWN : clock || "", choose),
    limit || limit_unit ? el("div", { class: "duo" },
      text("p-limit-amount", say("limit_amount"), limit, value => write({ limit: value.trim() }), { inputmode: "numeric", maxlength: "4" }),
      select("p-limit-unit", say("limit_unit"), vocabulary.units, limit_unit || "", value => write({ limit_unit: value }))) : null);
}

/** What a time event waits for. */
export function timerOf(element, pen, draw) {
  const definition = definitionOf(objectOf(element));
  const kind = ["timeDuration", "timeDate", "timeCycle"].find(each => definition[each]);
  const written = kind ? definition[kind].body || "" : "", span = kind === "timeDuration" ? SPAN.exec(written) : null;
  const moments = variablesFor(objectOf(element)).map(each => ({
    label: each.label, options: each.variables.filter(one => one.type === "moment").map(one => ({ id: one.path, label: one.label })),
  })).filter(each => each.options.length);
  const known = moments.flatMap(each => each.options).map(each => each.id);
  if (written && !span && !(kind === "timeDate" && known.includes(written))) {
    return group(say("waits_how_long"), el("p", { class: "small" }, say("timer_not_rows")), el("pre", { class: "expression" }, written));
  }
  const given = { amount: span ? span[1] || span[3] : "", unit: span ? span[2] || span[4] : "" };
  const setSpan = changes => {
    Object.assign(given, changes);
    pen.setTimer(element, "timeDuration", /^[1-9]\d{0,3}$/.test(given.amount) ? spanText(given) : "");
  };
  const choose = value => {
    if (value === OWN) setSpan({ amount: "4", unit: "H" });
    else pen.setTimer(element, "timeDate", value);
    draw();
  };
  const options = [...(written ? [] : [{ id: "", label: say("choose") }]), { id: OWN, label: say("span") }, ...moments];
  return group(say("waits_how_long"), select("p-timer", say("waits_until"), options, span ? OWN : written, choose),
    span ? el("div", { class: "duo" },
      text("p-timer-amount", say("limit_amount"), given.amount, value => setSpan({ amount: value.trim() }), { inputmode: "numeric", maxlength: "4" }),
      select("p-timer-unit", say("limit_unit"), vocabulary.timer_units, given.unit, value => setSpan({ unit: value }))) : null);
}

const spanText = ({ amount, unit }) => (unit === "D" ? `"P${amount}D"` : `"PT${amount}${unit}"`);
