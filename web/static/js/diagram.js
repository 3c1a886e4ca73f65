// The diagram of a case: draws the model in [data-diagram], marks what is done and where the case stands, zooms with the buttons.
"use strict";
(() => {
  const canvas = document.querySelector("[data-diagram]");
  if (!canvas || typeof BpmnJS === "undefined") return;
  const SMALLEST_READABLE = 0.7;
  const marks = JSON.parse(canvas.dataset.marks);
  const viewer = new BpmnJS({ container: canvas });
  const mark = (ids, name) => ids.forEach(id => {
    if (viewer.get("elementRegistry").get(id)) viewer.get("canvas").addMarker(id, name);
  });
  viewer.importXML(canvas.dataset.diagram).then(({ warnings }) => {
    canvas.dataset.warnings = warnings.length;                       // what was not understood was not drawn
    mark(marks.taken, "flow-taken");
    mark(marks.done, "step-done");
    mark(marks.current, "step-current");
    const show = viewer.get("canvas");
    const first = marks.current.map(id => viewer.get("elementRegistry").get(id)).find(Boolean);
    show.zoom("fit-viewport", "auto");
    if (show.zoom() < SMALLEST_READABLE && first) {                  // rather a part that can be read, around where it stands
      show.zoom(SMALLEST_READABLE);
      show.scrollToElement(first, 40);
    }
    document.querySelectorAll("[data-diagram-tools]").forEach(tools => {
      tools.hidden = false;
      tools.addEventListener("click", event => {
        const how = event.target.closest("[data-zoom]")?.dataset.zoom;
        if (how === "fit") show.zoom("fit-viewport", "auto");
        else if (how) show.zoom(show.zoom() * (how === "in" ? 1.25 : 0.8));
      });
    });
    canvas.dataset.drawn = "";
  }).catch(() => { canvas.textContent = canvas.dataset.failed; });
})();
