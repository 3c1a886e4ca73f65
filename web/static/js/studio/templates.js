// Ready-made steps: one command puts the parts of a template on a way, with their names, limits, forms, buttons and conditions.
import { freePlaceOn } from "./drawing.js";
import { objectOf, processOf } from "./elements.js";
import { KINDS } from "./kinds.js";
import { free, namesIn } from "./names.js";
import { vocabulary } from "./page.js";

const COMMAND = "studio.template";

/** Returns `put(flow, template)`, which draws and gives back the first part. */
export function templatesOf(modeler, pen) {
  const stack = modeler.get("commandStack"), modeling = modeler.get("modeling"), bus = modeler.get("eventBus");
  const factory = modeler.get("elementFactory"), places = modeler.get("studioPlaces");
  const shape = (part, more = {}) => factory.createShape({ ...KINDS[part.kind].attributes, ...more });
  /** Where the library would put it; not by its own command, which opens the name for typing. */
  const after = (from, part) => {
    const made = shape(part), hints = {};
    return modeling.appendShape(from, made, bus.fire("autoPlace", { source: from, shape: made, hints }), from.parent, hints);
  };

  stack.register(COMMAND, {
    preExecute(context) {
      let way = context.flow;
      const { template } = context, buttons = new Map();
      const drawn = context.drawn = template.chain.map(part => {
        const made = shape(part);
        stack.execute("studio.insert", { flow: way, made, lane: () => places.laneFor(made, roleOf(made, part)) });
        way = made.outgoing[0];
        fillIn(made, part, buttons);
        return made;
      });
      for (const { after: host, edge, parts, back_to } of template.beside) {
        let from = edge ? onEdge(drawn[host], edge) : drawn[host];
        for (const part of parts) {
          from = after(from, part);
          places.settle(from, places.laneFor(from, roleOf(from, part)));
          fillIn(from, part, buttons);
        }
        if (back_to !== null) modeling.connect(from, drawn[back_to]);
      }
      template.chain.forEach((part, at) => { if (part.asks !== undefined) decide(drawn[at], part, drawn[part.asks], buttons); });
    },
  });

  function onEdge(step, part) {
    const event = shape(part, { type: "bpmn:BoundaryEvent", host: step });
    modeling.createShape(event, freePlaceOn(step), step, { attach: true });
    modeling.updateProperties(event, { cancelActivity: false });
    fillIn(event, part, new Map());
    return event;
  }

  /** Who does a part in the process it stands in. */
  function roleOf(element, part) {
    const process = processOf(objectOf(element))?.id;
    const atAgency = vocabulary.roles.some(each => each.id === part.agency_role && each.process && each.process === process);
    return atAgency ? part.agency_role : part.role;
  }

  /** What stands on a part; names that are taken get a number, and conditions follow. */
  function fillIn(element, part, buttons) {
    const object = objectOf(element), taken = namesIn(object);
    const own = each => {
      const id = free(each.id, taken);
      taken.add(id);
      return id;
    };
    const role = roleOf(element, part);
    pen.setName(element, part.label_vi);
    pen.setProperties(element, { label_en: part.label_en, role: places.laneFor(element, role) ? "" : role, ...part.limit, ...part.help });
    if (part.timer) pen.setTimer(element, "timeDuration", part.timer);
    if (!part.fields && !part.buttons) return;
    const named = new Map((part.buttons || []).map(each => [each.id, own(each)]));
    buttons.set(element, named);
    pen.setForm(element, {
      fields: (part.fields || []).map(each => ({ ...each, id: own(each), others: {} })),
      buttons: (part.buttons || []).map(each => ({ ...each, id: named.get(each.id) })),
    });
  }

  /** The branch is taken after that button, the continuing flow after every other one. */
  function decide(choice, part, step, buttons) {
    const named = buttons.get(step), is = id => `${objectOf(step).id} == "${named.get(id)}"`;
    const [on, beside] = choice.outgoing, others = [...named.keys()].filter(each => each !== part.button);
    [[on, others.map(is).join(" or "), part.ways[0]], [beside, is(part.button), part.ways[1]]].forEach(([flow, condition, { label_vi, label_en }]) => {
      pen.setCondition(flow, condition);
      pen.setName(flow, label_vi);
      pen.setProperties(flow, { label_en });
    });
  }

  return (flow, template) => {
    const context = { flow, template };
    stack.execute(COMMAND, context);
    modeler.get("selection").select(context.drawn[0]);
    return context.drawn[0];
  };
}
