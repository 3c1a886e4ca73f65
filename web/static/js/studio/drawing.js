// What the library offers while drawing, cut down to what runs: palette, pad next to the element, menu, rules, ids.
import { isA, objectOf, oneLine } from "./elements.js";
import { KINDS, idStartOf, kindsAfter, othersFor, replacementFor } from "./kinds.js";
import { namesIn } from "./names.js";
import { data, say, vocabulary } from "./page.js";
import { Places } from "./places.js";
import { searchModule } from "./search.js";
import { wordsModule } from "./translate.js";

const ROOM = { x: 170, y: 140 };                                     // a step, and a little way before and after it
const ON_THE_PAD = ["step", "choice", "message", "end"];
const FIXED = ["bpmn:Participant", "bpmn:Lane", "bpmn:StartEvent"];

class PaletteProvider {
  constructor(palette, create, elementFactory, handTool, lassoTool, spaceTool, globalConnect) {
    const tool = (sign, key, click) => ({ group: "tools", className: `bpmn-icon-${sign}`, title: say(key), action: { click } });
    const kind = ([name, { attributes, sign, group }]) => {
      const start = event => create.start(event, elementFactory.createShape({ ...attributes }));
      return [`create.${name}`, { group, className: sign, title: say(`kind_${name}`), action: { dragstart: start, click: start } }];
    };
    this.getPaletteEntries = () => ({
      "hand-tool": tool("hand-tool", "tool_hand", event => handTool.activateHand(event)),
      "lasso-tool": tool("lasso-tool", "tool_lasso", event => lassoTool.activateSelection(event)),
      "space-tool": tool("space-tool", "tool_space", event => spaceTool.activateSelection(event)),
      "global-connect-tool": tool("connection-multi", "tool_connect", event => globalConnect.start(event)),
      "tool-separator": { group: "tools", separator: true },
      ...Object.fromEntries(Object.entries(KINDS).map(kind)),
    });
    palette.registerProvider(this);
  }
}
PaletteProvider.$inject = ["palette", "create", "elementFactory", "handTool", "lassoTool", "spaceTool", "globalConnect"];

class ContextPadProvider {
  constructor(contextPad, modeling, elementFactory, connect, create, autoPlace, rules, studioWays) {
    const entry = (group, className, title, action) => ({ group, className, title, action });
    const remove = elements => entry("edit", "bpmn-icon-trash", say("remove"), { click: () => modeling.removeElements([...elements]) });
    const mayRemove = elements => {
      const allowed = rules.allowed("elements.delete", { elements });
      return Array.isArray(allowed) ? elements.every(each => allowed.includes(each)) : allowed;
    };
    const append = (attributes, className, title) => entry("model", className, title, {
      click: (_event, element) => autoPlace.append(element, elementFactory.createShape({ ...attributes })),
      dragstart: (event, element) => create.start(event, elementFactory.createShape({ ...attributes }), { source: element }),
    });
    const note = () => append({ type: "bpmn:TextAnnotation" }, "bpmn-icon-text-annotation", say("add_note"));
    const startConnect = (event, element) => connect.start(event, element);

    this.getMultiElementContextPadEntries = elements => (mayRemove(elements) ? { delete: remove(elements) } : {});
    this.getContextPadEntries = element => {
      const object = objectOf(element), entries = {};
      if (element.type === "label") return mayRemove([element]) ? { delete: remove([element]) } : {};
      if (isA(element, "bpmn:FlowNode")) {
        for (const kind of kindsAfter(object, Boolean(onlyWayOf(element))).filter(each => ON_THE_PAD.includes(each) || object.$type === "bpmn:EventBasedGateway")) {
          const drawn = append(KINDS[kind].attributes, KINDS[kind].sign, say("append", { kind: say(`kind_${kind}`) }));
          drawn.action.click = (_event, at) => studioWays.append(at, kind);
          entries[`append.${kind}`] = drawn;
        }
        if (othersFor(object, object.id in vocabulary.steps).length) {
          entries.replace = entry("edit", "bpmn-icon-screw-wrench", say("change_kind"), { click: () => document.getElementById("p-kind")?.focus() });
        }
      }
      if (isA(element, "bpmn:SequenceFlow")) {
        entries["insert.step"] = entry("model", KINDS.step.sign, say("insert_step"), { click: () => studioWays.insert(element, "step") });
      }
      if (isA(element, "bpmn:FlowNode", "bpmn:SequenceFlow", "bpmn:MessageFlow")) entries["append.text-annotation"] = note();
      if (isA(element, "bpmn:FlowNode", "bpmn:TextAnnotation")) {
        entries.connect = entry("connect", "bpmn-icon-connection-multi", say("tool_connect"), { click: startConnect, dragstart: startConnect });
      }
      if (mayRemove([element])) entries.delete = remove([element]);
      return entries;
    };
    contextPad.registerProvider(this);
  }
}
ContextPadProvider.$inject = ["contextPad", "modeling", "elementFactory", "connect", "create", "autoPlace", "rules",
  "studioWays"];

/** The ways of drawing that need no mouse; each is one command. */
class Ways {
  constructor(injector, commandStack, autoPlace, elementFactory, bpmnReplace, modeling, selection, studioPlaces) {
    const shape = kind => elementFactory.createShape({ ...KINDS[kind].attributes });
    commandStack.registerHandler("studio.insert", InsertHandler);
    commandStack.register("studio.settle", { preExecute: ({ element, lane, pen }) => {
      studioPlaces.settle(element, lane);
      pen.setProperties(element, { role: "" });
    } });
    /** After an element; inserted into its existing flow, because a second one would contradict that. */
    this.append = (element, kind) => {
      const way = onlyWayOf(element);
      return way ? this.insert(way, kind) : select(autoPlace.append(element, shape(kind)));
    };
    this.insert = (flow, kind) => {
      const made = shape(kind);
      commandStack.execute("studio.insert", { flow, made });
      return select(made);
    };
    this.change = (element, kind) => select(bpmnReplace.replaceElement(element, { ...replacementFor(objectOf(element), kind) }));
    this.connect = (source, target) => select(modeling.connect(source, target));
    this.attach = (step, kind) => {
      const event = elementFactory.createShape({ ...KINDS[kind].attributes, type: "bpmn:BoundaryEvent", host: step });
      return select(modeling.createShape(event, freePlaceOn(step), step, { attach: true }));
    };
    this.laneFor = studioPlaces.laneFor;
    /** Draw a step in a lane of the role that does it, and let the lane say so. */
    this.toLane = (element, lane, pen) => commandStack.execute("studio.settle", { element, lane, pen });
    this.remove = element => modeling.removeElements([element]);
    const select = element => {
      selection.select(element);
      return element;
    };
  }
}
Ways.$inject = ["injector", "commandStack", "autoPlace", "elementFactory", "bpmnReplace", "modeling", "selection", "studioPlaces"];

/** The way out of an element that can have only one and has it; null for choices, which may have several. */
export function onlyWayOf(element) {
  if (isA(element, "bpmn:Gateway")) return null;
  return (element.outgoing || []).find(each => isA(each, "bpmn:SequenceFlow")) || null;
}

/** A place on the edge of a step where no event is yet; below before above, right before left. */
export function freePlaceOn({ x, y, width, height, attachers }) {
  const places = [y + height, y].flatMap(edge => [width - 18, width / 2, 18].map(along => ({ x: x + along, y: edge })));
  const isFree = place => attachers.every(each => Math.hypot(each.x + each.width / 2 - place.x, each.y + each.height / 2 - place.y) > 34);
  return places.find(isFree) || places[0];
}

/** Puts an element on a flow and first moves apart what would be in its way. */
class InsertHandler {
  constructor(modeling, studioPlaces) {
    this.preExecute = ({ flow, made }) => {
      const { from, to, axis } = longest(flow.waypoints);
      const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
      const lacking = ROOM[axis] - Math.abs(to[axis] - from[axis]);
      if (lacking > 0) {
        studioPlaces.makeRoom(axis, lacking, Math.round(middle[axis]));
        middle[axis] += lacking / 2;
      }
      modeling.createShape(made, { x: Math.round(middle.x), y: Math.round(middle.y) }, flow);
    };
    this.postExecute = ({ flow, made, lane }) => {
      studioPlaces.settle(made, lane && lane());                     // the flow ends at the new element now: its name goes with it
      if (!flow.label || flow.waypoints.length < 2) return;
      const { from, to } = longest(flow.waypoints), { x, y, width, height } = flow.label;
      const wanted = { x: (from.x + to.x) / 2 - width / 2, y: (from.y + to.y) / 2 - height - 4 };
      modeling.moveShape(flow.label, { x: Math.round(wanted.x - x), y: Math.round(wanted.y - y) });
    };
  }
}
InsertHandler.$inject = ["modeling", "studioPlaces"];

function longest(points) {
  const parts = points.slice(1).map((to, at) => {
    const from = points[at], axis = Math.abs(to.x - from.x) >= Math.abs(to.y - from.y) ? "x" : "y";
    return { from, to, axis, spare: Math.abs(to[axis] - from[axis]) - ROOM[axis] };
  });
  return parts.reduce((best, each) => (each.spare > best.spare ? each : best));
}

/** Pools, lanes and starts stay; new ids can stand in a condition, and none was ever given to anything else (workflows/versions/step_origins.py). */
function keepHouse(eventBus, bpmnFactory, moddle, elementRegistry) {
  eventBus.on("commandStack.elements.delete.canExecute", 1500, ({ context }) => {
    const kept = context.elements.filter(each => !isA(each, ...FIXED));
    return kept.length < context.elements.length ? kept : undefined;
  });
  eventBus.on("commandStack.element.updateLabel.preExecute", 1500, ({ context }) => {
    if (!isA(context.element, "bpmn:TextAnnotation")) context.newLabel = oneLine(context.newLabel);
  });
  const used = new Set();
  bpmnFactory._ensureId = object => {
    if (object.id) moddle.ids.claim(object.id, object);
    else if (bpmnFactory._needsId(object)) object.id = newId(object);
  };
  function newId(object) {
    const start = `${idStartOf(object)}_${data.id_stamp}`, processes = elementRegistry.filter(each => isA(each, "bpmn:Participant")).map(each => objectOf(each).processRef);
    const taken = processes.filter(Boolean).map(each => namesIn(each));
    let n = 1;
    while (used.has(`${start}_${n}`) || moddle.ids.assigned(`${start}_${n}`) || taken.some(names => names.has(`${start}_${n}`))) n++;
    used.add(`${start}_${n}`);                                       // an id that was undone or deleted is not given to something else
    moddle.ids.claim(`${start}_${n}`, object);
    return `${start}_${n}`;
  }
}
keepHouse.$inject = ["eventBus", "bpmnFactory", "moddle", "elementRegistry"];

export const drawingModule = {
  __depends__: [wordsModule, searchModule],
  __init__: ["studioHouse", "paletteProvider", "contextPadProvider"],
  paletteProvider: ["type", PaletteProvider],
  contextPadProvider: ["type", ContextPadProvider],
  studioWays: ["type", Ways],
  studioPlaces: ["type", Places],
  studioHouse: ["factory", keepHouse],
};
