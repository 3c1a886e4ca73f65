// The small map of a step: [data-staff-map] is filled with a point for every [data-place] of the page. Without it the list says the same.
//   data-place="own" | "near", data-latitude, data-longitude, data-words; data-number of a case in the list, data-accuracy in metres
//   data-outline of the map: GeoJSON of the commune
// What lies under the points is drawn by map-base.js.
"use strict";
(() => {
  const stage = document.querySelector("[data-staff-map]");
  const places = [...document.querySelectorAll("[data-place]")];
  if (!stage || !places.length || !window.L) return;

  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const points = places.map(({ dataset }) => [Number(dataset.latitude), Number(dataset.longitude)]);
  const { map } = window.fieldMap(stage, { view: { points } });
  stage.drawnMap = map;                                                        // own-position.js adds where the device is
  if (stage.dataset.outline) L.geoJSON(JSON.parse(stage.dataset.outline), { interactive: false, style: { className: "map-outline" } }).addTo(map);
  places.forEach((place, index) => {
    const { words, number, accuracy } = place.dataset, at = points[index];
    const isOwn = place.dataset.place === "own";
    if (accuracy) L.circle(at, { radius: Number(accuracy), interactive: false, className: "map-accuracy" }).addTo(map);
    const mark = document.createElement("span");
    mark.className = "map-mark";
    mark.textContent = number || "●";
    const icon = L.divIcon({ className: isOwn ? "map-point map-own" : "map-point", html: mark, iconSize: [30, 30], iconAnchor: [15, 15] });
    const marker = L.marker(at, { icon, title: words, alt: words, zIndexOffset: isOwn ? 1000 : 0 }).addTo(map);
    marker.getElement().setAttribute("aria-label", words);
    const choose = () => {
      places.forEach(each => each.removeAttribute("data-chosen"));
      place.setAttribute("data-chosen", "");
      place.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
      place.querySelector("a")?.focus({ preventScroll: true });
    };
    marker.on("click", choose);
    marker.getElement().addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); }
    });
  });
})();
