// The kinds of element that run here: what can be drawn, and what may become what.
const MESSAGE = "bpmn:MessageEventDefinition", TIMER = "bpmn:TimerEventDefinition", TERMINATE = "bpmn:TerminateEventDefinition";
const CATCH = "bpmn:IntermediateCatchEvent";

/** By name: how it is drawn, its sign in the palette, its group there. The sentence of a kind is `kind_` + name. */
export const KINDS = {
  step: { attributes: { type: "bpmn:UserTask" }, sign: "bpmn-icon-user-task", group: "step" },
  service: { attributes: { type: "bpmn:ServiceTask" }, sign: "bpmn-icon-service-task", group: "step" },
  choice: { attributes: { type: "bpmn:ExclusiveGateway" }, sign: "bpmn-icon-gateway-xor", group: "gateway" },
  parallel: { attributes: { type: "bpmn:ParallelGateway" }, sign: "bpmn-icon-gateway-parallel", group: "gateway" },
  first: { attributes: { type: "bpmn:EventBasedGateway" }, sign: "bpmn-icon-gateway-eventbased", group: "gateway" },
  message: { attributes: { type: CATCH, eventDefinitionType: MESSAGE }, sign: "bpmn-icon-intermediate-event-catch-message", group: "event" },
  time: { attributes: { type: CATCH, eventDefinitionType: TIMER }, sign: "bpmn-icon-intermediate-event-catch-timer", group: "event" },
  end: { attributes: { type: "bpmn:EndEvent" }, sign: "bpmn-icon-end-event-none", group: "end" },
  end_of_all: { attributes: { type: "bpmn:EndEvent", eventDefinitionType: TERMINATE }, sign: "bpmn-icon-end-event-terminate", group: "end" },
};

/** The kind an element is of, null for those that are only looked at (starts, pools, lanes). */
export function kindOf(object) {
  const definition = (object.eventDefinitions || [])[0]?.$type;
  switch (object.$type) {
    case "bpmn:UserTask": case "bpmn:ManualTask": return "step";
    case "bpmn:ServiceTask": return "service";
    case "bpmn:ExclusiveGateway": return "choice";
    case "bpmn:ParallelGateway": return "parallel";
    case "bpmn:EventBasedGateway": return "first";
    case "bpmn:EndEvent": return definition === TERMINATE ? "end_of_all" : definition ? null : "end";
    case CATCH: case "bpmn:BoundaryEvent": return definition === MESSAGE ? "message" : definition === TIMER ? "time" : null;
    default: return null;
  }
}

/** What an element may become. A step that the software knows stays what it is. */
export function othersFor(object, isBound) {
  const kind = kindOf(object);
  if (!kind || isBound) return [];
  return Object.keys(KINDS).filter(each => each !== kind && KINDS[each].group === KINDS[kind].group);
}

/** How the library replaces an element by one of another kind; events on the edge of a step stay there. */
export function replacementFor(object, kind) {
  const { attributes } = KINDS[kind];
  return object.$type === "bpmn:BoundaryEvent" ? { ...attributes, type: object.$type, cancelActivity: object.cancelActivity } : attributes;
}

/** What is put into a flow: no end, and no wait for one of several, which has ways of its own. */
export const INTO_A_FLOW = Object.keys(KINDS).filter(each => KINDS[each].group !== "end" && each !== "first");

/** What may come directly after an element; where it leads on already, what may stand on that way. */
export function kindsAfter(object, leadsOn = false) {
  if (object.$type === "bpmn:EndEvent") return [];
  if (leadsOn) return INTO_A_FLOW;
  return object.$type === "bpmn:EventBasedGateway" ? ["message", "time"] : Object.keys(KINDS);
}

const ID_STARTS = [
  ["bpmn:UserTask", "step"], ["bpmn:ServiceTask", "service"], ["bpmn:ExclusiveGateway", "choice"], ["bpmn:ParallelGateway", "parallel"],
  ["bpmn:EventBasedGateway", "first"], ["bpmn:EndEvent", "end"], ["bpmn:Event", "event"], ["bpmn:SequenceFlow", "flow"],
  ["bpmn:MessageFlow", "message_flow"], ["bpmn:EventDefinition", "definition"], ["bpmn:TextAnnotation", "note"],
];

/** How the id of a new element begins. */
export const idStartOf = object => (ID_STARTS.find(([type]) => object.$instanceOf(type)) || ["", object.$type.split(":")[1].toLowerCase()])[1];
