// One map for every page: own boundaries with their names, a net of degrees, a scale, north; tiles only where an office has set them up.
// Needs vendor/leaflet; on pages with a PMTiles file also vendor/protomaps-leaflet (components/map.html includes what is needed).
//   fieldMap(stage, { view, wheel })   draws into an element with a size of its own and gives back { map, areas, fitAreas }
//       data-areas             address of the boundaries (GeoJSON), fetched from this server; data-in, data-out, data-north: words
//       data-tiles, data-attribution     template of a tile address; data-pmtiles  address of a PMTiles file; data-max-zoom  of either
//       view                   { points: [[latitude, longitude], …] } is looked at first; without points the areas are, once they are here
//       areas                  a promise of the boundaries as a Leaflet layer, null without any; fitAreas() looks at all of them
// Nothing is fetched from elsewhere but tiles of the address that was set.
"use strict";
window.fieldMap = (stage, { view = {}, wheel = false } = {}) => {
  const STEPS = [5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];   // degrees between two lines of the net
  const MOST_LINES = 6, CLOSEST = 17, NEAR = 15, VIETNAM = [[8, 102], [24, 118]], SIGN = 7;              // SIGN: pixels of a letter, roughly
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches, finger = matchMedia("(pointer: coarse)").matches;
  const { lang } = document.documentElement, { areas: areasUrl, tiles, pmtiles, attribution, maxZoom } = stage.dataset;
  const points = view.points || [];

  stage.hidden = false;
  const map = L.map(stage, {
    attributionControl: false, zoomControl: false, scrollWheelZoom: wheel, trackResize: false, dragging: !finger, maxZoom: 19, minZoom: 5,
    zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm, inertia: !calm,
  });
  L.control.zoom({ position: "topright", zoomInTitle: stage.dataset.in, zoomOutTitle: stage.dataset.out }).addTo(map);
  L.control.attribution({ position: "bottomright", prefix: false }).addTo(map);
  L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
  const north = L.control({ position: "bottomleft" });
  north.onAdd = () => {
    const sign = L.DomUtil.create("div", "map-north");
    sign.title = stage.dataset.north || "";
    sign.textContent = "↑ " + (lang === "en" ? "N" : "B");
    return sign;
  };
  north.addTo(map);
  map.createPane("names").style.zIndex = 450;                                  // above the areas, below every point

  if (points.length > 1) map.fitBounds(points, { padding: [36, 36], maxZoom: CLOSEST, animate: false });
  else if (points.length) map.setView(points[0], NEAR, { animate: false });   // a marker is drawn once the map knows where it looks
  else map.fitBounds(VIETNAM, { animate: false });

  const asText = words => { const box = document.createElement("span"); box.textContent = words; return box.innerHTML; };
  if (tiles) L.tileLayer(tiles, { maxNativeZoom: Number(maxZoom), attribution: asText(attribution) }).addTo(map);
  else if (pmtiles && window.protomapsL) {
    const flavor = document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
    const named = attribution ? { attribution: asText(attribution) } : {};
    window.protomapsL.leafletLayer({ url: pmtiles, flavor, lang, maxDataZoom: Number(maxZoom), ...named }).addTo(map);
  }

  const names = L.layerGroup().addTo(map);
  const label = layer => {
    const { properties } = layer.feature, words = (lang === "en" ? properties.en : properties.vi) || "";
    const bounds = layer.getBounds(), box = document.createElement("span");
    const wide = map.latLngToLayerPoint(bounds.getNorthEast()).x - map.latLngToLayerPoint(bounds.getSouthWest()).x;
    if (!words || wide < Math.min(90, words.length * SIGN) * 1.15 || !map.getBounds().intersects(bounds)) return;
    box.textContent = words;                                                   // a name is words, whatever stands in it
    const at = properties.at ? L.latLng(properties.at[1], properties.at[0]) : bounds.getCenter();
    L.marker(at, { pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ className: "map-name-box", html: box, iconSize: [0, 0] }) }).addTo(names);
  };

  let drawn = null;
  const fitAreas = () => { if (drawn) map.fitBounds(drawn.getBounds(), { padding: [12, 12], animate: false }); };
  const areas = areasUrl ? fetch(areasUrl, { credentials: "same-origin" })
    .then(answer => answer.ok ? answer.json() : null)
    .then(collection => {
      if (!collection || !collection.features.length) return null;
      drawn = L.geoJSON(collection, { interactive: false, style: { className: tiles || pmtiles ? "map-area map-area-over" : "map-area" } }).addTo(map);
      drawn.bringToBack();
      if (!points.length) fitAreas();
      draw();
      return drawn;
    })
    .catch(() => null) : Promise.resolve(null);                                // without the network the net of degrees is still there

  const net = L.layerGroup().addTo(map);
  const draw = () => {
    net.clearLayers();
    names.clearLayers();
    const seen = map.getBounds(), size = Math.max(seen.getEast() - seen.getWest(), seen.getNorth() - seen.getSouth());
    const step = STEPS.filter(each => size / each <= MOST_LINES).pop() || STEPS[0], places = Math.max(0, Math.ceil(-Math.log10(step)));
    const line = (ends, at, words, side) => {
      L.polyline(ends, { interactive: false, className: "map-net" }).addTo(net).bringToBack();
      L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: `map-degree map-degree-${side}`, html: words, iconSize: null }) }).addTo(net);
    };
    const degrees = number => number.toLocaleString(lang, { minimumFractionDigits: places, maximumFractionDigits: places }) + "°";
    for (let x = Math.ceil(seen.getWest() / step) * step; x < seen.getEast(); x += step)
      line([[seen.getSouth(), x], [seen.getNorth(), x]], [seen.getNorth(), x], degrees(x), "top");
    for (let y = Math.ceil(seen.getSouth() / step) * step; y < seen.getNorth(); y += step)
      line([[y, seen.getWest()], [y, seen.getEast()]], [y, seen.getWest()], map.latLngToContainerPoint([y, seen.getWest()]).y > 40 ? degrees(y) : "", "left");
    if (drawn) {
      drawn.bringToBack();
      drawn.eachLayer(label);
    }
  };
  map.on("moveend", draw);
  draw();
  new ResizeObserver(() => map.invalidateSize({ animate: false, pan: true })).observe(stage);
  return { map, areas, fitAreas };
};
document.querySelectorAll("[data-map-alone]").forEach(stage => window.fieldMap(stage));
