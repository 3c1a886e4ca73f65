// Two models side by side in [data-compare]: marks of [data-marks] (added, changed, removed), both moved together unless that is
// switched off; a link [data-to-element] shows its element in whichever has it.
"use strict";
(() => {
  const box = document.querySelector("[data-compare]"), tools = document.querySelector("[data-compare-tools]");
  if (!box || typeof BpmnJS === "undefined") return;
  const SMALLEST_READABLE = 0.7;
  const SIGNS = { added: "+", changed: "≠", removed: "−" };              // not by colour alone
  const together = tools.querySelector("[data-together]");
  const sides = [...box.querySelectorAll("[data-model]")].map(canvas => ({ canvas, viewer: new BpmnJS({ container: canvas }), isDrawn: false }));
  let leads = null;

  const viewOf = side => side.viewer.get("canvas");
  const drawn = (side, id) => side.isDrawn && side.viewer.get("elementRegistry").get(id);
  const others = side => sides.filter(each => each !== side && each.isDrawn);

  function mark(side) {
    for (const [kind, ids] of Object.entries(JSON.parse(side.canvas.dataset.marks || "{}"))) {
      for (const id of ids) {
        const element = drawn(side, id);
        if (!element) continue;
        viewOf(side).addMarker(id, `step-${kind}`);
        if (element.waypoints) continue;
        const sign = document.createElement("span");
        sign.className = `drawn-badge drawn-${kind}`;
        sign.textContent = SIGNS[kind];
        side.viewer.get("overlays").add(id, { position: { top: -12, right: 12 }, html: sign });
      }
    }
  }

  /** Only the one that somebody moves leads: the other follows and does not answer. */
  function follow(side) {
    if (leads || !together.checked) return;
    leads = side;
    const { x, y, width, height } = viewOf(side).viewbox();
    others(side).forEach(each => viewOf(each).viewbox({ x, y, width, height }));
    leads = null;
  }

  function show(id) {
    const having = sides.filter(side => drawn(side, id));
    if (!having.length) return false;
    leads = having[0];                                                   // each goes to where the element is in it
    having.forEach(side => {
      viewOf(side).zoom(1);
      viewOf(side).scrollToElement(id, 80);
    });
    leads = null;
    if (having.length === 1) follow(having[0]);
    having[having.length - 1].canvas.scrollIntoView({ block: "nearest" });
    return true;
  }

  function begin() {
    const ready = sides.filter(side => side.isDrawn);
    if (!ready.length) return;
    tools.hidden = false;
    const side = ready[ready.length - 1], view = viewOf(side);
    const changed = Object.values(JSON.parse(side.canvas.dataset.marks || "{}")).flat().find(id => drawn(side, id));
    view.zoom("fit-viewport", "auto");
    if (view.zoom() < SMALLEST_READABLE) {
      const first = changed || side.viewer.get("elementRegistry").find(each => each.type === "bpmn:StartEvent");
      view.zoom(SMALLEST_READABLE);
      if (first) view.scrollToElement(first, 40);
    }
    follow(side);
    ready.forEach(each => each.viewer.on("canvas.viewbox.changed", () => follow(each)));
    together.addEventListener("change", () => follow(side));
    tools.addEventListener("click", event => {
      const how = event.target.closest("[data-zoom]")?.dataset.zoom;
      if (!how) return;
      const moved = together.checked ? [side] : ready;
      moved.forEach(each => viewOf(each).zoom(how === "fit" ? "fit-viewport" : viewOf(each).zoom() * (how === "in" ? 1.25 : 0.8), "auto"));
    });
    document.addEventListener("click", event => {
      const id = event.target.closest("[data-to-element]")?.dataset.toElement;
      if (id && show(id)) event.preventDefault();
    });
    box.dataset.drawn = "";
  }

  Promise.all(sides.map(side => side.viewer.importXML(side.canvas.dataset.model).then(({ warnings }) => {
    side.canvas.dataset.warnings = warnings.length;                      // what was not understood was not drawn
    side.isDrawn = true;
    mark(side);
  }).catch(() => { side.canvas.textContent = box.dataset.failed; }))).then(begin);
})();
