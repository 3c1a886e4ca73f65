// Staff pages. Nothing here is needed to read or use a page.
//   [data-row]                 j and k move between them, Enter opens, x picks
//   [data-key="p"]             pressing the key presses this button or link, or goes to this field
//   [data-cover]               a photo on which rectangles are drawn; they are written into its cover-… field as fractions
//   "/" goes to the search, "?" shows the keys (details.allkeys), Escape closes what floats (details.pop)
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const typing = target => target.closest("input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable]");

  const moveTo = (list, index) => {
    if (!list.length) return;
    list.forEach(row => row.removeAttribute("data-at"));
    const row = list[Math.max(0, Math.min(list.length - 1, index))];
    row.setAttribute("data-at", "");
    row.querySelector("a")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const countPicked = () => {
    const bulk = document.querySelector("[data-bulk]");
    if (!bulk) return;
    const picked = document.querySelectorAll("[data-row] input:checked").length;
    bulk.hidden = !picked;
    const number = bulk.querySelector("[data-n]");
    if (number) number.textContent = picked;
  };
  const press = element => {
    if (element.matches("input,textarea,select")) element.focus();
    else element.click();
  };

  document.addEventListener("change", event => { if (event.target.closest("[data-row]")) countPicked(); });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") document.querySelectorAll("details.pop[open]").forEach(open => (open.open = false));
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const list = rows(), at = list.findIndex(row => row.hasAttribute("data-at"));
    const box = list[at]?.querySelector("input[type=checkbox]");
    if (event.key === "j") moveTo(list, at + 1);
    else if (event.key === "k") moveTo(list, at < 0 ? 0 : at - 1);
    else if (event.key === "Enter" && at >= 0 && event.target === document.body) list[at].querySelector("a")?.click();
    else if (event.key === "n" && at >= 0 && list[at].querySelector("[data-claim]")) list[at].querySelector("[data-claim]").click();
    else if (event.key === "x" && box) { box.checked = !box.checked; countPicked(); }
    else if (event.key === "/") { event.preventDefault(); document.querySelector("[type=search]")?.focus(); }
    else if (event.key === "?") { const keys = document.querySelector("details.allkeys"); if (keys) keys.open = !keys.open; }
    else {
      const element = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]:not(:disabled)`);
      if (element) { event.preventDefault(); press(element); }
    }
  });

  const SMALLEST = 0.01;                                             // of the picture: less is a click, not a rectangle
  document.querySelectorAll("[data-cover]").forEach(figure => {
    const layer = figure.querySelector(".coverlayer"), field = figure.querySelector('[name^="cover-"]');
    const { width, height } = layer.viewBox.baseVal;
    const read = () => field.value.split(";").filter(Boolean).map(part => part.split(",").map(Number));
    const drawn = ([left, top, right, bottom]) => {
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const places = { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height };
      Object.entries(places).forEach(([name, value]) => rect.setAttribute(name, value));
      return rect;
    };
    const undo = figure.querySelector("[data-cover-undo]"), draw = figure.querySelector("[data-cover-draw]");
    const show = extra => {
      layer.replaceChildren(...[...read(), ...(extra ? [extra] : [])].map(drawn));
      undo.hidden = !field.value;
    };
    const write = list => {
      field.value = list.map(corners => corners.map(number => number.toFixed(4)).join(",")).join(";");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      show();
    };
    const place = event => {
      const box = layer.getBoundingClientRect(), within = number => Math.max(0, Math.min(1, number));
      return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
    };
    const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
    let from = null;
    layer.addEventListener("pointerdown", event => {
      if (event.pointerType === "touch" && !("drawing" in figure.dataset)) return;   // a finger scrolls the page until told to draw
      from = place(event);
      layer.setPointerCapture(event.pointerId);
    });
    layer.addEventListener("pointermove", event => { if (from) show(between(from, place(event))); });
    layer.addEventListener("pointercancel", () => { from = null; show(); });
    layer.addEventListener("pointerup", event => {
      if (!from) return;
      const made = between(from, place(event));
      from = null;
      if (made[2] - made[0] > SMALLEST && made[3] - made[1] > SMALLEST) write([...read(), made]);
      else show();
    });
    undo.addEventListener("click", () => write(read().slice(0, -1)));
    draw.addEventListener("click", () => {
      const draws = figure.toggleAttribute("data-drawing");
      draw.setAttribute("aria-pressed", draws);
    });
    figure.querySelectorAll("[data-cover-tools]").forEach(tools => { tools.hidden = false; });
    figure.dataset.canDraw = "";
    show();
  });
})();
