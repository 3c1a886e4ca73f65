// One map for every page: own boundaries with their names, a scale, north; tiles, a tile file or a schematic layer where there is one; a net of
// degrees where there is nothing else. Names give way: to points, to the controls, and to names that are wanted more.
// Needs vendor/leaflet; on pages with a PMTiles file also vendor/protomaps-leaflet (components/map.html includes what is needed).
//   fieldMap(stage, { view, wheel, countIn })   draws into an element with a size of its own and gives back { map, areas, fitAreas }
//       data-areas             address of the boundaries (GeoJSON), fetched from this server; data-in, data-out, data-north: words
//       data-tiles, data-attribution     template of a tile address; data-pmtiles  address of a PMTiles file; data-max-zoom  of either
//       data-sketch, data-sketch-script  address of a schematic layer, and of map-sketch.js, which draws it: both fetched once the map is seen;
//                              data-notice: that it is one; data-nearest: the zoom nobody goes beyond
//       view                   { points: [[latitude, longitude], …] } is looked at first; without points the areas are, once they are here
//       countIn                name of an area → number written behind it; none where it is 0
//       areas                  a promise of the boundaries as a Leaflet layer, null without any; fitAreas() looks at all of them
// Nothing is fetched from elsewhere but tiles of the address that was set.
"use strict";
window.fieldMap = (stage, { view = {}, wheel = false, countIn = () => 0 } = {}) => {
  const STEPS = [5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001];   // degrees between two lines of the net
  const MOST_LINES = 6, CLOSEST = 17, NEAR = 15, VIETNAM = [[8, 102], [24, 118]], SIGN = 7;              // SIGN: pixels of a letter, roughly
  const MOST_WIDE = 120, LINE = 1.25, ASIDE = 7, FAR = 50, OWN_AREA = 2;       // of names: pixels, height of a line, distances to their point, rank
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches, finger = matchMedia("(pointer: coarse)").matches;
  const { lang } = document.documentElement, { areas: areasUrl, tiles, pmtiles, attribution, maxZoom, sketch, nearest } = stage.dataset;
  const points = view.points || [];

  stage.hidden = false;
  const map = L.map(stage, {
    attributionControl: false, zoomControl: false, scrollWheelZoom: wheel, trackResize: false, dragging: !finger, maxZoom: Number(nearest) || 19, minZoom: 5,
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
  [["land", 310], ["ground", 320], ["lines", 330], ["names", 450]].forEach(([name, height]) => { map.createPane(name).style.zIndex = height; });
  const over = {};                                                             // what draws in each pane; names lie above the areas, below every point
  ["land", "ground", "lines"].forEach(pane => { over[pane] = { pane, renderer: L.svg({ pane, padding: 0.3 }), interactive: false }; });

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

  // Names, most wanted first. Each is { at, words, rank, kind, size, spots, dot }: a class, pixels, where it may stand beside its point, its mark.
  const names = L.layerGroup().addTo(map), wanted = { areas: () => [] }, pencil = document.createElement("canvas").getContext("2d");
  const font = getComputedStyle(stage).fontFamily;
  const inLines = (words, size) => {
    pencil.font = `600 ${size}px ${font}`;
    const wide = text => pencil.measureText(text).width, parts = words.split(" "), whole = wide(words);
    if (whole <= MOST_WIDE || parts.length < 3) return { lines: [words], width: whole };
    let best = null;
    for (let cut = 1; cut < parts.length; cut++) {
      const lines = [parts.slice(0, cut).join(" "), parts.slice(cut).join(" ")], width = Math.max(wide(lines[0]), wide(lines[1]));
      if (!best || width < best.width) best = { lines, width };
    }
    return best;
  };
  const obstacles = () => {
    const taken = [], frame = stage.getBoundingClientRect();
    const add = (middle, [left, top, width, height]) => taken.push([middle.x - left, middle.y - top, middle.x - left + width, middle.y - top + height]);
    map.eachLayer(layer => {
      if (layer instanceof L.Marker && layer.options.pane === "markerPane" && layer.options.icon.options.iconSize) {
        const size = L.point(layer.options.icon.options.iconSize), anchor = L.point(layer.options.icon.options.iconAnchor || size.divideBy(2));
        add(map.latLngToContainerPoint(layer.getLatLng()), [anchor.x, anchor.y, size.x, size.y]);
      } else if (layer instanceof L.CircleMarker && !(layer instanceof L.Circle)) {
        const radius = layer.getRadius();
        add(map.latLngToContainerPoint(layer.getLatLng()), [radius, radius, 2 * radius, 2 * radius]);
      }
    });
    stage.querySelectorAll(".leaflet-control").forEach(control => {
      const { left, top, right, bottom } = control.getBoundingClientRect();
      if (right > left) taken.push([left - frame.left, top - frame.top, right - frame.left, bottom - frame.top]);
    });
    return taken;
  };
  const drawNames = () => {
    names.clearLayers();
    const taken = obstacles(), { x: wide, y: high } = map.getSize();
    const meets = box => taken.some(each => box[0] < each[2] && box[2] > each[0] && box[1] < each[3] && box[3] > each[1]);
    const put = (at, html, className, shift) => L.marker(at, {
      pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ className, html, iconSize: [0, 0], iconAnchor: shift }),
    }).addTo(names);
    const candidates = Object.keys(wanted).reduce((all, key) => all.concat(wanted[key](map)), []);
    candidates.sort((one, other) => one.rank - other.rank).forEach(({ at, words, kind, size, spots, dot }) => {
      const point = map.latLngToContainerPoint(at);
      if (point.x < 0 || point.y < 0 || point.x > wide || point.y > high) return;
      const { lines, width } = inLines(words, size), w = width + 4, h = lines.length * size * LINE + 2, gap = dot ? ASIDE : 3;
      const places = {
        mid: [0, 0], right: [w / 2 + gap, 0], left: [-w / 2 - gap, 0], below: [0, h / 2 + gap], above: [0, -h / 2 - gap],
        lower: [0, h / 2 + 17], higher: [0, -h / 2 - 17], low: [0, FAR], high: [0, -FAR], farRight: [FAR, -FAR], farLeft: [-FAR, FAR],
      };
      const spot = spots.map(name => places[name]).find(([dx, dy]) => {
        const box = [point.x + dx - w / 2, point.y + dy - h / 2, point.x + dx + w / 2, point.y + dy + h / 2];
        if (box[0] < 2 || box[1] < 2 || box[2] > wide - 2 || box[3] > high - 2) return false;
        if (meets(box)) return false;
        taken.push(box);
        return true;
      });
      if (!spot) return;
      const box = document.createElement("span");                              // a name is words, whatever stands in it
      lines.forEach((line, index) => { if (index) box.appendChild(document.createElement("br")); box.appendChild(document.createTextNode(line)); });
      put(at, box, "map-name-box " + (kind || ""), [-spot[0], -spot[1]]);
      const mark = [point.x - 4, point.y - 4, point.x + 4, point.y + 4];
      if (!dot || meets(mark)) return;
      put(at, "", "map-dot map-dot-" + dot, [0, 0]);
      taken.push(mark);
    });
  };
  let asked = 0;
  const askNames = () => { if (!asked) asked = requestAnimationFrame(() => { asked = 0; drawNames(); }); };
  map.on("layeradd layerremove", ({ layer }) => {
    if ((layer instanceof L.Marker && layer.options.pane === "markerPane" && layer.options.icon.options.iconSize) || layer instanceof L.CircleMarker) askNames();
  });

  const ownNames = areas => areas.getLayers().reduce((found, layer) => {
    const { properties } = layer.feature, name = (lang === "en" ? properties.en : properties.vi) || "", bounds = layer.getBounds();
    const number = countIn(name), words = name && number ? `${name} · ${number}` : name;
    const wide = map.latLngToLayerPoint(bounds.getNorthEast()).x - map.latLngToLayerPoint(bounds.getSouthWest()).x;
    if (!words || wide < Math.min(90, words.length * SIGN) * 1.15) return found;
    const at = properties.at ? L.latLng(properties.at[1], properties.at[0]) : bounds.getCenter();
    found.push({ at, words, rank: OWN_AREA, kind: "map-name-own", size: 13, spots: ["mid", "below", "above", "left", "right", "low", "high", "farRight", "farLeft"] });
    return found;
  }, []);

  let drawn = null;
  const fitAreas = () => { if (drawn) map.fitBounds(drawn.getBounds(), { padding: [12, 12], animate: false }); };
  const areas = areasUrl ? fetch(areasUrl, { credentials: "same-origin" })
    .then(answer => answer.ok ? answer.json() : null)
    .then(collection => {
      if (!collection || !collection.features.length) return null;
      const onTiles = tiles || pmtiles;
      drawn = L.geoJSON(collection, { ...over.land, style: { className: onTiles ? "map-area map-area-over" : "map-area" } }).addTo(map);
      if (sketch) L.geoJSON(collection, { ...over.lines, style: { className: "map-border" } }).addTo(map);
      drawn.eachLayer(layer => layer.bringToFront());
      wanted.areas = () => ownNames(drawn);
      if (!points.length) fitAreas();
      draw();
      return drawn;
    })
    .catch(() => null) : Promise.resolve(null);                                // without the network the net of degrees is still there

  const net = L.layerGroup().addTo(map);
  const drawNet = () => {
    net.clearLayers();
    if (drawn || tiles || pmtiles || sketch) return;
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
  };
  const draw = () => {
    drawNet();
    askNames();
  };
  map.on("moveend", draw);
  draw();

  if (sketch) areas.then(() => Promise.all([
    fetch(sketch, { credentials: "same-origin" }).then(answer => answer.ok ? answer.json() : null),
    window.mapSketch || new Promise((done, failed) => {
      const script = document.createElement("script");
      Object.assign(script, { src: stage.dataset.sketchScript, onload: done, onerror: failed });
      document.head.appendChild(script);
    }),
  ])).then(([layer]) => {
    if (!layer) return;
    wanted.sketch = window.mapSketch(map, layer, { over, lang, own: drawn });
    const notice = L.control({ position: "topleft" });
    notice.onAdd = () => { const box = L.DomUtil.create("div", "map-notice"); box.textContent = stage.dataset.notice; return box; };
    notice.addTo(map);
    map.attributionControl.addAttribution(asText(attribution));
    if (drawn) drawn.eachLayer(each => each.bringToFront());
    askNames();
  }).catch(() => {});                                                          // a map without it is still a map
  new ResizeObserver(() => map.invalidateSize({ animate: false, pan: true })).observe(stage);
  return { map, areas, fitAreas };
};
document.querySelectorAll("[data-map-alone]").forEach(stage => window.fieldMap(stage));
