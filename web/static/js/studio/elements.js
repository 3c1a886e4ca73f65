// Reading and writing what stands on an element of the diagram. Every change is one command, so that it can be undone.
import { FIELD_TEXTS, LABELS } from "./moddle.js";
import { say } from "./page.js";

export const objectOf = element => element.businessObject;
export const isA = (element, ...types) => types.some(type => objectOf(element).$instanceOf(type));
export const definitionOf = object => (object.eventDefinitions || [])[0];
export const hasDefinition = (object, type) => (object.eventDefinitions || []).some(each => each.$type === type);
export const extensionOf = (object, type) => (object?.extensionElements?.values || []).find(each => each.$type === type);

export function propertiesOf(object) {
  const values = extensionOf(object, "spiffworkflow:Properties")?.values || [];
  return Object.fromEntries(values.map(each => [each.name, each.value]));
}

/** A name as it is kept: on one line, without signs that nobody sees or that turn others round. */
export const oneLine = text => (text || "").replace(/\s+/gu, " ").replace(/[\p{Cc}\p{Cf}]/gu, "").trim();

/** The process an element stands in; null for pools and what lies between them. */
export function processOf(object) {
  for (let at = object; at; at = at.$parent) if (at.$type === "bpmn:Process") return at;
  return null;
}

/** What people read on an element, in the language given, else in the other; empty where it has no name. */
function labelOf(object, language) {
  const properties = propertiesOf(object);
  const vi = object.name || properties.label_vi, en = properties.label_en;
  return (language === "en" ? en || vi : vi || en) || "";
}

/** What an element is called: its label, else an arrow by its two ends and a node by what it stands after or before; else its id. */
export function nameOf(object, language) {
  const own = labelOf(object, language);
  if (own) return own;
  if (object.sourceRef && object.targetRef) return say("between", { source: nameOf(object.sourceRef, language), target: nameOf(object.targetRef, language) });
  const near = (flows, end) => (flows || []).map(flow => flow[end] && labelOf(flow[end], language)).find(Boolean);
  const before = near(object.incoming, "sourceRef"), after = near(object.outgoing, "targetRef");
  if (before) return say("nameless_after", { name: before });
  return after ? say("nameless_before", { name: after }) : object.id;
}

/** The lane an element stands in. */
export function laneOf(object) {
  const sets = processOf(object)?.laneSets || [];
  const within = lanes => lanes.flatMap(lane => [lane, ...within(lane.childLaneSet?.lanes || [])]);
  return within(sets.flatMap(set => set.lanes || [])).find(lane => (lane.flowNodeRef || []).includes(object)) || null;
}

/** The form of a step as plain data; empty when it has none. */
export function formOf(object) {
  const items = extensionOf(object, "langbiang:Form")?.items || [];
  const plain = (each, names) => Object.fromEntries(names.map(name => [name, each[name] || ""]));
  return {
    fields: items.filter(each => each.$type === "langbiang:Field").map(each => ({
      ...plain(each, FIELD_TEXTS), others: each.$attrs, choices: (each.choices || []).map(choice => plain(choice, ["id", ...LABELS])),
    })),
    buttons: items.filter(each => each.$type === "langbiang:Button").map(each => plain(each, ["id", ...LABELS])),
  };
}

/** Writing on elements. `touched` collects the ids of those whose extension elements were changed. */
export function penFor(modeler, touched) {
  const modeling = modeler.get("modeling"), moddle = modeler.get("moddle"), factory = modeler.get("bpmnFactory");

  function make(type, attributes, children = {}) {
    const filled = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== "" && value !== undefined));
    const made = moddle.create(type, filled);
    for (const [name, list] of Object.entries(children)) {
      const values = list.filter(Boolean);
      values.forEach(each => { each.$parent = made; });
      if (values.length) made.set(name, values);
    }
    return made;
  }

  /** Put one extension element in place of those of its type; `made` null takes them away. `object` is the element's own or inside it. */
  function putExtension(element, object, type, made) {
    const values = [...(object.extensionElements?.values || [])];
    const place = values.findIndex(each => each.$type === type);
    const rest = values.filter(each => each.$type !== type);
    if (made) rest.splice(place < 0 ? rest.length : place, 0, made);
    const box = rest.length ? make("bpmn:ExtensionElements", {}, { values: rest }) : undefined;
    if (box) box.$parent = object;
    for (const id of [object.id, objectOf(element).id]) if (id) touched.add(id);
    modeling.updateModdleProperties(element, object, { extensionElements: box });
  }

  const pen = {
    make, putExtension,
    /** Set properties by name; an empty value takes the property away. */
    setProperties(element, changes) {
      const object = objectOf(element);
      const known = extensionOf(object, "spiffworkflow:Properties")?.values || [];
      const property = (name, value) => make("spiffworkflow:Property", { name, value });
      const kept = known.filter(each => !(each.name in changes) || changes[each.name])
        .map(each => property(each.name, each.name in changes ? changes[each.name] : each.value));
      const added = Object.entries(changes).filter(([name, value]) => value && !known.some(each => each.name === name))
        .map(([name, value]) => property(name, value));
      const values = [...kept, ...added];
      putExtension(element, object, "spiffworkflow:Properties", values.length ? make("spiffworkflow:Properties", {}, { values }) : null);
    },
    /** The Vietnamese name stands in the drawing, except on joins that keep theirs out of it. */
    setName(element, text) {
      const name = oneLine(text);
      if (!objectOf(element).name && propertiesOf(objectOf(element)).label_vi) pen.setProperties(element, { label_vi: name });
      else modeling.updateProperties(element, { name: name || undefined });
    },
    setForm(element, form) {
      const fields = form.fields.map(({ choices, others, ...texts }) => {
        const field = make("langbiang:Field", texts, { choices: choices.map(choice => make("langbiang:Choice", choice)) });
        Object.assign(field.$attrs, others);
        return field;
      });
      const buttons = form.buttons.map(each => make("langbiang:Button", each));
      const made = fields.length || buttons.length ? make("langbiang:Form", {}, { items: [...fields, ...buttons] }) : null;
      putExtension(element, objectOf(element), "langbiang:Form", made);
    },
    setCondition(flow, text) {
      const expression = text ? moddle.create("bpmn:FormalExpression", { body: text }) : undefined;
      if (expression) expression.$parent = objectOf(flow);
      modeling.updateProperties(flow, { conditionExpression: expression });
    },
    /** Make a flow the one for all other cases, or no longer. */
    setDefault(flow, is) {
      if (is && objectOf(flow).conditionExpression) pen.setCondition(flow, "");
      modeling.updateProperties(flow.source, { default: is ? objectOf(flow) : undefined });
    },
    /** Let an event wait for a message; the model's own declaration of it is used or made. */
    setMessage(element, name, variable) {
      const object = objectOf(element), definition = definitionOf(object), root = modeler.getDefinitions();
      let message = root.rootElements.find(each => each.$type === "bpmn:Message" && each.name === name);
      if (!message) {
        message = factory.create("bpmn:Message", { id: freeId(`message_${name}`), name });
        message.$parent = root;
        const last = root.rootElements.map(each => each.$type).lastIndexOf("bpmn:Message");
        const rootElements = [...root.rootElements];
        rootElements.splice(last + 1, 0, message);
        modeling.updateModdleProperties(element, root, { rootElements });
      }
      modeling.updateModdleProperties(element, definition, { messageRef: message });
      const known = extensionOf(definition, "spiffworkflow:MessageVariable");
      if (known?.value !== (variable || undefined)) {
        putExtension(element, definition, "spiffworkflow:MessageVariable",
          variable ? make("spiffworkflow:MessageVariable", { value: variable }) : null);
      }
    },
    /** `kind` is timeDate or timeDuration. */
    setTimer(element, kind, text) {
      const definition = definitionOf(objectOf(element));
      const expression = text ? moddle.create("bpmn:FormalExpression", { body: text }) : undefined;
      if (expression) expression.$parent = definition;
      modeling.updateModdleProperties(element, definition,
        { timeDate: undefined, timeDuration: undefined, timeCycle: undefined, [kind]: expression });
    },
    setService(element, name, resultVariable, parameters) {
      const list = Object.entries(parameters).map(([id, value]) => make("spiffworkflow:Parameter", { id, value }));
      const operator = make("spiffworkflow:ServiceTaskOperator", { id: name, resultVariable });
      operator.set("parameterList", make("spiffworkflow:Parameters", {}, { parameters: list }));
      operator.parameterList.$parent = operator;
      putExtension(element, objectOf(element), "spiffworkflow:ServiceTaskOperator", name ? operator : null);
    },
  };

  function freeId(wanted) {
    let id = wanted;
    for (let n = 2; moddle.ids.assigned(id); n++) id = `${wanted}_${n}`;
    return id;
  }
  return pen;
}
