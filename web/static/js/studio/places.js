// Where a part stands in the drawing: wholly inside one lane, apart from what is drawn already, in the lane of who does it.
import { isA, objectOf, processOf, propertiesOf } from "./elements.js";

const GAP = 24;                                                      // to the next part
const EDGE = 6;                                                      // to the border of a lane
const MOST_PUSHES = 20;

const middle = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 });
const withChildren = shape => [shape, ...(shape.children || []).flatMap(withChildren)];

/** The lanes of the process an element stands in that have no lanes inside them. */
function lanesOf(registry, element) {
  const process = processOf(objectOf(element));
  return registry.filter(each => isA(each, "bpmn:Lane") && !each.children.some(child => isA(child, "bpmn:Lane"))
    && processOf(objectOf(each)) === process);
}

export class Places {
  constructor(elementRegistry, canvas, modeling, spaceTool) {
    /** The lane of a role nearest to an element; null where the process has none. */
    this.laneFor = (element, role) => {
      const far = lane => Math.abs(middle(lane).y - middle(element).y);
      const fitting = role ? lanesOf(elementRegistry, element).filter(each => propertiesOf(objectOf(each)).role === role) : [];
      return fitting.sort((one, other) => far(one) - far(other))[0] || null;
    };

    /** Let an element stand wholly in a lane (the one its middle is in, else the nearest) and apart from others, which make room. */
    this.settle = (element, wanted) => {
      const at = middle(element), off = lane => Math.max(lane.y - at.y, at.y - lane.y - lane.height, 0);
      const lane = wanted || lanesOf(elementRegistry, element).sort((one, other) => off(one) - off(other))[0];
      if (!lane) return;
      if (lane.height < element.height + 2 * EDGE) heighten(lane, element.height + 2 * EDGE - lane.height);
      const within = value => Math.min(Math.max(value, lane.y + EDGE), lane.y + lane.height - EDGE - element.height);
      const row = wanted && off(wanted) ? middle(wanted).y - element.height / 2 : element.y;
      move(element, 0, Math.round(within(row) - element.y));
      if (element.x < lane.x + GAP) move(element, Math.round(lane.x + GAP - element.x), 0);
      for (let pushes = 0; pushes < MOST_PUSHES; pushes++) {
        const other = nearest(element);
        if (!other) break;
        const lacking = element.x + element.width + GAP - other.x;
        if (middle(other).x < middle(element).x || other.x <= element.x) move(element, Math.round(other.x + other.width + GAP - element.x), 0);
        else makeRoom("x", Math.ceil(lacking), other.x - 1);
      }
      const right = lane.x + lane.width - GAP - element.x - element.width;
      if (right < 0) makeRoom("x", Math.ceil(-right), element.x + element.width + 1);
    };

    /** What stands too near, the leftmost first; events at edges stand where their step does. */
    function nearest(element) {
      const near = each => each.x < element.x + element.width + GAP && element.x < each.x + each.width + GAP
        && each.y < element.y + element.height + GAP / 2 && element.y < each.y + each.height + GAP / 2;
      return elementRegistry.filter(each => each !== element && each.type !== "label" && isA(each, "bpmn:FlowNode")
        && !isA(each, "bpmn:BoundaryEvent") && near(each)).sort((one, other) => one.x - other.x)[0];
    }

    function move(element, x, y) {                                   // without a parent: dropped on nothing, so on no arrow either
      if (x || y) modeling.moveElements([element], { x, y });
    }

    /** Move apart what stands beyond a line, in every lane: what stood one above the other still does. */
    function makeRoom(axis, amount, start) {
      const everything = withChildren(canvas.getRootElement());
      const { movingShapes, resizingShapes } = spaceTool.calculateAdjustments(everything, axis, amount, start);
      spaceTool.makeSpace(movingShapes, resizingShapes, { x: 0, y: 0, [axis]: amount }, axis === "x" ? "e" : "s", start);
    }
    this.makeRoom = makeRoom;

    const heighten = (lane, amount) => makeRoom("y", Math.ceil(amount), Math.round(lane.y + lane.height - 1));
  }
}
Places.$inject = ["elementRegistry", "canvas", "modeling", "spaceTool"];
