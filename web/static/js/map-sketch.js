// The schematic layer under the points of a map: neighbours, towns, water, roads; and its names, which map-base.js places. ES2019.
//   mapSketch(map, layer, { over, lang, own })   draws a GeoJSON of casework/places/sketches.py into the panes `over`, below the areas `own`,
//                                                and gives back what tells its names at the present zoom
"use strict";
window.mapSketch = (map, layer, { over, lang, own }) => {
  const WIDTHS = { national: [2, 3.4, 5.5, 9], provincial: [1.3, 2.4, 4.4, 7], local: [0.8, 1.6, 3.6, 6.5], river: [1.2, 2, 3.4, 5] };   // at zoom 9, 11, 13, 15
  const ROADS = ["local", "provincial", "national"], VAGUE = 2500, AROUND = ["right", "left", "below", "above"], ASIDE = AROUND.concat(["lower", "higher"]);
  const APART = 240, EDGE = 40;                                                // pixels between two numbers of a road, and to the edge
  const width = kind => {
    const at = Math.min(3, Math.max(0, (map.getZoom() - 9) / 2)), low = Math.floor(at), high = Math.min(3, low + 1);
    return WIDTHS[kind][low] + (WIDTHS[kind][high] - WIDTHS[kind][low]) * (at - low);
  };
  const kindOf = feature => feature.properties.kind, classOf = feature => feature.properties.class || "local";
  const shown = ({ properties }) => (properties.minzoom || 0) <= map.getZoom() && (properties.maxzoom || 99) >= map.getZoom();
  const of = (...kinds) => layer.features.filter(feature => kinds.includes(kindOf(feature)));
  const named = ({ properties }) => (lang === "en" ? properties.en || properties.name : properties.name) || "";

  const parts = [];                                                            // what is drawn, and how thick at a zoom
  const add = (features, pane, className, weight, extra = {}) => features.forEach(feature => {
    parts.push({ feature, weight, drawn: L.geoJSON(feature, { ...over[pane], style: { className: className(feature), ...extra } }) });
  });
  const roads = of("road").sort((one, other) => ROADS.indexOf(classOf(one)) - ROADS.indexOf(classOf(other)));
  add(of("area"), "land", () => "map-neighbour");
  if (own) own.eachLayer(each => each.bringToFront());
  add(of("town_area"), "ground", () => "map-town");
  add(of("river"), "ground", () => "map-river", () => width("river"));
  add(of("lake"), "ground", () => "map-lake");
  add(roads, "ground", () => "map-case", feature => width(classOf(feature)) + 2);
  add(roads, "ground", feature => `map-road map-${classOf(feature)}${feature.properties.accuracy_m > VAGUE ? " map-vague" : ""}`, feature => width(classOf(feature)));
  add(of("rail"), "ground", () => "map-rail");
  const draw = () => parts.forEach(({ feature, weight, drawn }) => {
    if (weight) drawn.setStyle({ weight: weight(feature) });
    if (!shown(feature)) drawn.remove();
    else if (!map.hasLayer(drawn)) drawn.addTo(map);
  });
  draw();
  map.on("zoomend", () => {
    draw();
    // what comes back is drawn last: the order from below is that of the list
    parts.forEach(({ drawn }) => { if (map.hasLayer(drawn)) drawn.bringToFront(); });
    if (own) own.eachLayer(each => each.bringToFront());
  });

  const at = feature => {
    const [x, y] = feature.properties.at || feature.geometry.coordinates;
    return L.latLng(y, x);
  };
  const point = (rank, kind, size, spots, dot) => feature => ({ at: at(feature), words: named(feature), rank, kind, size, spots, dot });
  const points = (kinds, make, test = () => true) => of(...kinds).filter(feature => shown(feature) && named(feature) && test(feature)).map(make);
  const lines = feature => (feature.geometry.type === "LineString" ? [feature.geometry.coordinates] : feature.geometry.coordinates)
    .reduce((all, line) => all.concat(line), []).map(([x, y]) => L.latLng(y, x)).filter(place => map.getBounds().contains(place));
  const along = (features, shares, most, make) => {
    const found = {}, { x: wide, y: high } = map.getSize();
    features.filter(shown).forEach(feature => {
      const places = lines(feature), words = feature.properties.ref || named(feature), kept = found[words] = found[words] || [];
      shares.forEach(share => {
        const place = places[Math.floor(places.length * share)];
        if (!place || kept.length >= most) return;
        const spot = map.latLngToContainerPoint(place);
        if (spot.x < EDGE || spot.y < EDGE || spot.x > wide - EDGE || spot.y > high - EDGE || kept.some(other => other.spot.distanceTo(spot) < APART)) return;
        kept.push({ spot, name: make(feature, place, words) });
      });
    });
    return Object.keys(found).reduce((all, words) => all.concat(found[words].map(({ name }) => name)), []);
  };

  return () => {
    const zoom = map.getZoom(), far = zoom < 11;
    const big = feature => feature.properties.rank < 3;
    const places = points(["place"], feature => point(big(feature) ? 1 : 5, big(feature) ? "map-name-town" : "", big(feature) ? 15 : 12, AROUND, "town")(feature),
      feature => big(feature) || zoom >= 10);
    const peaks = points(["peak"], feature => {
      const high = feature.properties.ele_m ? ` ${feature.properties.ele_m.toLocaleString(lang)} m` : "";
      return { ...point(3, "", 12, ["below", "right", "above", "left"], "peak")(feature), words: named(feature) + (far ? "" : high) };
    });
    const lakes = points(["lake"], feature => {
      const bounds = L.geoJSON(feature).getBounds();
      const place = feature.properties.at ? at(feature) : bounds.getCenter();
      return { at: place, words: named(feature), rank: 6, kind: "map-name-water", size: 12, spots: ["mid", "below", "right", "left"] };
    }, () => zoom >= 10);
    const neighbours = points(["area"], feature => ({ ...point(9, "map-name-other", 12, ["mid"])(feature), bounds: L.geoJSON(feature).getBounds() }), () => zoom <= 12)
      .filter(({ bounds, words }) => map.latLngToLayerPoint(bounds.getNorthEast()).x - map.latLngToLayerPoint(bounds.getSouthWest()).x > Math.min(110, words.length * 6));
    return [
      ...places, ...peaks, ...lakes, ...neighbours,
      ...along(roads.filter(road => road.properties.ref).reverse(), [0.3, 0.5, 0.7, 0.4, 0.6], far ? 1 : 3, (road, place, words) => (
        { at: place, words, rank: 4, kind: `map-shield map-shield-${classOf(road)}`, size: 14, spots: ["mid"] })),
      ...points(["village"], point(7, "map-name-small", 12, ASIDE)),
      ...points(["sight", "pass"], point(8, "map-name-small", 12, AROUND, "sight")),
      ...points(["region"], point(10, "map-name-region", 12, ["mid"]), () => zoom >= 10 && zoom <= 12),
      ...points(["province"], point(11, "map-name-region", 13, ["mid"])),
      ...points(["toward"], point(12, "map-name-small", 12, AROUND)),
      ...along(of("river").filter(river => named(river)), [0.5, 0.3, 0.7], far ? 0 : 2, (river, place, words) => (
        { at: place, words, rank: 13, kind: "map-name-water", size: 12, spots: ["right", "left"] })),
      ...along(roads.filter(road => !road.properties.ref && named(road)), [0.5, 0.3], zoom >= 14 ? 1 : 0, (road, place, words) => (
        { at: place, words, rank: 14, kind: "map-name-small", size: 12, spots: ["right", "left"] })),
    ];
  };
};
