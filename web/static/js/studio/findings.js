// What the check found: as a list, as marks on the drawing, and for one element above its properties.
import { formOf, objectOf } from "./elements.js";
import { data, el, icon, say } from "./page.js";

/** `box` holds the list, `count` says how many there are, `go(element)` shows an element of the drawing. `mends` are what one press mends,
 *  by check: `{ [check]: { words, act(element) } }`. */
export function findingsOf({ modeler, box, count, go, mends = {} }) {
  const registry = modeler.get("elementRegistry"), canvas = modeler.get("canvas"), overlays = modeler.get("overlays");
  let findings = [], isCurrent = true;

  /** The element a finding is about; a field's finding is its step's. */
  function placeOf({ element }) {
    if (!element) return null;
    return registry.get(element) || registry.find(each => !each.labelTarget && holds(objectOf(each), element)) || null;
  }

  function item(finding, withLink) {
    const at = placeOf(finding), place = withLink && at, mend = finding.is_error && at && mends[finding.check];
    return el("li", { "data-sev": finding.is_error ? "error" : "note", "data-check": finding.check, "data-element": finding.element || "" },
      icon(finding.is_error ? "alert-circle" : "info-circle"),
      el("div", {}, el("b", {}, finding.what), el("p", { class: "small" }, finding.why), el("p", { class: "small" }, finding.mend, " ",
        place && el("button", { type: "button", class: "linkbtn", onclick: () => go(place) }, say("go_there")),
        mend && el("button", { type: "button", class: "linkbtn", "data-mend": finding.check, onclick: () => mend.act(at) }, mend.words))));
  }

  function show(next) {
    findings = next;
    const errors = findings.filter(each => each.is_error);
    const sorted = [...errors, ...findings.filter(each => !each.is_error)];
    const heading = findings.length ? say("findings_heading", { errors: errors.length, notes: findings.length - errors.length }) : say("findings_none");
    box.replaceChildren(el("h2", { id: "findings-heading" }, heading), el("ul", {}, sorted.map(each => item(each, true))),
      el("p", { class: "small", "data-verdict": "" }));
    count.hidden = false;
    count.replaceChildren(icon(errors.length ? "alert-circle" : "info-circle"), heading);
    count.dataset.tone = errors.length ? "danger" : "";
    verdict();
    mark();
  }

  /** Whether what is drawn may be handed in; once something was changed, only that it is not known. */
  function verdict() {
    const words = isCurrent ? say(findings.some(each => each.is_error) ? "findings_block" : "findings_clear") : say("findings_old", { time: data.saved_at });
    const line = box.querySelector("[data-verdict]");
    if (line && line.textContent !== words) line.textContent = words;
    box.dataset.current = count.dataset.current = String(isCurrent);
  }

  function areOfWhatIsDrawn(is) {
    isCurrent = is;
    verdict();
  }

  function mark() {
    registry.forEach(each => ["has-error", "has-note"].forEach(name => canvas.hasMarker(each, name) && canvas.removeMarker(each, name)));
    overlays.remove({ type: "finding" });
    const by = new Map();
    for (const finding of findings) {
      const place = placeOf(finding);
      if (place && place !== canvas.getRootElement()) by.set(place, [...(by.get(place) || []), finding]);
    }
    for (const [place, list] of by) {
      const errors = list.filter(each => each.is_error).length;
      canvas.addMarker(place, errors ? "has-error" : "has-note");
      const badge = el("span", { class: `finding-badge${errors ? "" : " is-note"}`, role: "img", "data-badge": place.id,
        "aria-label": say("findings_heading", { errors, notes: list.length - errors }), onclick: () => go(place) }, String(list.length));
      overlays.add(place, "finding", { position: place.waypoints ? { top: -10, left: 0 } : { top: -11, right: 11 }, html: badge });
    }
  }

  const of = element => findings.filter(each => placeOf(each) === element);
  return { show, of, areOfWhatIsDrawn, item: finding => item(finding, false) };
}

function holds(object, id) {
  const { fields, buttons } = formOf(object);
  const inside = (object.eventDefinitions || []).map(each => each.id);
  return inside.includes(id) || [...fields, ...buttons].some(each => each.id === id);
}
