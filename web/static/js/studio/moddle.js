// The extension elements a model may carry, told to the library so that they survive reading and writing, in their order.
const text = name => ({ name, type: "String", isAttr: true });
const body = { name: "value", type: "String", isBody: true };
const many = (name, type) => ({ name, type, isMany: true });

export const spiffworkflow = {
  name: "SpiffWorkflow",
  prefix: "spiffworkflow",
  uri: "http://spiffworkflow.org/bpmn/schema/1.0/core",
  xml: { tagAlias: "lowerCase" },
  types: [
    { name: "Properties", superClass: ["Element"], properties: [many("values", "Property")] },
    { name: "Property", superClass: ["Element"], properties: [text("name"), text("value")] },
    { name: "MessageVariable", superClass: ["Element"], properties: [body] },
    { name: "MessagePayload", superClass: ["Element"], properties: [body] },
    { name: "ServiceTaskOperator", superClass: ["Element"],
      properties: [text("id"), text("resultVariable"), { name: "parameterList", type: "Parameters" }] },
    { name: "Parameters", superClass: ["Element"], properties: [many("parameters", "Parameter")] },
    { name: "Parameter", superClass: ["Element"], properties: [text("id"), text("type"), text("value")] },
  ],
};

export const LABELS = ["label_vi", "label_en"];
export const FIELD_TEXTS = ["id", "type", ...LABELS, "help_vi", "help_en", "required", "min", "max"];

export const langbiang = {
  name: "Langbiang",
  prefix: "langbiang",
  uri: "urn:langbiang:model:1",
  xml: { tagAlias: "lowerCase" },
  types: [
    { name: "Form", superClass: ["Element"], properties: [many("items", "Item")] },
    { name: "Item", superClass: ["Element"], isAbstract: true },
    { name: "Field", superClass: ["Item"], properties: [...FIELD_TEXTS.map(text), many("choices", "Choice")] },
    { name: "Button", superClass: ["Item"], properties: ["id", ...LABELS].map(text) },
    { name: "Choice", superClass: ["Element"], properties: ["id", ...LABELS].map(text) },
  ],
};
