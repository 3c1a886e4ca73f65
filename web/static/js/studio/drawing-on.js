// Drawing without a mouse: what comes after an element, onto its edge or into a flow, and taking it away.
import { button, group, select } from "./controls.js";
import { nameOf, objectOf, processOf } from "./elements.js";
import { onlyWayOf } from "./drawing.js";
import { INTO_A_FLOW, kindsAfter } from "./kinds.js";
import { data, el, say, vocabulary } from "./page.js";

const NEVER_REACHED = ["bpmn:StartEvent", "bpmn:BoundaryEvent"];

/** `ways` draws (see drawing.js), `put` draws a template (see templates.js), `registry` knows the elements of the drawing. */
export function drawingOn(ways, registry, put) {
  const kinds = names => names.map(each => ({ id: each, label: say(`kind_${each}`) }));
  const chosen = id => document.getElementById(id).value;
  const removal = element => button(say("remove_this"), () => ways.remove(element), { name: "trash", id: "p-remove" });

  /** A choice with the button that does it. */
  const row = (id, name, options, first, act) => el("div", { class: "with-button" },
    select(id, say(name), options, first, () => {}), button(say(`${name.split("_")[0]}_do`), () => act(chosen(id)), { id: `${id}-do` }));

  function after(element, kind) {
    const object = objectOf(element), way = onlyWayOf(element), next = kindsAfter(object, Boolean(way));
    return el("details", { class: "propmore" }, el("summary", {}, say("draw_on")), group(say("draw_on"),
      next.length ? row("p-append", way ? "insert_next" : "append_what", kinds(next), next[0], each => ways.append(element, each)) : null,
      next.length && !way ? connection(element) : null,
      kind === "step" ? row("p-attach", "attach_what", kinds(["message", "time"]), "time", each => ways.attach(element, each)) : null),
      object.outgoing?.length === 1 ? templates(registry.get(object.outgoing[0].id)) : null,
    object.$type === "bpmn:StartEvent" ? null : removal(element));
  }

  function connection(element) {
    const others = processOf(objectOf(element)).flowElements.filter(each => each !== objectOf(element) && each.$instanceOf("bpmn:FlowNode"));
    const places = others.filter(each => !NEVER_REACHED.includes(each.$type) && registry.get(each.id))
      .map(each => ({ id: each.id, label: nameOf(each, vocabulary.language) })).sort((a, b) => a.label.localeCompare(b.label));
    return row("p-connect", "connect_to", places, places[0]?.id || "", each => ways.connect(element, registry.get(each)));
  }

  /** The ready-made steps, with what the chosen one is for. */
  function templates(flow) {
    const about = el("p", { class: "small muted", id: "p-template-about" }), of = id => data.templates.find(each => each.id === id);
    const tell = id => { about.textContent = of(id).about; };
    tell(data.templates[0].id);
    return group(say("templates"), el("div", { class: "with-button" }, select("p-template", say("template_what"), data.templates, data.templates[0].id, tell),
      button(say("template_do"), () => put(flow, of(chosen("p-template"))), { id: "p-template-do" })), about);
  }

  const isWithin = ({ source, target }) => processOf(objectOf(source)) && processOf(objectOf(source)) === processOf(objectOf(target));
  const into = flow => [
    group(say("insert"), row("p-insert", "insert_what", kinds(INTO_A_FLOW), "step", each => ways.insert(flow, each))),
    isWithin(flow) ? templates(flow) : null, removal(flow)];
  return { after, into, removal };
}
