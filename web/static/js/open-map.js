// The map of open work: [data-open-map] shows each row of [data-list] that has a point, or the cells of a grid (data-cells) where there are
// more cases than rows. A point and its row are one selection. Drawn by map-base.js; without a script the list says the same.
//   row: data-latitude, data-longitude, data-kind (late urgent open paused), data-code, data-where, data-remind (address of that act, if it may be done),
//        data-commune (its name as on the map, where it is counted)
//   stage: data-cells  [{ at, count, late, urgent, url }]   data-near  what several cases near each other are called   data-all
//   [data-card]        the chosen case beside its point    [data-layers]  what is drawn    [data-in-frame]  how many rows are in sight
// The marks are no stops of the keyboard: it reaches every point through its row.
"use strict";
(() => {
  const stage = document.querySelector("[data-open-map]"), list = document.querySelector("[data-list]");
  if (!stage || !list || !window.fieldMap) return;
  const APART = 46, CLOSEST = 17;                                              // APART: pixels between two marks; nearer points are one
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const rows = [...list.querySelectorAll(".orow")], cells = stage.dataset.cells ? JSON.parse(stage.dataset.cells) : null;
  const places = rows.filter(row => row.dataset.latitude).map(row => ({ row, at: [Number(row.dataset.latitude), Number(row.dataset.longitude)], kind: row.dataset.kind }));
  const points = (cells || places).map(each => each.at);
  document.querySelector(".omap").setAttribute("data-scripted", "");
  const { map, areas, fitAreas } = window.fieldMap(stage, {
    view: { points }, wheel: true, countIn: name => cells ? 0 : rows.filter(row => row.dataset.commune === name).length,   // all of them have a row
  });
  const layer = L.layerGroup().addTo(map);
  let chosen = null, drawn = [];

  const sign = (name, of, words, ...inside) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(of).forEach(each => element.setAttribute(...each));
    element.append(words, ...inside);
    return element;
  };
  const several = (count, late, urgent) => {
    const rim = (kind, at, path, y, number) => number
      ? [sign("g", { class: `mk mk-${kind}`, transform: `translate(${at})` }, "", sign("path", { d: path }, ""), sign("text", { y }, String(number)))] : [];
    return sign("svg", { class: "omap-many", viewBox: "-36 -36 72 72" }, "", sign("circle", { class: "ring", r: 23 }, ""), sign("circle", { class: "core", r: 17 }, ""),
      sign("text", { y: 5 }, String(count)), ...rim("late", "18 -17", "M0-12 12 0 0 12-12 0z", 4, late), ...rim("urgent", "-17 -19", "M0-14 13 9H-13z", 5, urgent));
  };
  const put = (at, html, isMany, words, act) => {
    const size = isMany ? 48 : 32;
    const icon = L.divIcon({ className: "omap-pin", html, iconSize: [size, size], iconAnchor: [size / 2, size / 2] });
    const marker = L.marker(at, { icon, keyboard: false, title: words, alt: "" }).addTo(layer);
    marker.getElement().setAttribute("aria-hidden", "true");
    return marker.on("click", act);
  };

  const card = document.querySelector("[data-card]"), part = name => card.querySelector(`[data-card-${name}]`);
  const tell = row => {
    const link = row.querySelector("a"), due = row.querySelector(".due");
    part("due").replaceChildren(...(due ? [due.cloneNode(true)] : []));
    part("code").textContent = row.dataset.code;
    part("title").textContent = link.textContent;
    part("place").textContent = row.dataset.where;
    part("open").href = link.href;
    part("remind").hidden = !row.dataset.remind;
    if (row.dataset.remind) part("remind").href = row.dataset.remind;
    card.hidden = false;
  };
  const light = () => drawn.forEach(({ marker, group }) => marker.getElement().classList.toggle("is-sel", group.some(each => each.row === chosen)));
  const choose = (row, { shows = false } = {}) => {
    if (chosen) { chosen.removeAttribute("data-at"); chosen.querySelector("a").removeAttribute("aria-current"); }
    chosen = row;
    if (!row) { card.hidden = true; light(); return; }
    row.setAttribute("data-at", "");
    row.querySelector("a").setAttribute("aria-current", "true");
    const place = places.find(each => each.row === row);
    if (place && shows && !map.getBounds().pad(-0.1).contains(place.at)) map.panTo(place.at, { animate: !calm });
    if (place) tell(row); else card.hidden = true;
    light();
  };
  const meet = row => {
    choose(row);
    row.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    row.querySelector("a").focus({ preventScroll: true });
  };

  const draw = () => {
    layer.clearLayers();
    drawn = [];
    if (cells) {
      cells.forEach(cell => put(cell.at, several(cell.count, cell.late, cell.urgent), true, `${cell.count} ${stage.dataset.near}`, () => { location.href = cell.url; }));
      return;
    }
    const groups = [], zoom = map.getZoom(), near = (one, other) => Math.abs(one.x - other.x) < APART && Math.abs(one.y - other.y) < APART;
    places.forEach(place => {
      const at = map.project(place.at, zoom), group = groups.find(each => near(each.at, at));
      if (group) group.places.push(place);
      else groups.push({ at, places: [place] });
    });
    groups.forEach(({ places: together }) => {
      if (together.length === 1) {
        const [{ row, at }] = together;
        const marker = put(at, row.querySelector(".omark").cloneNode(true), false, row.querySelector("a").textContent, () => meet(row));
        drawn.push({ marker, group: together });
        return;
      }
      const of = kind => together.filter(each => each.kind === kind).length, bounds = L.latLngBounds(together.map(each => each.at));
      const marker = put(bounds.getCenter(), several(together.length, of("late"), of("urgent")), true, `${together.length} ${stage.dataset.near}`, () => {
        if (map.getZoom() < CLOSEST && map.getBoundsZoom(bounds) > map.getZoom()) map.fitBounds(bounds, { padding: [40, 40], maxZoom: CLOSEST, animate: false });
        else meet(together[(together.findIndex(each => each.row === chosen) + 1) % together.length].row);   // one spot: each press the next of them
      });
      drawn.push({ marker, group: together });
    });
    light();
  };
  const inFrame = document.querySelector("[data-in-frame]");
  const frame = () => {
    const seen = map.getBounds();
    inFrame.textContent = inFrame.dataset.words.replace("{n}", places.filter(each => seen.contains(each.at)).length);
    inFrame.hidden = Boolean(cells);
  };
  map.on("zoomend", draw);
  map.on("moveend", frame);
  draw();
  frame();

  rows.forEach(row => {
    row.querySelector("a").addEventListener("focus", () => choose(row, { shows: true }));
    if (row.dataset.latitude) row.querySelector(".omark").addEventListener("click", () => { choose(row, { shows: true }); stage.scrollIntoView({ block: "nearest" }); });
  });
  card.querySelector("[data-card-close]").addEventListener("click", () => { const row = chosen; choose(null); if (row) row.querySelector("a").focus({ preventScroll: true }); });
  document.addEventListener("keydown", event => { if (event.key === "Escape" && !card.hidden) choose(null); });

  const all = L.control({ position: "topright" });
  all.onAdd = () => {
    const bar = L.DomUtil.create("div", "leaflet-bar"), button = L.DomUtil.create("a", "omap-all", bar);
    button.href = "#";
    button.role = "button";
    button.title = stage.dataset.all;
    button.setAttribute("aria-label", stage.dataset.all);
    button.textContent = "⤢";
    L.DomEvent.disableClickPropagation(bar);
    button.addEventListener("click", event => {
      event.preventDefault();
      if (points.length) map.fitBounds(points, { padding: [36, 36], maxZoom: CLOSEST, animate: false }); else fitAreas();
    });
    return bar;
  };
  all.addTo(map);

  const heat = L.layerGroup();
  (cells || places).forEach(each => L.circle(each.at, { radius: 900, interactive: false, className: "map-heat" }).addTo(heat));
  const layers = document.querySelector("[data-layers]");
  layers.hidden = false;
  layers.addEventListener("change", event => {
    if (event.target.dataset.layer === "heat") { if (event.target.checked) heat.addTo(map); else heat.remove(); return; }
    stage.dataset.without = event.target.checked ? "" : "areas";
  });
  // opened from a case: its row is named in the address
  const asked = places.find(each => location.hash === `#${each.row.id}`);
  if (asked) {
    map.setView(asked.at, Math.max(map.getZoom(), 15), { animate: false });
    choose(asked.row);
    asked.row.scrollIntoView({ block: "nearest" });
  }
  areas.then(() => { if (places.length < 2 && !cells && !asked) fitAreas(); });
})();
