// Photos before and after, larger and side by side. Without it each photo is a link to itself.
//   [data-compare]   holds figures whose links lead to pictures; data-larger, data-smaller, data-whole, data-close: words of the buttons
// Both pictures move together: buttons, wheel, dragging, two fingers, + - 0 and the arrow keys. Escape closes, as of every dialog.
"use strict";
(() => {
  const MOST = 8, FACTOR = 1.4, STRIDE = 60;                         // how much larger; per press; pixels an arrow key moves
  document.querySelectorAll("[data-compare]").forEach(pair => {
    const words = pair.dataset;
    let dialog = null, scale = 1, x = 0, y = 0, pictures = [];

    const place = () => {
      const { width, height } = pictures[0].parentElement.getBoundingClientRect();
      x = Math.min(0, Math.max(width * (1 - scale), x));
      y = Math.min(0, Math.max(height * (1 - scale), y));
      pictures.forEach(picture => { picture.style.transform = `translate(${x}px,${y}px) scale(${scale})`; });
      dialog.dataset.scale = scale.toFixed(2);
    };
    const zoom = (factor, at) => {
      const box = pictures[0].parentElement.getBoundingClientRect(), point = at ?? [box.width / 2, box.height / 2];
      const next = Math.max(1, Math.min(MOST, scale * factor));
      x = point[0] - (point[0] - x) * next / scale;
      y = point[1] - (point[1] - y) * next / scale;
      scale = next;
      place();
    };
    const whole = () => { scale = 1; x = y = 0; place(); };

    const button = (name, sign, act) => {
      const element = document.createElement("button");
      element.type = "button";
      element.className = "btn btn-outline-secondary btn-icon";
      element.setAttribute("aria-label", name);
      element.title = name;
      element.textContent = sign;
      element.addEventListener("click", act);
      return element;
    };
    const make = () => {
      dialog = document.createElement("dialog");
      dialog.className = "compare";
      dialog.setAttribute("aria-label", pair.getAttribute("aria-label"));
      const views = document.createElement("div"), bar = document.createElement("div");
      views.className = "compare-views";
      bar.className = "compare-bar";
      pictures = [...pair.querySelectorAll("figure")].map(figure => {
        const view = document.createElement("figure"), frame = document.createElement("div"), picture = document.createElement("img");
        const label = document.createElement("figcaption");
        frame.className = "compare-frame";
        picture.src = figure.querySelector("a").href;
        picture.alt = figure.querySelector("img").alt;
        picture.draggable = false;
        label.textContent = figure.querySelector(".photo-label").textContent;
        frame.append(picture);
        view.append(label, frame);
        views.append(view);
        handle(frame);
        return picture;
      });
      bar.append(
        button(words.smaller, "−", () => zoom(1 / FACTOR)), button(words.larger, "+", () => zoom(FACTOR)), button(words.whole, "1:1", whole),
        button(words.close, "×", () => dialog.close()),
      );
      dialog.append(bar, views);
      dialog.addEventListener("keydown", keys);
      document.body.append(dialog);
    };
    const keys = event => {
      const moves = { ArrowLeft: [STRIDE, 0], ArrowRight: [-STRIDE, 0], ArrowUp: [0, STRIDE], ArrowDown: [0, -STRIDE] }[event.key];
      event.stopPropagation();                                       // letters press nothing of the page behind
      if (event.key === "+" || event.key === "=") zoom(FACTOR);
      else if (event.key === "-") zoom(1 / FACTOR);
      else if (event.key === "0") whole();
      else if (moves) { x += moves[0]; y += moves[1]; place(); event.preventDefault(); }
    };

    const handle = frame => {
      const fingers = new Map();
      const spread = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
      const middle = () => {
        const box = frame.getBoundingClientRect(), all = [...fingers.values()];
        return [0, 1].map(axis => all.reduce((sum, at) => sum + at[axis], 0) / all.length - [box.left, box.top][axis]);
      };
      frame.addEventListener("wheel", event => {
        event.preventDefault();
        const box = frame.getBoundingClientRect();
        zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, [event.clientX - box.left, event.clientY - box.top]);
      }, { passive: false });
      frame.addEventListener("pointerdown", event => { fingers.set(event.pointerId, [event.clientX, event.clientY]); frame.setPointerCapture(event.pointerId); });
      frame.addEventListener("pointermove", event => {
        if (!fingers.has(event.pointerId)) return;
        const before = fingers.size === 2 ? spread() : 0, was = middle();
        fingers.set(event.pointerId, [event.clientX, event.clientY]);
        const is = middle();
        x += is[0] - was[0];
        y += is[1] - was[1];
        if (before) zoom(spread() / before, is); else place();
      });
      const end = event => fingers.delete(event.pointerId);
      frame.addEventListener("pointerup", end);
      frame.addEventListener("pointercancel", end);
      frame.addEventListener("dblclick", event => {
        const box = frame.getBoundingClientRect();
        if (scale > 1) whole(); else zoom(2.5, [event.clientX - box.left, event.clientY - box.top]);
      });
    };

    pair.addEventListener("click", event => {
      const link = event.target.closest("figure a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || typeof HTMLDialogElement !== "function") return;
      event.preventDefault();
      if (!dialog) make();
      dialog.showModal();
      whole();
      dialog.addEventListener("close", () => link.focus(), { once: true });
    });
  });
})();
