// The small map of a step: [data-staff-map] is filled with a point for every [data-place] of the page. Without it the list says the same.
//   data-place="own" | "near", data-latitude, data-longitude, data-words; data-number of a case in the list, data-accuracy in metres
//   data-outline of the map: GeoJSON of the commune
// No picture of the land is fetched from anywhere: a net of degrees and a scale stand for it.
"use strict";
(() => {
  const stage = document.querySelector("[data-staff-map]");
  const places = [...document.querySelectorAll("[data-place]")];
  if (!stage || !places.length || !window.L) return;

  const STEPS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];   // degrees between two lines of the net
  const MOST_LINES = 6, CLOSEST = 17, NEAR = 15;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches, finger = matchMedia("(pointer: coarse)").matches;

  stage.hidden = false;
  const map = L.map(stage, {
    attributionControl: false, zoomControl: false, scrollWheelZoom: false, dragging: !finger, maxZoom: 19, minZoom: 7,
    zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm,
  });
  L.control.zoom({ position: "topright", zoomInTitle: stage.dataset.in, zoomOutTitle: stage.dataset.out }).addTo(map);
  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);

  const points = places.map(({ dataset }) => [Number(dataset.latitude), Number(dataset.longitude)]);
  if (points.length > 1) map.fitBounds(points, { padding: [36, 36], maxZoom: CLOSEST, animate: false });
  else map.setView(points[0], NEAR, { animate: false });                       // a marker is drawn once the map knows where it looks
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

  const net = L.layerGroup().addTo(map);
  const draw = () => {
    net.clearLayers();
    const seen = map.getBounds(), wide = Math.max(seen.getEast() - seen.getWest(), seen.getNorth() - seen.getSouth());
    const step = STEPS.filter(each => wide / each <= MOST_LINES).pop() || STEPS[0], places = Math.max(0, Math.ceil(-Math.log10(step)));
    const line = (ends, at, words, side) => {
      L.polyline(ends, { interactive: false, className: "map-net" }).addTo(net).bringToBack();
      L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: `map-degree map-degree-${side}`, html: words, iconSize: null }) }).addTo(net);
    };
    const words = degrees => degrees.toLocaleString(document.documentElement.lang, { minimumFractionDigits: places, maximumFractionDigits: places }) + "°";
    for (let x = Math.ceil(seen.getWest() / step) * step; x < seen.getEast(); x += step)
      line([[seen.getSouth(), x], [seen.getNorth(), x]], [seen.getNorth(), x], words(x), "top");
    for (let y = Math.ceil(seen.getSouth() / step) * step; y < seen.getNorth(); y += step)
      line([[y, seen.getWest()], [y, seen.getEast()]], [y, seen.getWest()], words(y), "left");
  };
  map.on("moveend", draw);
  draw();
  new ResizeObserver(() => map.invalidateSize({ animate: false, pan: true })).observe(stage);
})();
