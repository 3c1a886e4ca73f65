// What the field desk shows of what the telephone keeps (field-send.js): cases by distance or limit, a map without ground, what waits to be
// sent, and conflicts with both versions. The own position is worked with here and sent nowhere: self.langbiangFieldList.
"use strict";
(() => {
  const work = self.langbiangFieldWork, { dataset: texts } = document.querySelector("[data-texts]"), { lang } = document.documentElement;
  const find = (selector, within = document) => within.querySelector(selector), all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const EARTH = 6371000, RADIAN = Math.PI / 180, DAY = 24 * work.HOUR, WIDE = 420, HIGH = 230, EDGE = 34, PHOTO = 500000;
  const at = { position: null, order: "near" };

  // by the clock of the centre, as limits are told; a telephone may be set to another
  const zone = texts.zone || undefined;
  const clock = moment => new Date(moment).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const day = moment => `${clock(moment)} ${new Date(moment).toLocaleDateString("en-GB", { day: "2-digit", month: "2-digit", timeZone: zone })}`;
  const size = bytes => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toLocaleString(lang, { maximumFractionDigits: 1 })} MB`);
  const metres = ([south, west], [north, east]) => {
    const half = degrees => Math.sin(degrees * RADIAN / 2) ** 2;
    return 2 * EARTH * Math.asin(Math.sqrt(half(north - south) + Math.cos(south * RADIAN) * Math.cos(north * RADIAN) * half(east - west)));
  };
  const far = distance => (distance < 1000 ? `${Math.round(distance / 10) * 10} m` : `${(distance / 1000).toLocaleString(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} km`);
  const span = wait => {
    const minutes = Math.floor(wait / 60000), put = (words, n) => words.replace("{n}", n);
    return minutes < 60 ? put(texts.minutes, Math.max(minutes, 1)) : minutes < 1440 ? put(texts.hours, Math.floor(minutes / 60)) : put(texts.days, Math.floor(minutes / 1440));
  };

  const limit = one => one.due_at || one.answer_due_at;
  const isLate = one => Boolean(limit(one)) && !one.is_paused && Date.parse(limit(one)) <= Date.now();
  const due = one => {
    if (one.is_paused) return ["paused", texts.paused];
    if (!limit(one)) return ["ok", texts.none];
    const wait = Date.parse(limit(one)) - Date.now(), more = one.asks_for_time ? `, ${texts.moreTime}` : "";
    if (wait <= 0) return ["late", texts.late.replace("{span}", span(-wait)) + more];
    return wait < 3 * DAY ? ["soon", texts.left.replace("{span}", span(wait)) + more] : ["ok", (one.due_at ? one.due : one.answer_due) + more];
  };
  const sorted = () => {
    const distance = one => (at.position && one.at ? metres(at.position, one.at) : Infinity), when = one => (limit(one) ? Date.parse(limit(one)) : Infinity);
    const list = work.cases.map(one => ({ one, distance: distance(one), when: when(one) }));
    const by = at.order === "near" && at.position ? ["distance", "when"] : ["when", "distance"];
    const less = (first, other) => (first === other ? 0 : first - other);
    return list.sort((first, other) => less(first[by[0]], other[by[0]]) || less(first[by[1]], other[by[1]]));
  };

  // -- cases ----------------------------------------------------------------------------------------------------------

  const copy = name => document.importNode(find(`template[data-${name}]`).content, true).firstElementChild;
  const card = ({ one, distance }, index) => {
    const row = copy("card"), part = name => find(`[data-${name}]`, row), [state, words] = due(one), answer = work.thingOf(one.assignment), accepting = work.thingOf(one.assignment, true);
    row.dataset.case = one.assignment;
    row.classList.toggle("is-late", isLate(one));
    row.classList.toggle("is-urgent", one.is_urgent);
    part("number").textContent = index + 1;
    part("distance").textContent = Number.isFinite(distance) ? far(distance) : "";
    part("urgent").hidden = !one.is_urgent;
    part("open").textContent = one.title || one.code;
    part("where").textContent = one.place;
    part("due-chip").dataset.due = state;
    part("due-chip").textContent = words;
    part("state").textContent = accepting ? texts.accepting : one.is_new ? texts.toAccept : answer && answer.kind === "answer" ? texts.written : one.is_redo ? texts.redo : texts.inHand;
    part("state").dataset.step = one.is_redo ? "r" : one.is_new && !accepting ? "1" : "2";
    part("moved-line").hidden = !one.moved;
    if (one.moved) part("moved-line").textContent = texts.moved.replace("{from}", day(one.moved.from)).replace("{to}", day(one.moved.to));
    find("[data-do=accept]", row).hidden = !one.is_new || Boolean(accepting);
    find("[data-do=write]", row).hidden = one.is_new && !accepting;
    part("way").hidden = !one.way;
    if (one.way) { part("way").href = one.way; if (one.way.startsWith("https:")) Object.assign(part("way"), { target: "_blank", rel: "noopener noreferrer" }); }
    return row;
  };

  // -- the map --------------------------------------------------------------------------------------------------------

  const svg = (name, of, ...inside) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(of).forEach(each => element.setAttribute(...each));
    element.append(...inside);
    return element;
  };
  const rings = shape => (shape.type === "Polygon" ? shape.coordinates : shape.type === "MultiPolygon" ? shape.coordinates.flat() : []);
  const map = list => {
    const box = find("[data-map]"), placed = list.filter(({ one }) => one.at), spots = placed.map(({ one }) => one.at);
    box.hidden = !spots.length;
    if (!spots.length) return;
    const near = at.position && Math.min(...spots.map(spot => metres(at.position, spot))) < 50000 ? [at.position] : [], points = [...spots, ...near];
    const sides = axis => points.map(point => point[axis]), middle = axis => (Math.min(...sides(axis)) + Math.max(...sides(axis))) / 2, centre = [middle(0), middle(1)];
    const shrink = Math.cos(centre[0] * RADIAN), reach = axis => Math.max(...sides(axis)) - Math.min(...sides(axis));
    const scale = Math.min((WIDE - 2 * EDGE) / Math.max(reach(1) * shrink, 0.004), (HIGH - 2 * EDGE) / Math.max(reach(0), 0.003));   // pixels of a degree of latitude
    const put = ([latitude, longitude]) => [WIDE / 2 + (longitude - centre[1]) * shrink * scale, HIGH / 2 - (latitude - centre[0]) * scale];
    const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": box.dataset.words });
    ((work.here.areas && work.here.areas.shapes.features) || []).forEach(({ geometry }) => rings(geometry || {}).forEach(ring => {
      drawing.append(svg("path", { class: "bd", d: `M${ring.map(([longitude, latitude]) => put([latitude, longitude]).map(each => each.toFixed(1)).join(" ")).join("L")}Z` }));
    }));
    const step = [100, 200, 500, 1000, 2000, 5000, 10000, 20000].find(each => each / 111320 * scale > 50) || 50000, long = step / 111320 * scale;
    drawing.append(svg("g", { class: "sc" }, svg("path", { d: `M${WIDE - 12 - long} ${HIGH - 16}v6h${long}v-6` }), svg("text", { x: WIDE - 12 - long / 2, y: HIGH - 20 }, far(step).replace(",0", "").replace(".0", ""))),
      svg("g", { class: "north" }, svg("text", { x: 16, y: 22 }, `↑ ${box.dataset.north}`)));
    list.forEach(({ one }, index) => {
      if (!one.at) return;
      const kind = isLate(one) ? "late" : one.is_urgent ? "urgent" : "open", [x, y] = put(one.at);
      const shape = kind === "late" ? svg("path", { d: "M0-14 14 0 0 14-14 0z" }) : kind === "urgent" ? svg("path", { d: "M0-15 14 9H-14z" }) : svg("circle", { r: 11 });
      drawing.append(svg("g", { class: `mk mk-${kind}`, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` }, shape, svg("text", { y: kind === "urgent" ? 5.5 : 4.5 }, String(index + 1))));
    });
    near.forEach(point => { const [x, y] = put(point); drawing.append(svg("g", { class: "me", transform: `translate(${x} ${y})` }, svg("circle", { r: 17 }), svg("circle", { r: 7 }))); });
    box.replaceChildren(drawing);
  };

  // -- what waits, and conflicts --------------------------------------------------------------------------------------

  const line = (thing, what, when, bytes) => {
    const row = copy("line"), part = name => find(`[data-${name}]`, row);
    row.dataset.thing = thing.id;
    all("[data-sign]", row).forEach(each => { each.hidden = each.dataset.sign !== what; });
    all("[data-what]", row).forEach(each => { each.hidden = each.dataset.what !== what; });
    if (what === "photos") find("[data-what=photos]", row).textContent = texts.photos.replace("{n}", thing.photos.filter(photo => !photo.isSent).length);
    part("code").textContent = thing.code;
    part("when").textContent = when;
    part("said").textContent = thing.state === "refused" ? thing.words : thing.why === "sign-in" ? texts.whySignIn : thing.why === "later" ? texts.whyLater : work.here.isOffline ? texts.whyOffline : "";
    part("again-part").hidden = thing.state !== "refused" || what === "photos";
    find("[data-do=reopen]", row).hidden = thing.kind === "accept";
    part("size").textContent = size(bytes);
    return row;
  };
  const lines = () => work.unsent().filter(thing => thing.state !== "conflict").sort((one, other) => one.at - other.at).flatMap(thing => {
    if (thing.kind === "accept") return [line(thing, "accept", texts.pressed.replace("{time}", clock(thing.at)), 1000)];
    const unsent = thing.photos.filter(photo => !photo.isSent), found = [];
    if (unsent.length) found.push(line(thing, "photos", texts.taken.replace("{time}", clock(unsent[0].at)), unsent.reduce((sum, photo) => sum + photo.size, 0)));
    return [...found, line(thing, thing.kind, texts.saved.replace("{time}", clock(thing.at)), JSON.stringify(thing.fields).length + 300)];
  });
  const shown = (list, heading, fields) => {
    const labels = Object.fromEntries(all("[data-writing-form] .field").map(field => [find("input, textarea", field).name, find("label", field).textContent]));
    const rows = Object.entries(fields || {}).filter(([, value]) => value.trim()).flatMap(([name, value]) => {
      const term = document.createElement("dt"), said = document.createElement("dd");
      term.textContent = labels[name] || name;
      said.textContent = value;
      return [term, said];
    });
    const top = document.createElement("dt"), none = document.createElement("dd");
    top.textContent = heading;
    none.textContent = texts.nobody;
    list.replaceChildren(top, ...(rows.length ? rows : [none]));
  };
  const conflict = thing => {
    const box = copy("conflict"), part = name => find(`[data-${name}]`, box), { theirs } = thing, isOpen = work.cases.some(one => one.assignment === thing.assignment);
    box.dataset.thing = thing.id;
    part("title").textContent = thing.title;
    part("code").textContent = thing.code;
    part("said").textContent = thing.words || "";
    part("mine").hidden = thing.kind === "accept";
    part("theirs").hidden = !theirs;
    if (thing.kind !== "accept") shown(part("mine"), `${texts.mine}, ${day(thing.at)}${thing.photos.length ? `, ${texts.photos.replace("{n}", thing.photos.length)}` : ""}`, thing.fields);
    if (theirs) shown(part("theirs"), `${texts.theirs}, ${theirs.by ? `${theirs.by}, ` : ""}${day(theirs.at)}`, theirs.parts);
    find("[data-do=mine]", box).hidden = thing.conflict === "gone" || (thing.kind === "accept" && thing.conflict !== "held") || (thing.conflict === "done" && !isOpen);
    find("[data-do=theirs]", box).hidden = thing.conflict !== "draft";
    find("[data-do=copy]", box).hidden = thing.kind === "accept";
    return box;
  };

  const draw = () => {
    const list = sorted(), rows = lines(), conflicts = work.unsent().filter(thing => thing.state === "conflict"), { here } = work, focused = document.activeElement;
    const kept = focused && focused.closest("[data-case]"), what = focused && focused.dataset.do;
    find("[data-near]").replaceChildren(...list.map(card));
    if (kept && what) { const again = find(`[data-case="${kept.dataset.case}"] [data-do=${what}]:not([hidden])`) || find(`[data-case="${kept.dataset.case}"] [data-open]`); if (again) again.focus({ preventScroll: true }); }
    map(list);
    find("[data-empty]").hidden = Boolean(list.length) || here.state !== "open";
    find("[data-cut]").hidden = !here.isCut;
    find("[data-queue]").replaceChildren(...rows);
    find("[data-nothing]").hidden = Boolean(rows.length + conflicts.length);
    find("[data-lost]").hidden = !(rows.length + conflicts.length);
    find("[data-conflicts]").replaceChildren(...conflicts.map(conflict));
    all("[data-waiting]").forEach(each => { each.textContent = rows.length + conflicts.length; each.hidden = !(rows.length + conflicts.length); });
    find("[data-waiting-words]").textContent = rows.length + conflicts.length;
    find("[data-send]").hidden = !rows.length || here.isSending;
    find("[data-sending]").hidden = !here.isSending;
    const notes = { offline: here.isOffline && here.state !== "over", full: here.isFull, ends: rows.length > 0 && here.endsAt > 0 && here.endsAt - Date.now() < work.HOUR };
    all("[data-note]").forEach(note => { note.hidden = note.dataset.note in notes ? !notes[note.dataset.note] : note.dataset.note !== here.state; });
    find("[data-since]").textContent = clock(here.since);
    if (here.endsAt) find("[data-ends]").textContent = clock(here.endsAt);
    all("[data-order]").forEach(button => { if (button.dataset.order === at.order) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current"); });
  };
  const room = async () => {
    if (!navigator.storage || !navigator.storage.estimate) return;
    const { quota = 0, usage = 0 } = await navigator.storage.estimate(), box = find("[data-room]"), left = Math.floor((quota - usage) / PHOTO / 10) * 10;
    box.textContent = left > 0 && left < 1000 ? box.dataset.words.replace("{n}", left) : "";
  };
  self.langbiangFieldList = { at, draw, sorted, room, clock, find, all };
})();
