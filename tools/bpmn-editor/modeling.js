// Changing a drawing, as in bpmn-js/lib/features/modeling, without what no model here has: subprocesses, data, groups, compensation,
// and without making or taking away pools, which js/studio/drawing.js bars.
import AttachSupportModule from "diagram-js/lib/features/attach-support";
import ChangeSupportModule from "diagram-js/lib/features/change-support";
import CommandModule from "diagram-js/lib/command";
import CroppingConnectionDocking from "diagram-js/lib/layout/CroppingConnectionDocking";
import LabelSupportModule from "diagram-js/lib/features/label-support";
import SelectionModule from "diagram-js/lib/features/selection";

import BpmnFactory from "bpmn-js/lib/features/modeling/BpmnFactory";
import BpmnLayouter from "bpmn-js/lib/features/modeling/BpmnLayouter";
import BpmnUpdater from "bpmn-js/lib/features/modeling/BpmnUpdater";
import DiOrderingModule from "bpmn-js/lib/features/di-ordering";
import ElementFactory from "bpmn-js/lib/features/modeling/ElementFactory";
import Modeling from "bpmn-js/lib/features/modeling/Modeling";
import OrderingModule from "bpmn-js/lib/features/ordering";
import ReplaceModule from "bpmn-js/lib/features/replace";
import RulesModule from "bpmn-js/lib/features/rules";
import SpaceToolModule from "bpmn-js/lib/features/space-tool";

import adaptiveLabelPositioningBehavior from "bpmn-js/lib/features/modeling/behavior/AdaptiveLabelPositioningBehavior";
import appendBehavior from "bpmn-js/lib/features/modeling/behavior/AppendBehavior";
import artifactBehavior from "bpmn-js/lib/features/modeling/behavior/ArtifactBehavior";
import associationBehavior from "bpmn-js/lib/features/modeling/behavior/AssociationBehavior";
import attachEventBehavior from "bpmn-js/lib/features/modeling/behavior/AttachEventBehavior";
import boundaryEventBehavior from "bpmn-js/lib/features/modeling/behavior/BoundaryEventBehavior";
import createBehavior from "bpmn-js/lib/features/modeling/behavior/CreateBehavior";
import detachEventBehavior from "bpmn-js/lib/features/modeling/behavior/DetachEventBehavior";
import dropOnFlowBehavior from "bpmn-js/lib/features/modeling/behavior/DropOnFlowBehavior";
import eventBasedGatewayBehavior from "bpmn-js/lib/features/modeling/behavior/EventBasedGatewayBehavior";
import fixHoverBehavior from "bpmn-js/lib/features/modeling/behavior/FixHoverBehavior";
import importDockingFix from "bpmn-js/lib/features/modeling/behavior/ImportDockingFix";
import isHorizontalFix from "bpmn-js/lib/features/modeling/behavior/IsHorizontalFix";
import labelBehavior from "bpmn-js/lib/features/modeling/behavior/LabelBehavior";
import layoutConnectionBehavior from "bpmn-js/lib/features/modeling/behavior/LayoutConnectionBehavior";
import messageFlowBehavior from "bpmn-js/lib/features/modeling/behavior/MessageFlowBehavior";
import nonInterruptingBehavior from "bpmn-js/lib/features/modeling/behavior/NonInterruptingBehavior";
import removeElementBehavior from "bpmn-js/lib/features/modeling/behavior/RemoveElementBehavior";
import removeEmbeddedLabelBoundsBehavior from "bpmn-js/lib/features/modeling/behavior/RemoveEmbeddedLabelBoundsBehavior";
import replaceConnectionBehavior from "bpmn-js/lib/features/modeling/behavior/ReplaceConnectionBehavior";
import replaceElementBehaviour from "bpmn-js/lib/features/modeling/behavior/ReplaceElementBehaviour";
import resizeBehavior from "bpmn-js/lib/features/modeling/behavior/ResizeBehavior";
import resizeLaneBehavior from "bpmn-js/lib/features/modeling/behavior/ResizeLaneBehavior";
import rootElementReferenceBehavior from "bpmn-js/lib/features/modeling/behavior/RootElementReferenceBehavior";
import spaceToolBehavior from "bpmn-js/lib/features/modeling/behavior/SpaceToolBehavior";
import textAnnotationBehavior from "bpmn-js/lib/features/modeling/behavior/TextAnnotationBehavior";
import unclaimIdBehavior from "bpmn-js/lib/features/modeling/behavior/UnclaimIdBehavior";
import unsetDefaultFlowBehavior from "bpmn-js/lib/features/modeling/behavior/UnsetDefaultFlowBehavior";
import updateFlowNodeRefsBehavior from "bpmn-js/lib/features/modeling/behavior/UpdateFlowNodeRefsBehavior";

const BEHAVIOURS = {
  adaptiveLabelPositioningBehavior, appendBehavior, artifactBehavior, associationBehavior, attachEventBehavior, boundaryEventBehavior,
  createBehavior, detachEventBehavior, dropOnFlowBehavior, eventBasedGatewayBehavior, fixHoverBehavior, importDockingFix, isHorizontalFix,
  labelBehavior, layoutConnectionBehavior, messageFlowBehavior, nonInterruptingBehavior, removeElementBehavior,
  removeEmbeddedLabelBoundsBehavior, replaceConnectionBehavior, replaceElementBehaviour, resizeBehavior, resizeLaneBehavior,
  rootElementReferenceBehavior, spaceToolBehavior, textAnnotationBehavior, unclaimIdBehavior, updateFlowNodeRefsBehavior,
  unsetDefaultFlowBehavior,
};
const BehaviourModule = {
  __init__: Object.keys(BEHAVIOURS),
  ...Object.fromEntries(Object.entries(BEHAVIOURS).map(([name, type]) => [name, ["type", type]])),
};

export default {
  __init__: ["modeling", "bpmnUpdater"],
  // what listens first acts first: as in the library, a drop on a flow is put right before the order is asked for
  __depends__: [BehaviourModule, RulesModule, DiOrderingModule, OrderingModule, ReplaceModule, CommandModule, LabelSupportModule, AttachSupportModule,
    SelectionModule, ChangeSupportModule, SpaceToolModule],
  bpmnFactory: ["type", BpmnFactory],
  bpmnUpdater: ["type", BpmnUpdater],
  elementFactory: ["type", ElementFactory],
  modeling: ["type", Modeling],
  layouter: ["type", BpmnLayouter],
  connectionDocking: ["type", CroppingConnectionDocking],
};
