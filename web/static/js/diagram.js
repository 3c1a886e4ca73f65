// A model drawn in [data-diagram]: marks of [data-marks] (done, current, late, taken, errors, changed, heat1 to heat5),
// numbers of [data-counts], words of [data-badges], zoom by the buttons;
// a link [data-to-element] on the page shows its element.
"use strict";
(() => {
  const canvas = document.querySelector("[data-diagram]");
  if (!canvas || typeof BpmnJS === "undefined") return;
  const SMALLEST_READABLE = 0.7;
  const MOST_COUNTED = 999;
  const MARKERS = { taken: "flow-taken", done: "step-done", current: "step-current", late: "step-late", errors: "step-error", changed: "step-changed", heat1: "heat1", heat2: "heat2", heat3: "heat3", heat4: "heat4", heat5: "heat5" };
  const marks = JSON.parse(canvas.dataset.marks || "{}");
  const counts = JSON.parse(canvas.dataset.counts || "{}");
  const badges = JSON.parse(canvas.dataset.badges || "{}");          // words of heat
  const viewer = new BpmnJS({ container: canvas });
  canvas.drawing = viewer;                                           // for js/studio/pictures.js
  const drawn = id => viewer.get("elementRegistry").get(id);
  const badge = (id, words, kind) => {
    const sign = document.createElement("span");
    sign.className = `drawn-badge drawn-${kind}`;
    sign.textContent = words;
    viewer.get("overlays").add(id, { position: { top: -12, right: 12 }, html: sign });
  };
  viewer.importXML(canvas.dataset.diagram).then(({ warnings }) => {
    canvas.dataset.warnings = warnings.length;                       // what was not understood was not drawn
    for (const [name, marker] of Object.entries(MARKERS))
      for (const id of marks[name] || []) if (drawn(id)) viewer.get("canvas").addMarker(id, marker);
    for (const id of marks.late || []) if (drawn(id)) badge(id, "!", "late");        // not by colour alone
    for (const [id, number] of Object.entries(counts)) if (drawn(id)) badge(id, number < MOST_COUNTED ? number : `${MOST_COUNTED}+`, "count");
    for (const [id, words] of Object.entries(badges)) if (drawn(id)) badge(id, words, "heat");
    const show = viewer.get("canvas");
    const middle = [...(marks.errors || []), ...(marks.current || []), ...(marks.changed || []), ...(marks.heat5 || [])].map(drawn).find(Boolean);
    const first = middle || viewer.get("elementRegistry").find(each => each.type === "bpmn:StartEvent");
    show.zoom("fit-viewport", "auto");
    if (show.zoom() < SMALLEST_READABLE && first) {                  // rather a part that can be read, around what matters
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
    document.addEventListener("click", event => {
      const id = event.target.closest("[data-to-element]")?.dataset.toElement;
      if (!id || !drawn(id)) return;
      event.preventDefault();
      show.zoom(1);
      show.scrollToElement(id, 80);
      canvas.scrollIntoView({ block: "nearest" });
      canvas.focus();
    });
    canvas.dataset.drawn = "";
  }).catch(() => { canvas.textContent = canvas.dataset.failed; });
})();
