// The form that follows an area, ES2019: the middle of the circle on a map, and the circle as wide as chosen.
//   details[data-area-map]   its data-styles and data-scripts are fetched when it is opened; in it [data-area-stage], drawn by map-base.js
//   the inputs latitude, longitude, radius and the radio "circle" of the same form; citizen.js hears "pointed" and says the place in words
"use strict";
(() => {
  const fold = document.querySelector("details[data-area-map]");
  if (!fold) return;
  const stage = fold.querySelector("[data-area-stage]"), form = fold.closest("form"), { latitude, longitude, radius } = form.elements;
  const around = form.querySelector("input[name=where][value=circle]");
  const load = () => {
    fold.dataset.styles.split(" ").forEach(href => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      document.head.append(link);
    });
    return fold.dataset.scripts.split(" ").reduce((earlier, src) => earlier.then(() => new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = src;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    })), Promise.resolve());
  };
  const draw = () => {
    const given = latitude.value && longitude.value ? [[Number(latitude.value), Number(longitude.value)]] : [];
    const { map } = window.fieldMap(stage, { view: { points: given } });
    let circle = null;
    const show = () => {
      if (!latitude.value) return;
      const at = L.latLng(Number(latitude.value), Number(longitude.value));
      if (circle) circle.setLatLng(at).setRadius(Number(radius.value));
      else circle = L.circle(at, { radius: Number(radius.value), interactive: false, className: "map-accuracy" }).addTo(map);
      map.fitBounds(circle.getBounds(), { animate: false });
    };
    const put = at => {
      latitude.value = at.lat.toFixed(5);
      longitude.value = at.lng.toFixed(5);
      around.checked = true;
      stage.dispatchEvent(new CustomEvent("pointed", { bubbles: true }));
      show();
    };
    show();
    map.on("click", event => put(event.latlng));
    stage.addEventListener("keydown", event => {
      if (event.key === "Enter" && event.target === stage) { event.preventDefault(); put(map.getCenter()); }
    });
    radius.addEventListener("change", show);
    form.addEventListener("located", show);
  };
  form.addEventListener("located", () => { around.checked = true; });
  fold.hidden = false;
  fold.addEventListener("toggle", () => load().then(draw).catch(() => { fold.querySelector("[data-no-map]").hidden = false; }), { once: true });
})();
