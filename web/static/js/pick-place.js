// The map of the report form on a whole screen, ES2019: it is moved under a pin that stands still. Drawn by map-base.js, opened by report-place.js.
//   pickPlace(panel, form)     gives back { open({ at, accuracy, photo }), chosen() }; nothing is written into the form before it is taken
"use strict";
window.pickPlace = (panel, form) => {
  const find = selector => panel.querySelector(selector), stage = find("[data-pick-stage]"), words = find("[data-pick-words]"), exactly = find("[data-pick-accuracy]");
  // SAME: a map stands on whole pixels, two or three metres of the point it was given. On a bare map one is lost so near.
  const SAME = 3e-5, CLOSE = stage.dataset.tiles || stage.dataset.pmtiles ? 17 : 15, PAUSE = 350, MOST_FOUND = 5, HIT = 13;
  const areaUrl = form.querySelector("[data-area-url]").dataset.areaUrl, accuracyWords = form.querySelector("[data-located-accuracy]").dataset.words;
  const token = form.elements.csrf_token;
  let map = null, known = null, photo = null, asked = 0, waiting = 0;         // known: a point that was measured, with its accuracy

  const centre = () => { const { lat, lng } = map.getCenter(); return [lat, lng]; };
  const isAt = one => Boolean(one) && centre().every((degrees, axis) => Math.abs(degrees - one.at[axis]) < SAME);
  const tell = () => {
    const mine = ++asked, [latitude, longitude] = centre(), measured = isAt(known) ? known : isAt(photo) ? photo : null;
    exactly.textContent = measured && measured.accuracy ? accuracyWords.replace("{metres}", Math.round(measured.accuracy)) + " · " : "";
    // somebody who sees three communes at once has not pointed at a place yet
    if (map.getZoom() < HIT) { words.textContent = words.dataset.nothing; return; }
    const plain = latitude.toFixed(5) + ", " + longitude.toFixed(5), body = new FormData();
    if (!token) { words.textContent = plain; return; }
    body.append("latitude", latitude);
    body.append("longitude", longitude);
    body.append("csrf_token", token.value);
    fetch(areaUrl, { method: "POST", body, credentials: "same-origin" }).then(answer => answer.json())
      .then(found => { if (mine === asked) words.textContent = found.words || plain; })
      .catch(() => { if (mine === asked) words.textContent = plain; });
  };
  const look = (at, zoom) => map.setView(at, zoom || CLOSE, { animate: false });

  const search = find("[type=search]"), list = find("[data-pick-found]");
  const folded = text => text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d");
  const villages = Array.from(form.elements.village.options || []).filter(option => option.dataset.at)
    .map(option => ({ name: option.textContent, at: option.dataset.at.split(",").map(Number), folded: folded(option.textContent) }));
  if (search) search.addEventListener("input", () => {
    const typed = folded(search.value).split(/\s+/).filter(Boolean);
    list.textContent = "";
    if (!typed.length) return;
    villages.filter(one => typed.every(word => one.folded.includes(word))).slice(0, MOST_FOUND).forEach(one => {
      const row = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.textContent = one.name;
      button.addEventListener("click", () => { list.textContent = ""; search.value = one.name; look(one.at, 16); stage.focus(); });
      row.append(button);
      list.append(row);
    });
  });

  const card = find("[data-pick-photo]");
  card.querySelector("button").addEventListener("click", () => { look(photo.at); find("[data-pick-take]").focus(); });
  const here = find("[data-pick-here]");
  here.hidden = !navigator.geolocation;
  here.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
    known = { at: [coords.latitude, coords.longitude], accuracy: coords.accuracy };
    look(known.at);
  }, () => { words.textContent = form.querySelector("[data-locate-failed]").textContent; }, { enableHighAccuracy: true, timeout: 15000 }));

  return {
    open({ at, accuracy, photo: made }) {
      known = at ? { at, accuracy } : null;
      photo = made;
      card.hidden = !photo;
      if (photo) {
        card.querySelector("img").src = photo.url;
        card.querySelector("[data-words]").textContent = card.dataset.words.replace("{n}", photo.number) + (photo.time ? " · " + photo.time : "");
      }
      if (!map) {
        map = window.fieldMap(stage, { view: { points: at ? [at] : photo ? [photo.at] : [] }, wheel: true }).map;
        map.dragging.enable();                                                 // there is no page below it to be scrolled
        map.on("moveend", () => { clearTimeout(waiting); waiting = setTimeout(tell, PAUSE); });
      }
      map.invalidateSize({ animate: false });
      if (at || photo) look(at || photo.at);
      tell();
    },
    chosen: () => ({ at: isAt(photo) ? photo.at : centre(), accuracy: isAt(known) ? known.accuracy : 0, isPhotos: isAt(photo) }),
  };
};
