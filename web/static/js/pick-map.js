// A map to point at a place: [data-pick-map]; the point goes into the inputs latitude and longitude. Drawn by map-base.js.
//   data-bounds="south,west,north,east"   what is shown at first where nothing is known
//   label[data-camera]                    a point that chooses the radio of its label
//   data-area-url                         asked for the place in words; until it answers, and without it, the coordinates are told
//   [data-picked], [data-unpick]          what was pointed at, and the button that takes it away
// Tells "pointed" when the inputs have changed, and hears "located" when another script has changed them. For staff; citizens: pick-place.js.
"use strict";
(() => {
  const stage = document.querySelector("[data-pick-map]");
  if (!stage || !window.fieldMap) return;
  const form = stage.closest("form"), { latitude, longitude } = form.elements;
  const picked = document.querySelector("[data-picked]"), unpick = document.querySelector("[data-unpick]");
  const cameras = [...document.querySelectorAll("[data-camera]")];

  const open = () => {
    const spots = cameras.map(({ dataset }) => [Number(dataset.latitude), Number(dataset.longitude)]);
    const given = latitude.value && longitude.value ? [[Number(latitude.value), Number(longitude.value)]] : [];
    const [south, west, north, east] = (stage.dataset.bounds || "").split(",").map(Number), around = stage.dataset.bounds ? [[south, west], [north, east]] : [];
    const points = [given, spots, around].find(each => each.length) || [];
    const { map } = window.fieldMap(stage, { view: { points } });
    cameras.forEach((label, index) => {
      const radio = label.querySelector("input"), mark = document.createElement("span");
      mark.className = "map-mark";
      mark.textContent = label.dataset.number;
      const icon = L.divIcon({ className: "map-point", html: mark, iconSize: [30, 30], iconAnchor: [15, 15] });
      const marker = L.marker(spots[index], { icon, title: label.dataset.words, alt: label.dataset.words }).addTo(map), element = marker.getElement();
      element.setAttribute("aria-label", label.dataset.words);
      const choose = () => {
        radio.checked = true;
        radio.dispatchEvent(new Event("change", { bubbles: true }));
        label.scrollIntoView({ block: "nearest" });
      };
      marker.on("click", choose);
      element.addEventListener("keydown", event => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); choose(); }
      });
      const draw = () => element.classList.toggle("map-own", radio.checked);
      form.addEventListener("change", draw);
      draw();
    });

    let point = null, asked = 0;
    const tell = at => {
      const mine = ++asked, body = new FormData();
      picked.textContent = at ? `${latitude.value}, ${longitude.value}` : picked.dataset.nothing;
      picked.title = at ? picked.textContent : "";
      if (!at || !stage.dataset.areaUrl) return;
      body.append("latitude", latitude.value);
      body.append("longitude", longitude.value);
      body.append("csrf_token", form.elements.csrf_token.value);
      fetch(stage.dataset.areaUrl, { method: "POST", body, credentials: "same-origin" }).then(answer => answer.json())
        .then(found => { if (found.words && mine === asked) picked.textContent = found.words; }).catch(() => {});
    };
    const put = at => {
      if (!at || Math.abs(latitude.value - at.lat) + Math.abs(longitude.value - at.lng) > 1e-5) {
        latitude.value = at ? at.lat.toFixed(5) : "";
        longitude.value = at ? at.lng.toFixed(5) : "";
        stage.dispatchEvent(new CustomEvent("pointed", { bubbles: true }));
      }
      tell(at);
      unpick.hidden = !at;
      if (point) point.remove();
      point = at ? L.circleMarker(at, { radius: 9, interactive: false, className: "map-picked" }).addTo(map) : null;
    };
    if (given.length) put(L.latLng(...given[0]));
    map.on("click", event => put(event.latlng));
    stage.addEventListener("keydown", event => {
      if (event.key === "Enter" && event.target === stage) { event.preventDefault(); event.stopPropagation(); put(map.getCenter()); }
    });
    unpick.addEventListener("click", () => put(null));
    form.addEventListener("located", () => { put(L.latLng(Number(latitude.value), Number(longitude.value))); map.setView(point.getLatLng()); });
  };
  open();
})();
