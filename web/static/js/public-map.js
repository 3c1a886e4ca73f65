// Maps for everybody, ES2019. [data-map-later] is filled by map-base.js, whose scripts (data-scripts) and styles (data-styles) are fetched only when
// it is: "now", "wide" where the window has room next to the list, "open" with the details around it.
//   data-at="latitude longitude", data-words     one point
//   data-points            address of points and counts of communes: { points: [{ at, title, words, kind, url }], areas: [{ at, count, words, url }], words }
//       data-near, data-late   what a group of points is called, and the late ones in it; [data-map-words] of the same part tells what is shown
//       data-without="areas"   the counts of communes stand in words
//   data-failed            said when nothing can be drawn
// Without it the list says the same.
"use strict";
(function () {
  const APART = 52, WIDE = "(min-width: 992px)", MOST_LISTED = 30;             // APART: pixels between two marks; points nearer are one group
  const stages = Array.prototype.slice.call(document.querySelectorAll("[data-map-later]"));

  const script = src => new Promise((done, failed) => {
    const element = document.createElement("script");
    element.src = src;
    element.onload = done;
    element.onerror = failed;
    document.head.appendChild(element);
  });
  let library = null;
  const fetched = stage => {
    if (library) return library;
    stage.dataset.styles.split(" ").forEach(href => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      document.head.appendChild(link);
    });
    library = stage.dataset.scripts.split(" ").reduce((before, src) => before.then(() => script(src)), Promise.resolve());
    return library;
  };

  // The pin of a state, the same as in the legend (public/_list.html); all others are numbers.
  const SVG = "http://www.w3.org/2000/svg", BODY = "M0 0c-9-12-13-17-13-24a13 13 0 0 1 26 0c0 7-4 12-13 24z";
  const SIGNS = { open: "M0-24h.01", late: "M0-31v8M0-18v.01", urgent: "M0-31l6 11h-12z", done: "M-5-24l4 4 7-8" };
  const pin = kind => {
    const drawn = document.createElementNS(SVG, "svg");
    drawn.setAttribute("class", "mpin mpin-" + kind);
    drawn.setAttribute("viewBox", "-16 -40 32 42");
    drawn.setAttribute("aria-hidden", "true");
    [["body", BODY], ["sign", SIGNS[kind]]].forEach(part => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", "mpin-" + part[0]);
      path.setAttribute("d", part[1]);
      drawn.appendChild(path);
    });
    return drawn;
  };
  const span = (className, words) => {
    const element = document.createElement("span");
    element.className = className;
    element.textContent = words;
    return element;
  };
  // Every mark is as large as a finger, and all lie alike over their points, so that none covers another.
  const SIZE = 44;
  const icon = (kind, number, late) => {
    const mark = document.createElement("span");
    mark.appendChild(number ? span("pin-mark", number) : pin(kind));
    if (late) mark.appendChild(span("pin-late-count", String(late)));
    return window.L.divIcon({ className: "pin pin-" + kind, html: mark, iconSize: [SIZE, SIZE], iconAnchor: [SIZE / 2, number ? SIZE / 2 + 18 : SIZE - 2] });
  };
  // A marker that a keyboard reaches, and that says what it is.
  const put = (layer, at, kind, number, late, words, act) => {
    const marker = window.L.marker(at, { icon: icon(kind, number, late), title: words, alt: words }).addTo(layer), element = marker.getElement();
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", words);
    marker.on("click", () => act(marker));
    element.addEventListener("keydown", event => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(marker); }
    });
    return marker;
  };
  const listed = points => {
    const list = document.createElement("ul");
    list.className = "pin-list";
    points.slice(0, MOST_LISTED).forEach(point => {
      const item = document.createElement("li"), link = document.createElement("a"), words = document.createElement("span");
      link.href = point.url;
      link.textContent = point.title;
      words.textContent = point.words;
      item.appendChild(link);
      item.appendChild(words);
      list.appendChild(item);
    });
    return list;
  };

  const drawPoints = (map, stage, found) => {
    const layer = window.L.layerGroup().addTo(map);
    const show = (marker, points) => {
      marker.unbindPopup().bindPopup(listed(points), { maxWidth: 260, closeButton: true }).openPopup();
      const link = marker.getPopup().getElement().querySelector("a");
      if (link) link.focus({ preventScroll: true });
    };
    const draw = () => {
      layer.clearLayers();
      const groups = [], zoom = map.getZoom(), near = (one, other) => Math.abs(one.x - other.x) < APART && Math.abs(one.y - other.y) < APART;
      found.points.forEach(point => {
        const at = map.project(point.at, zoom);
        let group = groups.find(each => near(each.at, at));
        if (!group) groups.push(group = { at, points: [] });
        group.points.push(point);
      });
      groups.forEach(({ at: mark, points }) => {
        if (points.length === 1) {
          put(layer, points[0].at, points[0].kind, "", 0, points[0].title + ", " + points[0].words, marker => show(marker, points));
          return;
        }
        const late = points.filter(point => point.kind === "late").length;
        const words = points.length + " " + stage.dataset.near + (late && stage.dataset.late ? ", " + stage.dataset.late + ": " + late : "");
        put(layer, map.unproject(mark, zoom), "many", String(points.length), late, words, marker => {
          const bounds = window.L.latLngBounds(points.map(point => point.at));
          if (map.getZoom() < 17 && map.getBoundsZoom(bounds) > map.getZoom()) {
            map.fitBounds(bounds, { padding: [40, 40], maxZoom: 18, animate: false });
            map.getContainer().focus({ preventScroll: true });                 // the mark that had the focus is gone
          } else show(marker, points);
        });
      });
      if (stage.dataset.without === "areas") return;                            // counted in words beside the map
      const placed = groups.map(each => each.at);
      found.areas.forEach(area => {
        let at = map.project(area.at, zoom);                                    // stands for a whole commune, so it may step aside
        for (let tries = 0; tries < 20 && placed.some(each => near(each, at)); tries++) at = at.add([0, APART]);
        placed.push(at);
        put(layer, map.unproject(at, zoom), "area", String(area.count), 0, area.words, () => { location.href = area.url; }).setZIndexOffset(-500);
      });
    };
    map.on("zoomend", draw);
    draw();
  };

  const say = (stage, words) => {
    const part = stage.closest("[data-map-part]"), place = part && part.querySelector("[data-map-words]");
    if (place) place.textContent = words;
    return place;
  };
  const failed = stage => {
    stage.hidden = true;
    if (say(stage, stage.dataset.failed)) return;
    const words = document.createElement("p");
    words.textContent = stage.dataset.failed;
    stage.parentNode.insertBefore(words, stage);
  };

  const fill = stage => {
    if (stage.dataset.filled) return;
    stage.dataset.filled = "yes";
    fetched(stage).then(() => {
      const at = stage.dataset.at ? stage.dataset.at.split(" ").map(Number) : null;
      if (at) {
        const drawn = window.fieldMap(stage, { view: { points: [at] } });
        window.L.marker(at, { icon: icon("open", "", 0), keyboard: false, title: stage.dataset.words, alt: stage.dataset.words }).addTo(drawn.map);
        return null;
      }
      return fetch(stage.dataset.points, { credentials: "same-origin" }).then(answer => answer.json()).then(found => {
        const seen = found.points.length ? found.points : found.areas;
        const drawn = window.fieldMap(stage, { view: { points: seen.map(each => each.at) } });
        say(stage, found.words);
        drawPoints(drawn.map, stage, found);
      });
    }).catch(() => failed(stage));
  };

  stages.forEach(stage => {
    const when = stage.dataset.mapLater, around = stage.closest("details");
    if (when === "open" && around) {
      around.addEventListener("toggle", () => { if (around.open) fill(stage); });
      return;
    }
    const part = stage.closest("[data-map-part]"), split = stage.closest(".split"), wide = window.matchMedia(WIDE);
    const open = () => {
      if (when !== "now" && !wide.matches) { if (part) part.hidden = true; return; }
      if (part) part.hidden = false;
      if (split) split.classList.add("has-map");
      fill(stage);
    };
    open();
    if (wide.addListener) wide.addListener(open);
  });
})();
