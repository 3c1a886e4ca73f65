// A model drawn in [data-diagram]: marks of [data-marks] (done, current, late, taken, errors, changed, heat1 to heat5),
// numbers of [data-counts], words of [data-badges], zoom by the buttons;
// a link [data-to-element] on the page shows its element. [data-tokens]: whose work waits at an element; a button [data-fit-to] fits the
// drawing to the elements it names, and the first of them is how the drawing opens. A small picture says which part is in view.
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
  const tokens = JSON.parse(canvas.dataset.tokens || "{}");
  const ROOM = 60, LARGEST = 1.3;                                     // around what is fitted; labels have 12 pixels at 1
  const viewer = new BpmnJS({ container: canvas });
  canvas.drawing = viewer;                                           // for js/studio/pictures.js
  const drawn = id => viewer.get("elementRegistry").get(id);
  const badge = (id, words, kind) => {
    const sign = document.createElement("span");
    sign.className = `drawn-badge drawn-${kind}`;
    sign.textContent = words;
    viewer.get("overlays").add(id, { position: { top: -12, right: 12 }, html: sign });
  };
  const SVG = "http://www.w3.org/2000/svg";
  const smallPicture = show => {                                     // the steps as blocks, and a frame around what is in view
    const { inner } = show.viewbox(), picture = document.createElementNS(SVG, "svg"), frame = document.createElementNS(SVG, "rect");
    picture.setAttribute("viewBox", `${inner.x} ${inner.y} ${inner.width} ${inner.height}`);
    picture.setAttribute("class", "drawn-small");
    picture.setAttribute("aria-hidden", "true");
    const block = ({ x, y, width, height }, name) => {
      const each = name === "view" ? frame : document.createElementNS(SVG, "rect");
      Object.entries({ x, y, width, height, class: `drawn-small-${name}` }).forEach(([key, value]) => each.setAttribute(key, value));
      picture.append(each);
    };
    viewer.get("elementRegistry").filter(each => /Task|Participant|Lane$/.test(each.type)).forEach(each => block(each, /Task/.test(each.type) ? ((marks.current || []).includes(each.id) ? "here" : "step") : "pool"));
    const follow = () => block(show.viewbox(), "view");
    follow();
    viewer.on("canvas.viewbox.changed", follow);
    canvas.append(picture);
  };
  viewer.importXML(canvas.dataset.diagram).then(({ warnings }) => {
    canvas.dataset.warnings = warnings.length;                       // what was not understood was not drawn
    for (const [name, marker] of Object.entries(MARKERS))
      for (const id of marks[name] || []) if (drawn(id)) viewer.get("canvas").addMarker(id, marker);
    for (const id of marks.late || []) if (drawn(id) && !tokens[id]) badge(id, "!", "late");        // not by colour alone
    for (const [id, words] of Object.entries(tokens)) if (drawn(id)) badge(id, words, (marks.late || []).includes(id) ? "late drawn-token" : "here drawn-token");
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
    const chips = [...document.querySelectorAll("[data-fit-to]")];
    const fitTo = ids => {                                           // as near as fits, but never smaller than can be read
      const asked = ids.split(" ").map(drawn).filter(Boolean), wide = canvas.clientWidth - 2 * ROOM, high = canvas.clientHeight - 2 * ROOM;
      if (!asked.length) return;
      const within = (x, y) => asked.filter(each => each.x >= x && each.x + each.width <= x + wide && each.y >= y && each.y + each.height <= y + high);
      const parts = asked.flatMap(one => asked.map(other => within(one.x, other.y)));
      const shapes = parts.reduce((most, each) => each.length > most.length ? each : most, [asked[0]]);   // where most of it is
      const left = Math.min(...shapes.map(each => each.x)) - ROOM, right = Math.max(...shapes.map(each => each.x + (each.width || 0))) + ROOM;
      const top = Math.min(...shapes.map(each => each.y)) - ROOM, bottom = Math.max(...shapes.map(each => each.y + (each.height || 0))) + ROOM;
      const scale = Math.max(1, Math.min(LARGEST, canvas.clientWidth / (right - left), canvas.clientHeight / (bottom - top)));
      const width = canvas.clientWidth / scale, height = canvas.clientHeight / scale;
      show.viewbox({ x: (left + right - width) / 2, y: (top + bottom - height) / 2, width, height });
    };
    if (chips.length) { fitTo(chips[0].dataset.fitTo); smallPicture(show); }
    document.querySelectorAll("[data-diagram-tools]").forEach(tools => {
      tools.hidden = false;
      tools.addEventListener("click", event => {
        const pressed = event.target.closest("[data-fit-to],[data-zoom=fit]");
        if (pressed) document.querySelectorAll(".diagramchips [aria-pressed]").forEach(each => each.setAttribute("aria-pressed", each === pressed));
        if (pressed?.dataset.fitTo) return fitTo(pressed.dataset.fitTo);
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
