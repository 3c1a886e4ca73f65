// What the editor of drafts needs of bpmn-js, and nothing else: tools/vendor.py makes bpmn-editor.min.js of it with esbuild.
// Left out of its Modeler: aligning, distributing, colours, the library's own palette, pad and menus (js/studio/drawing.js has ours),
// drilling into subprocesses, which do not run here.
import BaseModeler from "bpmn-js/lib/BaseModeler";
import BaseViewer from "bpmn-js/lib/BaseViewer";

import CoreModule from "bpmn-js/lib/core";
import OverlaysModule from "diagram-js/lib/features/overlays";
import SelectionModule from "diagram-js/lib/features/selection";
import TranslateModule from "diagram-js/lib/i18n/translate";

import KeepSelectionVisibleModule from "diagram-js/lib/features/keep-selection-visible";
import KeyboardMoveModule from "diagram-js/lib/navigation/keyboard-move";
import MoveCanvasModule from "diagram-js/lib/navigation/movecanvas";
import ZoomScrollModule from "diagram-js/lib/navigation/zoomscroll";

import AutoPlaceModule from "bpmn-js/lib/features/auto-place";
import AutoResizeModule from "bpmn-js/lib/features/auto-resize";
import AutoScrollModule from "diagram-js/lib/features/auto-scroll";
import BendpointsModule from "diagram-js/lib/features/bendpoints";
import ConnectModule from "diagram-js/lib/features/connect";
import ConnectionPreviewModule from "diagram-js/lib/features/connection-preview";
import ContextPadModule from "diagram-js/lib/features/context-pad";
import CopyPasteModule from "bpmn-js/lib/features/copy-paste";
import CreateModule from "diagram-js/lib/features/create";
import EditorActionsModule from "bpmn-js/lib/features/editor-actions";
import GlobalConnectModule from "diagram-js/lib/features/global-connect";
import GridSnappingModule from "bpmn-js/lib/features/grid-snapping";
import HandToolModule from "diagram-js/lib/features/hand-tool";
import InteractionEventsModule from "bpmn-js/lib/features/interaction-events";
import KeyboardModule from "bpmn-js/lib/features/keyboard";
import KeyboardMoveSelectionModule from "diagram-js/lib/features/keyboard-move-selection";
import LabelEditingModule from "bpmn-js/lib/features/label-editing";
import LassoToolModule from "diagram-js/lib/features/lasso-tool";
import ModelingFeedbackModule from "bpmn-js/lib/features/modeling-feedback";
import MoveModule from "diagram-js/lib/features/move";
import Palette from "diagram-js/lib/features/palette/Palette";
import ReplaceModule from "bpmn-js/lib/features/replace";
import ReplacePreviewModule from "bpmn-js/lib/features/replace-preview";
import ResizeModule from "diagram-js/lib/features/resize";
import SearchPadModule from "diagram-js/lib/features/search-pad";
import SnappingModule from "bpmn-js/lib/features/snapping";
import SpaceToolModule from "bpmn-js/lib/features/space-tool";
import OutlineModule from "bpmn-js/lib/features/outline";
import ModelingModule from "./modeling.js";
import MinimapModule from "diagram-js-minimap";

const LOOKING = [CoreModule, OverlaysModule, SelectionModule, TranslateModule, KeepSelectionVisibleModule, KeyboardMoveModule,
  MoveCanvasModule, ZoomScrollModule, MinimapModule];

const PaletteModule = { __init__: ["palette"], palette: ["type", Palette] };   // without its tooltips, which are drawn by preact

class Modeler extends BaseModeler {}
Modeler.prototype._modules = [...LOOKING,
  AutoPlaceModule, AutoResizeModule, AutoScrollModule, BendpointsModule, ConnectModule, ConnectionPreviewModule, ContextPadModule,
  CopyPasteModule, CreateModule, EditorActionsModule, GlobalConnectModule, GridSnappingModule, HandToolModule, InteractionEventsModule,
  KeyboardModule, KeyboardMoveSelectionModule, LabelEditingModule, LassoToolModule, ModelingModule, ModelingFeedbackModule, MoveModule,
  PaletteModule, ReplaceModule, ReplacePreviewModule, ResizeModule, SearchPadModule, SnappingModule, SpaceToolModule,
  OutlineModule];

class NavigatedViewer extends BaseViewer {}
NavigatedViewer.prototype._modules = LOOKING;

Modeler.NavigatedViewer = NavigatedViewer;
export default Modeler;
