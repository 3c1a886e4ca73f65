// Photos on which areas are covered. Without it the ticks remain, and what a detector marked stays covered.
//   [data-cover]         a figure with .coverlayer (svg over the picture) and the field cover-…: "left,top,right,bottom;…" in fractions
//   [data-cover-tools]   what only works with this script; data-one, data-away, data-keys: words of its buttons
// Mouse and pen draw at once; a finger scrolls the page until told to draw. The keyboard adds, chooses, moves, resizes, takes away.
"use strict";
(() => {
  const SMALLEST = 0.01, STEP = 0.01;                                // of the picture: less is a click, not an area; a press of an arrow
  const within = number => Math.max(0, Math.min(1, number));
  const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  const svg = (name, places, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(places).forEach(([key, value]) => element.setAttribute(key, value));
    if (text) element.textContent = text;
    return element;
  };

  document.querySelectorAll("[data-cover]").forEach(figure => {
    const layer = figure.querySelector(".coverlayer"), field = figure.querySelector('[name^="cover-"]');
    const tools = figure.querySelector("[data-cover-tools]"), list = tools.querySelector(".blurlist");
    const draw = tools.querySelector("[data-cover-draw]");
    const { width, height } = layer.viewBox.baseVal;
    const label = width / 40;                                        // of a number: about as high on every picture
    let areas = field.value.split(";").filter(Boolean).map(part => part.split(",").map(Number));
    let chosen = -1, from = null, moved = null;

    const drawn = ([left, top, right, bottom], number) => {
      const box = svg("rect", { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height });
      if (number === chosen) box.setAttribute("class", "is-chosen");
      const words = number === undefined ? [] : [svg("text", { x: left * width + label / 3, y: top * height + label * 1.1, "font-size": label }, number + 1)];
      return [box, ...words];
    };
    const paint = extra => layer.replaceChildren(...areas.flatMap((area, number) => drawn(area, number)), ...(extra ? drawn(extra) : []));
    const item = number => {
      const row = document.createElement("li"), choose = document.createElement("button"), away = document.createElement("button");
      const name = `${tools.dataset.one} ${number + 1}`;
      if (number === chosen) row.dataset.on = "";
      choose.type = away.type = "button";
      choose.className = "blurbtn";
      choose.textContent = name;
      choose.setAttribute("aria-pressed", number === chosen);
      choose.setAttribute("aria-description", tools.dataset.keys);
      choose.addEventListener("click", () => pick(number));
      choose.addEventListener("focus", () => { if (chosen !== number) mark(number); });
      choose.addEventListener("keydown", event => press(event, number));
      away.className = "chip-x";
      away.setAttribute("aria-label", `${tools.dataset.away} ${number + 1}`);
      away.textContent = "×";
      away.addEventListener("click", () => remove(number));
      row.append(choose, away);
      return row;
    };
    const buttons = () => [...list.querySelectorAll(".blurbtn")];
    const mark = number => {
      chosen = number;
      buttons().forEach((button, at) => {
        button.setAttribute("aria-pressed", at === chosen);
        button.parentElement.toggleAttribute("data-on", at === chosen);
      });
      paint();
    };
    const pick = number => { mark(number); buttons()[number]?.focus(); };
    const store = () => {
      field.value = areas.map(corners => corners.map(number => number.toFixed(4)).join(",")).join(";");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const show = () => { list.replaceChildren(...areas.map((_, number) => item(number))); paint(); };
    const add = area => { areas.push(area); chosen = areas.length - 1; store(); show(); };
    const remove = number => {
      areas.splice(number, 1);
      chosen = Math.min(number, areas.length - 1);
      store();
      show();
      (buttons()[chosen] ?? tools.querySelector("[data-cover-add]")).focus();
    };
    const shift = ([left, top, right, bottom], across, down) => {
      const x = Math.max(-left, Math.min(1 - right, across)), y = Math.max(-top, Math.min(1 - bottom, down));
      return [left + x, top + y, right + x, bottom + y];
    };
    const press = (event, number) => {
      const [across, down] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [];
      if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); remove(number); return; }
      if (across === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      const [left, top, right, bottom] = areas[number];
      areas[number] = event.shiftKey
        ? [left, top, within(Math.max(left + STEP, right + across)), within(Math.max(top + STEP, bottom + down))]
        : shift(areas[number], across, down);
      chosen = number;
      store();
      paint();
    };

    const place = event => {
      const box = layer.getBoundingClientRect();
      return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
    };
    const holds = ([left, top, right, bottom], [x, y]) => left <= x && x <= right && top <= y && y <= bottom;
    layer.addEventListener("pointerdown", event => {
      if (event.button !== 0 || (event.pointerType === "touch" && !("drawing" in figure.dataset))) return;
      from = place(event);
      // a selected one is moved, so that an area can be corrected without drawing it again
      moved = chosen >= 0 && holds(areas[chosen], from) ? areas[chosen] : null;
      layer.setPointerCapture(event.pointerId);
    });
    layer.addEventListener("pointermove", event => {
      if (!from) return;
      const at = place(event);
      if (moved) { areas[chosen] = shift(moved, at[0] - from[0], at[1] - from[1]); paint(); } else paint(between(from, at));
    });
    layer.addEventListener("pointercancel", () => {
      if (moved) areas[chosen] = moved;
      from = moved = null;
      paint();
    });
    layer.addEventListener("pointerup", event => {
      if (!from) return;
      const made = between(from, place(event)), start = from, was = moved;
      from = moved = null;
      if (was) { store(); paint(); return; }
      if (made[2] - made[0] > SMALLEST && made[3] - made[1] > SMALLEST) { add(made); return; }
      mark(areas.reduce((last, area, number) => (holds(area, start) ? number : last), -1));
    });
    tools.querySelector("[data-cover-add]").addEventListener("click", () => { add([0.4, 0.4, 0.6, 0.6]); buttons().at(-1).focus(); });
    draw.addEventListener("click", () => draw.setAttribute("aria-pressed", figure.toggleAttribute("data-drawing")));
    tools.hidden = false;
    figure.dataset.canDraw = "";
    show();
  });
})();
