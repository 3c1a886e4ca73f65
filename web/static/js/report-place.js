// The place in the report form, ES2019. What the form sends stands in its own inputs; without this script the place is told in words.
//   [data-in-words-open]   opens the fields for words and villages, [data-in-words]; a village of the list brings its commune
//   [data-from-photo]      offers the place a photo was made at (EXIF). It is read here, in the browser, and nothing is sent before it is taken
//   [data-pick]            the map on a whole screen: its data-styles and data-scripts are fetched when it is opened (pick-place.js)
// Hears "photos" (report-form.js), "located" and "pointed" (citizen.js), "restored" (a draft or a kept report came back); tells "pointed".
"use strict";
(function () {
  const form = document.querySelector("form[data-report]"), panel = document.querySelector("[data-pick]");
  if (!form || !panel) return;
  const find = selector => form.querySelector(selector), elements = form.elements;
  const part = find("[data-place]"), opener = find("[data-pick-open]"), wordsOpener = find("[data-in-words-open]"), inWords = find("[data-in-words]");

  const drawPart = () => part.classList.toggle("is-located", Boolean(elements.latitude.value));
  ["located", "pointed"].forEach(name => form.addEventListener(name, drawPart));
  // the place as numbers: whoever tells it says how exact it is, where that is known
  const point = (at, accuracy) => {
    elements.latitude.value = at[0].toFixed(6);
    elements.longitude.value = at[1].toFixed(6);
    form.dispatchEvent(new CustomEvent("pointed", { detail: { accuracy: accuracy ? Math.round(accuracy) : "" } }));
  };

  // ---- in words ----------------------------------------------------------------------------------------------------
  const openWords = isOpen => {
    inWords.classList.toggle("is-open", isOpen);
    wordsOpener.setAttribute("aria-expanded", String(isOpen));
  };
  [opener, wordsOpener].forEach(button => button.classList.remove("awaited"));
  wordsOpener.hidden = false;
  wordsOpener.addEventListener("click", () => {
    openWords(!inWords.classList.contains("is-open"));
    if (inWords.classList.contains("is-open")) elements.place.focus();
  });
  document.addEventListener("click", event => {
    const link = event.target.closest && event.target.closest("a[href='#place']");
    if (link) openWords(true);
  }, true);
  form.addEventListener("restored", () => {
    if (["place", "village", "area"].some(name => elements[name].value) || elements.unsure.checked) openWords(true);
    drawPart();
  });
  const village = elements.village;
  if (village.options) village.addEventListener("change", () => {
    const { area } = village.options[village.selectedIndex].dataset;
    if (!area || area === elements.area.value) return;
    elements.area.value = area;
    elements.area.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // ---- where a photo was made --------------------------------------------------------------------------------------
  const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0], HEAD = 262144, MOST = 8388608;
  const fraction = (view, at, little) => view.getUint32(at, little) / view.getUint32(at + 4, little);
  // JPEG has it in front, HEIC anywhere: the notes begin with the same letters in both
  const notesAt = bytes => {
    for (let at = bytes.indexOf(0x45); at >= 0 && at + 16 < bytes.length; at = bytes.indexOf(0x45, at + 1))
      if (EXIF.every((letter, place) => bytes[at + place] === letter) && bytes[at + 6] === bytes[at + 7] && (bytes[at + 6] === 0x49 || bytes[at + 6] === 0x4D)) return at + 6;
    return -1;
  };
  const placeIn = bytes => {
    const start = notesAt(bytes);
    if (start < 0) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start), little = view.getUint16(0) === 0x4949;
    const read = at => {
      const rows = {};
      if (!at || at + 2 > view.byteLength) return rows;
      for (let row = 0, count = view.getUint16(at, little); row < count; row += 1) {
        const entry = at + 2 + 12 * row;
        if (entry + 12 > view.byteLength) break;
        rows[view.getUint16(entry, little)] = entry;
      }
      return rows;
    };
    const offset = entry => (entry ? view.getUint32(entry + 8, little) : 0);
    const text = entry => (entry ? String.fromCharCode(...Array.from({ length: 19 }, (_one, place) => view.getUint8(offset(entry) + place))) : "");
    const first = read(view.getUint32(4, little)), shot = read(offset(first[0x8769])), gps = read(offset(first[0x8825]));
    if (!gps[2] || !gps[4]) return null;
    const degrees = (entry, sign) => {
      const at = offset(entry), [whole, minutes, seconds] = [0, 8, 16].map(step => fraction(view, at + step, little));
      const value = whole + minutes / 60 + (seconds || 0) / 3600;
      return sign && /[SW]/.test(String.fromCharCode(view.getUint8(sign + 8))) ? -value : value;
    };
    const at = [degrees(gps[2], gps[1]), degrees(gps[4], gps[3])];
    if (!at.every(isFinite) || Math.abs(at[0]) > 90 || Math.abs(at[1]) > 180 || (!at[0] && !at[1])) return null;
    const accuracy = gps[0x1F] ? fraction(view, offset(gps[0x1F]), little) : 0;
    return { at, accuracy: accuracy > 0 && isFinite(accuracy) ? accuracy : 0, time: text(shot[0x9003]) || text(first[0x0132]) };
  };
  const readPlace = file => new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(new Uint8Array(reader.result));
    reader.onerror = failed;
    reader.readAsArrayBuffer(file.slice(0, file.type === "image/jpeg" ? HEAD : MOST));
  }).then(placeIn).catch(() => null);

  const offer = find("[data-from-photo]"), offerWords = find("[data-from-words]"), take = find("[data-from-take]");
  const known = new Map();                                                     // photo → where it was made, or null
  let shown = [], takenFrom = null;
  const when = time => {
    const made = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d)/.exec(time);
    if (!made) return "";
    const day = new Date(Number(made[1]), Number(made[2]) - 1, Number(made[3])), today = new Date();
    const ago = Math.round((new Date(today.getFullYear(), today.getMonth(), today.getDate()) - day) / 864e5);
    if (ago === 0) return offer.dataset.today.replace("{time}", made[4]);
    if (ago === 1) return offer.dataset.yesterday.replace("{time}", made[4]);
    return made[4] + " " + [made[3], made[2], made[1]].join("/");
  };
  const said = (kind, { number, place }) => {
    const moment = when(place.time);
    return offer.dataset[moment ? kind : kind + "Timeless"].replace("{n}", number).replace("{when}", moment);
  };
  const offered = () => {
    const one = shown.find(each => known.get(each.photo));
    return one ? { number: one.number, url: one.photo.url, photo: one.photo, place: known.get(one.photo) } : null;
  };
  const drawOffer = () => {
    const one = takenFrom || offered(), isTaken = Boolean(takenFrom);
    offer.hidden = !one || (!isTaken && Boolean(elements.latitude.value));
    take.hidden = isTaken;
    if (one) offerWords.textContent = said(isTaken ? "taken" : "offered", one);
  };
  form.addEventListener("photos", event => {
    shown = event.detail;
    if (takenFrom && !shown.some(({ photo }) => photo === takenFrom.photo)) takenFrom = null;   // the place stays, it is no photo's any more
    drawOffer();
    shown.filter(({ photo }) => !known.has(photo)).forEach(({ photo }) => {
      known.set(photo, null);
      readPlace(photo.file).then(place => { known.set(photo, place); drawOffer(); });
    });
  });
  const usePhoto = () => {
    const one = offered();
    if (!one) return;
    point(one.place.at, one.place.accuracy);
    takenFrom = one;
    drawOffer();
  };
  take.addEventListener("click", () => { usePhoto(); opener.focus(); });
  ["located", "pointed"].forEach(name => form.addEventListener(name, () => { takenFrom = null; drawOffer(); }));

  // ---- on the map --------------------------------------------------------------------------------------------------
  let loading = null, map = null;
  const load = () => {
    loading = loading || panel.dataset.scripts.split(" ").reduce((earlier, src) => earlier.then(() => new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = src;
      script.onload = done;
      script.onerror = failed;
      document.head.append(script);
    })), Promise.resolve(panel.dataset.styles.split(" ").forEach(href => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      document.head.append(link);
    })));
    return loading.catch(error => { loading = null; throw error; });
  };
  const hide = () => {
    if (panel.hidden) return;
    panel.hidden = true;
    document.body.classList.remove("pick-open");
    opener.focus();
  };
  // "back" of a telephone leads from the map to the form
  const close = () => { if (history.state && history.state.pick) history.back(); hide(); };
  window.addEventListener("popstate", hide);
  const given = () => (elements.latitude.value ? [Number(elements.latitude.value), Number(elements.longitude.value)] : null);
  const describe = () => { close(); openWords(true); elements.place.focus(); };

  opener.hidden = false;
  opener.addEventListener("click", () => {
    form.querySelector("[data-no-map]").hidden = true;
    opener.setAttribute("aria-busy", "true");
    load().then(() => {
      opener.removeAttribute("aria-busy");
      panel.hidden = false;
      document.body.classList.add("pick-open");
      history.pushState({ pick: true }, "");
      const near = offered();
      map = map || window.pickPlace(panel, form);
      map.open({ at: given(), accuracy: Number(elements.accuracy.value) || 0, photo: near && { url: near.url, at: near.place.at, accuracy: near.place.accuracy, number: near.number, time: when(near.place.time) } });
      panel.focus();
    }).catch(() => {
      opener.removeAttribute("aria-busy");
      form.querySelector("[data-no-map]").hidden = false;
      openWords(true);
    });
  });
  panel.addEventListener("keydown", event => {
    if (event.key === "Escape") { event.preventDefault(); close(); }
    if (event.key !== "Tab") return;
    const reached = Array.from(panel.querySelectorAll("a[href], button, input, [tabindex='0']")).filter(each => each.offsetParent !== null && !each.disabled);
    const first = reached[0], last = reached[reached.length - 1], at = document.activeElement;
    if (event.shiftKey ? at === first || at === panel : at === last) { event.preventDefault(); (event.shiftKey ? last : first).focus(); }
  });
  panel.querySelector("[data-pick-close]").addEventListener("click", close);
  panel.querySelector("[data-pick-words-instead]").addEventListener("click", describe);
  panel.querySelector("[data-pick-take]").addEventListener("click", () => {
    const { at, accuracy, isPhotos } = map.chosen();
    close();
    if (isPhotos) usePhoto();
    else point(at, accuracy);
  });
  drawPart();
})();
