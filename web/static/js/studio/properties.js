// The form next to the drawing: the properties of the selected element, in the words of those who run the process.
import { conditionOf, forgetRows, inWordsOf } from "./conditions.js";
import { area, both, flush, group, select, tick } from "./controls.js";
import { drawingOn } from "./drawing-on.js";
import { definitionOf, extensionOf, isA, laneOf, nameOf, objectOf, processOf, propertiesOf } from "./elements.js";
import { fieldsOf } from "./fields.js";
import { kindOf, othersFor } from "./kinds.js";
import { free, namesIn } from "./names.js";
import { data, el, say, vocabulary } from "./page.js";
import { limitOf, timerOf } from "./timing.js";
import { variablesFor } from "./variables.js";

/** `box` is where it is drawn, `findings` says what was found of an element, `put` draws a template. */
export function propertiesFormOf({ modeler, box, pen, findings, put }) {
  const ways = modeler.get("studioWays"), selection = modeler.get("selection"), registry = modeler.get("elementRegistry");
  const canvas = modeler.get("canvas"), drawOn = drawingOn(ways, registry, put);
  let shown = null, writing = false;

  const written = {};                                                // the pen, except that its changes do not redraw the form
  for (const [name, write] of Object.entries(pen)) {
    written[name] = (...given) => {
      const before = writing;
      writing = true;
      try { return write(...given); } finally { writing = before; }
    };
  }

  function draw() {
    const at = box.contains(document.activeElement) ? document.activeElement : null;
    const range = at?.type === "text" ? [at.selectionStart, at.selectionEnd] : null;
    const id = shown ? objectOf(shown).id : "", isSame = box.dataset.element === id;
    const open = isSame ? [...box.querySelectorAll("details[open]")].map(placeOf) : [];
    box.replaceChildren(...parts().flat(Infinity));
    box.querySelectorAll("details").forEach(each => { each.open = open.includes(placeOf(each)); });
    box.dataset.element = id;
    const again = at?.id ? document.getElementById(at.id) : null;
    again?.focus();
    if (range && again?.type === "text") again.setSelectionRange(...range);
  }

  const placeOf = details => [details.closest("fieldset")?.querySelector("legend")?.textContent, details.firstChild.textContent].join();

  /** What was found is new: the rest of the form, where somebody may be typing, stays as it is. */
  function showFindings() {
    const list = box.querySelector(".findings-here");
    if (list) list.replaceChildren(...findings.of(shown).map(each => findings.item(each)));
  }

  function parts() {
    if (!shown) return overview();
    const object = objectOf(shown);
    return [
      el("button", { type: "button", class: "linkbtn small", id: "p-all", onclick: () => selection.select(null) }, say("all_parts")),
      el("h2", { id: "properties-heading", tabindex: "-1" },
        say("properties_of", { kind: kindWords(object), name: nameOf(object, vocabulary.language) })),
      el("ul", { class: "findings-here" }, findings.of(shown).map(each => findings.item(each))),
      ...partsOf(object),
    ].flat(Infinity).filter(Boolean);
  }

  function partsOf(object) {
    if (isA(shown, "bpmn:SequenceFlow")) {
      const isChoice = object.sourceRef?.$type === "bpmn:ExclusiveGateway" && object.sourceRef.outgoing.length > 1;
      if (!isChoice) forgetRows(object);
      return [names(object), isChoice ? conditionOf(shown, written, draw) : null, drawOn.into(shown)];
    }
    if (isA(shown, "bpmn:TextAnnotation")) return [el("p", { class: "small muted" }, say("note_hint")), drawOn.removal(shown)];
    if (!isA(shown, "bpmn:FlowNode")) return [names(object)];
    const kind = kindOf(object);
    return [
      names(object), kind === "step" ? cameFrom(object, "label") : null, kindBox(object, kind), edgeBox(object),
      kind === "step" ? stepParts(object) : null,
      kind === "choice" ? waysOut(object) : null,
      kind === "message" ? messageBox(object) : null,
      kind === "time" ? [timerOf(shown, written, draw), data.daily[object.id]?.limit ? cameFrom(object, "limit") : null] : null,
      kind === "service" ? serviceBox(object) : null,
      drawOn.after(shown, kind),
    ];
  }

  const kindWords = object => {
    if (isA(shown, "bpmn:SequenceFlow")) return say("kind_flow");
    if (isA(shown, "bpmn:Participant")) return say("kind_pool");
    if (isA(shown, "bpmn:Lane")) return say("kind_lane");
    if (isA(shown, "bpmn:StartEvent")) return say("kind_start");
    if (isA(shown, "bpmn:TextAnnotation")) return say("kind_note");
    const kind = kindOf(object);
    return kind ? say(`kind_${kind}`) : say("kind_other");
  };

  function names(object) {
    const { label_vi, label_en } = propertiesOf(object);
    const write = (lang, value) => {
      if (lang === "vi") written.setName(shown, value);
      else written.setProperties(shown, { label_en: value });
    };
    return both("p-name", { vi: say("name_vi"), en: say("name_en") }, { vi: object.name || label_vi, en: label_en }, write);
  }

  function kindBox(object, kind) {
    const others = othersFor(object, object.id in vocabulary.steps);
    const options = [kind, ...others].map(each => ({ id: each, label: say(`kind_${each}`) }));
    return others.length ? select("p-kind", say("kind"), options, kind, chosen => ways.change(shown, chosen)) : null;
  }

  function edgeBox(object) {
    if (object.$type !== "bpmn:BoundaryEvent") return null;
    const write = stops => {
      modeler.get("modeling").updateProperties(shown, { cancelActivity: stops });
      draw();
    };
    return tick("p-interrupts", say("interrupts", { step: nameOf(object.attachedToRef, vocabulary.language) }), object.cancelActivity !== false, write);
  }

  function stepParts(object) {
    const bound = vocabulary.steps[object.id], { role, other_than, help_vi, help_en } = propertiesOf(object);
    const process = processOf(object)?.id, lane = laneOf(object), laneRole = lane ? propertiesOf(lane).role : "";
    const roleWords = id => vocabulary.roles.find(each => each.id === id)?.label || id;
    const staff = vocabulary.roles.filter(each => each.id !== vocabulary.reporter && (!each.process || each.process === process));
    const who = [{ id: "", label: laneRole ? say("as_lane", { role: roleWords(laneRole) }) : say("as_lane_none") }, ...staff];
    const set = name => value => written.setProperties(shown, { [name]: value });
    const chooseRole = chosen => {                                   // whoever has a lane is drawn in it
      const own = chosen && ways.laneFor(shown, chosen);
      if (own) ways.toLane(shown, own, written);
      else written.setProperties(shown, { role: chosen });
      draw();
    };
    const others = (processOf(object)?.flowElements || []).filter(each => each !== object && each.$type === "bpmn:UserTask")
      .map(each => ({ id: each.id, label: nameOf(each, vocabulary.language) }));
    return [
      bound ? el("p", { class: "boundnote small", "data-bound": "" }, say("bound_step")) : null,
      select("p-role", say("who"), who, role || "", chooseRole), cameFrom(object, "role"),
      bound ? null : select("p-other-than", say("other_than"), [{ id: "", label: say("anybody") }, ...others], other_than || "", set("other_than")),
      limitOf(shown, written, draw), cameFrom(object, "limit"),
      bound ? outcomesOf(bound) : [
        ...fieldsOf(shown, (form, draws) => {
          written.setForm(shown, form);
          if (draws) draw();
        }),
        group(say("help"), area("p-help-vi", say("help_vi"), help_vi, set("help_vi"), { lang: "vi" }),
          area("p-help-en", say("help_en"), help_en, set("help_en"), { lang: "en" }), cameFrom(object, "help")),
      ],
    ];
  }

  /** Whether the drawing says it, or for the time being a daily setting, which can be looked at there. */
  function cameFrom(object, what) {
    const set = data.daily[object.id]?.[what];
    const link = set && data.daily_url ? el("a", { href: data.daily_url, target: "_blank", rel: "noopener" }, say("daily_link")) : null;
    return el("p", { class: "small muted camefrom", "data-from": set ? "daily" : "diagram", "data-what": what },
      set ? [say("from_daily", { value: set }), " ", link] : say("from_diagram"));
  }

  const outcomesOf = ({ outcomes }) => (outcomes.length
    ? group(say("outcomes"), el("ul", { class: "small plainlist" }, outcomes.map(each => el("li", {}, each.label)))) : null);

  function waysOut(object) {
    const flows = object.outgoing || [];
    if (flows.length < 2) return null;
    return group(say("ways_out"), el("ul", { class: "plainlist" }, flows.map(each => el("li", {},
      el("button", { type: "button", class: "linkbtn", "data-way": each.id, onclick: () => go(registry.get(each.id)) },
        say("way_to", { name: nameOf(each.targetRef, vocabulary.language) })), el("p", { class: "small muted" }, inWordsOf(each))))));
  }

  function messageBox(object) {
    const name = definitionOf(object)?.messageRef?.name || "", process = processOf(object)?.id;
    const facts = Object.entries(vocabulary.facts).filter(([, fact]) => fact.process === process).map(([id, fact]) => ({ id, label: fact.label }));
    const choose = chosen => {
      const gives = Object.keys(vocabulary.facts[chosen]?.gives || {}).length;
      const old = extensionOf(definitionOf(object), "spiffworkflow:MessageVariable")?.value;
      const variable = gives ? old || free(chosen, new Set([...namesIn(object), ...Object.keys(vocabulary.facts)])) : "";
      written.setMessage(shown, chosen, variable);
      draw();
    };
    return select("p-message", say("waits_for"), [...(name ? [] : [{ id: "", label: say("choose") }]), ...facts], name, choose);
  }

  function serviceBox(object) {
    const operator = extensionOf(object, "spiffworkflow:ServiceTaskOperator"), name = operator?.id || "";
    const services = Object.entries(vocabulary.services).map(([id, service]) => ({ id, label: service.label }));
    const given = Object.fromEntries((operator?.parameterList?.parameters || []).map(each => [each.id, each.value || ""]));
    const write = (chosen, parameters) => {
      const result = operator?.id === chosen && operator.resultVariable ? operator.resultVariable : free(chosen, namesIn(object));
      written.setService(shown, chosen, result, parameters);
      draw();
    };
    const choose = chosen => write(chosen, Object.fromEntries(Object.keys(vocabulary.services[chosen]?.parameters || {}).map(each => [each, ""])));
    const parameter = ([each, type]) => {
      const groups = variablesFor(object).map(one => ({
        label: one.label, options: one.variables.filter(each => each.type === type).map(each => ({ id: each.path, label: each.label })),
      })).filter(one => one.options.length);
      return select(`p-parameter-${each}`, each, [{ id: "", label: say("choose") }, ...groups], given[each] || "",
        value => write(name, { ...given, [each]: value }));
    };
    return [select("p-service", say("service"), [...(name ? [] : [{ id: "", label: say("choose") }]), ...services], name, choose),
      ...Object.entries(vocabulary.services[name]?.parameters || {}).map(parameter)];
  }

  /** With nothing chosen: every step by process, so that each can be reached without a mouse. */
  function overview() {
    const language = vocabulary.language;
    const processes = registry.filter(each => isA(each, "bpmn:Participant")).map(objectOf).filter(each => each.processRef);
    const list = pool => (pool.processRef.flowElements || []).filter(each => each.$instanceOf("bpmn:FlowNode"));
    const entry = each => el("li", {}, el("button", { type: "button", class: "linkbtn", "data-go": each.id, onclick: () => go(registry.get(each.id)) },
      nameOf(each, language)));
    return [el("h2", { id: "properties-heading", tabindex: "-1" }, say("overview")), el("p", { class: "small muted" }, say("overview_hint")),
      ...processes.map(pool => el("details", { class: "propmore" }, el("summary", {}, nameOf(pool, language)),
        el("ul", { class: "plainlist" }, list(pool).filter(each => registry.get(each.id)).map(entry))))];
  }

  function go(element) {
    selection.select(element);
    canvas.scrollToElement(element, 60);
    document.getElementById("properties-heading")?.focus();
  }

  modeler.on("selection.changed", ({ newSelection }) => {
    flush();
    shown = newSelection.length === 1 ? newSelection[0].labelTarget || newSelection[0] : null;
    draw();
  });
  modeler.on(["elements.changed", "shape.removed", "connection.removed"], () => {
    if (writing) return;
    if (shown && !registry.get(shown.id)) shown = null;
    draw();
  });
  draw();
  return { draw, go, showFindings };
}
