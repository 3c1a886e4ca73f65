// The report form, ES2019: photos made smaller, put in order and taken out; a voice note; the draft. The place: report-place.js. All it makes lies in the form's
// own inputs, so the form goes out as it would without this script (and whatever keeps it for later takes it from there).
//   input[name=photos]         data-most, data-before (uploaded before), data-max-bytes; shown in [data-shots] by the frame in template[data-shot]
//   [data-recorder]            puts what was spoken into input[name=voice]; data-max-seconds
//   #camera                    a second way to a photo, for telephones: what it brings lies in input[name=photos], too
//   [data-sent-before]         shown, with a link to the receipt, instead of a form that was sent and gone back to
//   form[data-owner]           whose draft it is: kept under that name, offered to nobody else; never who the sender is, nor any file. One that follows
//                              an answered report is kept beside it
//   form[data-taken-over]      what stands in it was taken over from an earlier report: nobody has written it here
"use strict";
(function () {
  const form = document.querySelector("form[data-report]");
  if (!form) return;
  const find = selector => form.querySelector(selector);
  const show = (selector, shown) => { const text = find(selector); if (text) text.hidden = !shown; };
  const elements = form.elements;
  const LONGEST = 2048, QUALITY = 0.85;

  // ---- gone back to from its receipt -------------------------------------------------------------------------------
  // What the browser then shows was already sent: a newly opened form with its own keys takes its place.
  const RECEIPT = "langbiang-receipt", AGAIN = "?sent";
  const session = work => { try { return work(window.sessionStorage); } catch (error) { return null; } };
  const receipt = session(store => store.getItem(RECEIPT));
  const isBack = () => performance.getEntriesByType("navigation").some(entry => entry.type === "back_forward");
  let isLeaving = false;
  const openAnew = () => { isLeaving = true; location.replace(location.pathname + AGAIN); };
  window.addEventListener("pageshow", event => { if (event.persisted && session(store => store.getItem(RECEIPT))) openAnew(); });
  if (location.search === AGAIN) {
    const told = document.querySelector("[data-sent-before]");
    told.hidden = !receipt;
    if (receipt) told.querySelector("a").href = receipt;
    history.replaceState(null, "", location.pathname);
  } else if (receipt && isBack()) openAnew();
  if (!isLeaving) session(store => store.removeItem(RECEIPT));
  if (isLeaving) return;

  // A list of files can be put into an input since 2018 to 2021, by browser; without that the inputs stay what they are.
  const listOf = files => {
    try {
      const transfer = new DataTransfer();
      files.forEach(file => transfer.items.add(file));
      return transfer.files;
    } catch (error) {
      return null;
    }
  };
  const canFill = listOf([]) !== null;

  if (!elements.client_key.value) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 15 | 64;
    bytes[8] = bytes[8] & 63 | 128;
    const hex = Array.from(bytes, byte => (byte + 256).toString(16).slice(1)).join("");
    elements.client_key.value = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  // ---- photos ------------------------------------------------------------------------------------------------------
  const input = elements.photos, shots = find("[data-shots]"), frame = find("template[data-shot]"), weight = find("[data-weight]");
  const before = Number(input.dataset.before), most = Number(input.dataset.most), heaviest = Number(input.dataset.maxBytes);
  let photos = [], working = 0;                                                // { file, url }

  // What the camera wrote (time, place) is evidence, sealed by the server: it moves into the smaller photo, with the turn already made.
  const notesOf = data => {
    const view = new DataView(data);
    if (view.byteLength < 4 || view.getUint16(0) !== 0xFFD8) return null;
    for (let at = 2; at + 4 <= view.byteLength && view.getUint8(at) === 0xFF; at += 2 + view.getUint16(at + 2)) {
      const end = at + 2 + view.getUint16(at + 2);
      if (view.getUint16(at) === 0xFFDA || end > view.byteLength) return null;
      if (view.getUint16(at) !== 0xFFE1 || end < at + 18 || view.getUint32(at + 4) !== 0x45786966) continue;
      const notes = new DataView(data.slice(at, end)), little = notes.getUint16(10) === 0x4949;
      const first = 10 + notes.getUint32(14, little);
      const count = first + 2 <= notes.byteLength ? notes.getUint16(first, little) : 0;
      for (let entry = first + 2; entry < first + 2 + 12 * count && entry + 12 <= notes.byteLength; entry += 12)
        if (notes.getUint16(entry, little) === 0x0112) notes.setUint16(entry + 8, 1, little);
      return notes.buffer;
    }
    return null;
  };
  const read = blob => new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsArrayBuffer(blob);
  });
  const byElement = file => new Promise((done, failed) => {
    const image = new Image(), url = URL.createObjectURL(file);
    image.onload = () => { URL.revokeObjectURL(url); done(image); };
    image.onerror = error => { URL.revokeObjectURL(url); failed(error); };
    image.src = url;
  });
  // Upright: a browser that does not know how to turn a photo is not asked to, its photo goes out as it is.
  const decoded = file => (window.createImageBitmap ? createImageBitmap(file, { imageOrientation: "from-image" }) : Promise.reject(new Error()))
    .catch(error => window.CSS && CSS.supports("image-orientation", "from-image") ? byElement(file) : Promise.reject(error));
  const smaller = file => decoded(file).then(picture => {
    const scale = LONGEST / Math.max(picture.width, picture.height);
    if (!(scale < 1)) return file;
    const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (picture.close) picture.close();
    return new Promise(done => canvas.toBlob(done, "image/jpeg", QUALITY)).then(drawn => {
      canvas.width = canvas.height = 0;                                        // gives its memory back at once
      if (!drawn || drawn.size >= file.size) return file;
      return Promise.all([read(file.slice(0, 262144)), read(drawn)]).then(([head, body]) => {
        let notes = null;
        try { notes = notesOf(head); } catch (error) { notes = null; }
        const parts = notes ? [body.slice(0, 2), notes, body.slice(2)] : [body];
        return new File(parts, file.name.replace(/\.[^.]*$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
      });
    });
  }).catch(() => file);                                                        // HEIC here and there: the server says what it makes of it

  const draw = () => {
    shots.querySelectorAll("[data-preview]").forEach(figure => figure.remove());
    shots.classList.toggle("is-empty", !(before + photos.length));
    photos.forEach((photo, place) => {
      const figure = frame.content.firstElementChild.cloneNode(true), number = before + place + 1, image = figure.querySelector("img");
      figure.querySelectorAll("[aria-label]").forEach(button => button.setAttribute("aria-label", button.getAttribute("aria-label").replace("{n}", number)));
      image.alt = image.alt.replace("{n}", number);
      image.src = photo.url;
      const drop = figure.querySelector("[data-drop]"), earlier = figure.querySelector("[data-earlier]");
      if (!canFill) drop.remove();
      else drop.addEventListener("click", () => { URL.revokeObjectURL(photo.url); photos.splice(place, 1); fill(place, "[data-drop]"); });
      if (!canFill || !place) earlier.remove();
      else earlier.addEventListener("click", () => { photos.splice(place - 1, 0, photos.splice(place, 1)[0]); fill(place - 1, "[data-earlier]"); });
      shots.insertBefore(figure, find("[data-camera]"));
    });
    form.dispatchEvent(new CustomEvent("photos", { detail: photos.map((photo, place) => ({ photo, number: before + place + 1 })) }));
    const bytes = photos.reduce((sum, photo) => sum + photo.file.size, 0);
    const megabytes = (bytes / 1048576).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }) + " MB";
    weight.textContent = working ? weight.dataset.shrinking : photos.length ? photos.length + " · " + megabytes : "";
    show("[data-too-heavy]", !working && photos.some(photo => photo.file.size > heaviest));
  };
  // The input holds what is shown; the focus stays where the hand was.
  const fill = (place, button) => {
    if (canFill) input.files = listOf(photos.map(photo => photo.file));
    draw();
    if (place === undefined) return;
    const figures = shots.querySelectorAll("[data-preview]"), figure = figures[Math.min(place, figures.length - 1)];
    ((figure && (figure.querySelector(button) || figure.querySelector("[data-drop]"))) || input).focus();
  };
  const add = chosen => {
    if (!canFill) {
      photos.forEach(photo => URL.revokeObjectURL(photo.url));
      photos = [];
    }
    const room = Math.max(0, most - before - photos.length);
    show("[data-too-many]", chosen.length > room);
    if (canFill) chosen = chosen.slice(0, room);
    const added = chosen.map(file => ({ file, url: URL.createObjectURL(file) }));
    photos = photos.concat(added);
    if (canFill) working += added.length;
    fill();
    if (canFill) added.reduce((earlier, photo) => earlier.then(() => smaller(photo.file)).then(file => {   // one after the other: a photo is 50 MB in memory
      working -= 1;
      photo.file = file;
      fill();
    }), Promise.resolve());
  };
  input.addEventListener("change", () => add(Array.from(input.files)));
  const camera = document.getElementById("camera");
  find("[data-camera]").hidden = !canFill;
  find("[data-camera]").classList.remove("awaited");
  camera.addEventListener("change", () => { add(Array.from(camera.files)); camera.value = ""; });
  window.addEventListener("pageshow", event => { if (event.persisted && canFill) fill(); });

  // ---- voice -------------------------------------------------------------------------------------------------------
  const voice = elements.voice, recorder = find("[data-recorder]"), said = find("[data-said]"), played = find("[data-played]"), player = find("[data-play]");
  const hear = () => {
    const file = voice.files[0];
    if (player.src) URL.revokeObjectURL(player.src);
    if (file) player.src = URL.createObjectURL(file);
    else player.removeAttribute("src");
    played.hidden = !file;
  };
  voice.addEventListener("change", hear);
  find("[data-delete]").addEventListener("click", () => {
    voice.value = "";
    hear();
    said.textContent = said.dataset.deleted;
    (recorder.hidden ? voice : find("[data-start]")).focus();
  });
  const KINDS = [["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"], ["audio/ogg;codecs=opus", "ogg"]];
  const kind = canFill && window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia
    ? KINDS.filter(each => MediaRecorder.isTypeSupported(each[0]))[0] : null;
  if (kind) {
    const start = find("[data-start]"), live = find("[data-live]"), stop = find("[data-stop]"), time = find("[data-time]");
    const longest = Number(recorder.dataset.maxSeconds);
    let running = null, clock = 0;
    recorder.hidden = false;
    find("[data-voice-file]").open = false;
    const idle = () => { clearInterval(clock); running = null; start.hidden = false; live.hidden = true; time.textContent = "0:00"; };
    start.addEventListener("click", () => {
      show("[data-no-microphone]", false);
      navigator.mediaDevices.getUserMedia({ audio: true }).then(stream => {
        const pieces = [];
        let began = 0;                                                         // counted from the first sound that is really there
        running = new MediaRecorder(stream, { mimeType: kind[0], audioBitsPerSecond: 32000 });
        running.addEventListener("dataavailable", event => {
          if (!event.data.size) return;
          pieces.push(event.data);
          began = began || Date.now();
        });
        running.addEventListener("stop", () => {
          stream.getTracks().forEach(track => track.stop());
          idle();
          if (!pieces.length) { said.textContent = said.dataset.nothing; start.focus(); return; }
          voice.files = listOf([new File(pieces, "voice." + kind[1], { type: kind[0].split(";")[0] })]);
          hear();
          said.textContent = said.dataset.recorded;
          player.focus();
        });
        running.start(250);
        start.hidden = true;
        live.hidden = false;
        said.textContent = said.dataset.recording;
        stop.focus();
        const tick = () => {
          const seconds = began ? Math.floor((Date.now() - began) / 1000) : 0;
          time.textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60 + 100).slice(1);
          if (seconds >= longest && running && running.state === "recording") running.stop();
        };
        tick();
        clock = setInterval(tick, 250);
      }).catch(() => { idle(); show("[data-no-microphone]", true); });
    });
    stop.addEventListener("click", () => { if (running && running.state !== "inactive") running.stop(); });
    // what is being said belongs to the report: pressing send ends the recording first, and then sends
    form.addEventListener("submit", event => {
      if (!running || running.state === "inactive") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const button = event.submitter;
      running.addEventListener("stop", () => { if (button) button.click(); else find("button[name=act][value=send]").click(); });
      running.stop();
    }, true);
  }

  // ---- video, place ------------------------------------------------------------------------------------------------
  const video = elements.video;
  video.addEventListener("change", () => {
    const heavy = video.files[0] && video.files[0].size > Number(video.dataset.maxBytes);
    if (heavy) video.value = "";
    show("[data-video-heavy]", heavy);
  });

  const unlocate = find("[data-unlocate]");
  unlocate.type = "button";
  unlocate.addEventListener("click", () => {
    elements.latitude.value = elements.longitude.value = elements.accuracy.value = "";
    form.dispatchEvent(new CustomEvent("pointed"));
    const locate = find("[data-locate]");
    (locate.hidden ? find("[data-pick-open]") : locate).focus();
  });

  find("[data-plain]").hidden = true;                                          // files go out with the report

  // ---- draft -------------------------------------------------------------------------------------------------------
  const KEPT_DAYS = 7;
  const KEPT = ["words", "field", "area", "village", "place", "unsure", "urgent", "latitude", "longitude", "accuracy", "area_filled"]
    .concat(Array.from(form.querySelectorAll("[data-question]"), each => each.name));
  // the report it comes after goes with a draft; whether it still may, the server knows when it is sent
  const opened = elements.follows.value;
  form.addEventListener("restored", () => show("[data-follows]", elements.follows.value && (!opened || opened === elements.follows.value)));
  const STAND_BY = 700;                                                        // milliseconds without a key pressed
  let storage = null;
  try { storage = window.localStorage; } catch (error) { storage = null; }
  const drafts = owner => {
    const NAME = "report-draft:" + owner;
    const named = follows => NAME + (follows ? "/" + follows : "");
    let KEY = named(elements.follows.value);
    const values = () => KEPT.reduce((kept, name) => {
      const one = elements[name];
      if (one) kept[name] = one.type === "checkbox" ? one.checked : one.value;
      return kept;
    }, elements.follows.value ? { follows: elements.follows.value } : {});
    const isWritten = kept => KEPT.some(name => kept[name]);
    const takenOver = form.hasAttribute("data-taken-over") ? values() : {};
    const isTyped = () => { const typed = values(); return KEPT.some(name => (typed[name] || "") !== (takenOver[name] || "")); };
    const moment = at => {
      const day = new Date(at), lang = document.documentElement.lang === "en" ? "en-GB" : "vi", time = day.toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit" });
      return day.toDateString() === new Date().toDateString() ? time : time + " " + day.toLocaleDateString(lang);
    };
    const kept = key => {
      try {
        const draft = JSON.parse(storage.getItem(key));
        if (draft && Date.now() - draft.at < KEPT_DAYS * 864e5) return draft;
        storage.removeItem(key);
      } catch (error) { /* a broken draft is none */ }
      return null;
    };
    // The one of this form; a form that follows nothing offers the newest of those that do, too.
    const best = () => [KEY].concat(KEY === NAME ? Object.keys(storage).filter(key => key.indexOf(NAME + "/") === 0) : [])
      .map(key => ({ key, draft: kept(key) })).filter(one => one.draft && isWritten(one.draft.values))
      .sort((one, other) => (other.key === KEY) - (one.key === KEY) || other.draft.at - one.draft.at)[0];
    let waiting = 0, offered = false;
    const keep = () => {
      const draft = { at: Date.now(), values: values() };
      try {
        if (isTyped()) storage.setItem(KEY, JSON.stringify(draft));
        else storage.removeItem(KEY);
      } catch (error) { return; }                                                // no room: the page itself still has it
      show("[data-saved]", isTyped());
      find("[data-saved-at]").textContent = moment(draft.at);
    };
    const later = () => {
      clearTimeout(waiting);
      if (offered && !isTyped()) return;                               // a photo alone does not take its place
      if (offered) { show("[data-draft-offer]", false); offered = false; }       // somebody who writes again has chosen
      waiting = setTimeout(keep, STAND_BY);
    };
    ["input", "change", "located", "pointed"].forEach(name => form.addEventListener(name, later));
    const found = best();
    if (isTyped()) keep();
    else if (found) {
      const draft = found.draft;
      offered = true;
      find("[data-draft-at]").textContent = moment(draft.at);
      show("[data-draft-offer]", true);
      find("[data-draft-take]").addEventListener("click", () => {
        elements.follows.value = draft.values.follows || "";
        KEY = found.key;
        KEPT.forEach(name => {
          const one = elements[name];
          if (!one || draft.values[name] === undefined) return;
          if (one.type === "checkbox") one.checked = draft.values[name];
          else one.value = draft.values[name];
        });
        if (elements.latitude.value) form.dispatchEvent(new CustomEvent("pointed", { detail: { accuracy: draft.values.accuracy || "" } }));
        form.dispatchEvent(new CustomEvent("restored"));
        show("[data-draft-offer]", false);
        elements.words.focus();
        keep();
      });
      find("[data-draft-drop]").addEventListener("click", () => {
        storage.removeItem(found.key);
        offered = false;
        show("[data-draft-offer]", false);
        elements.words.focus();
      });
    }
    // Whatever has taken the report over (sent, or kept to be sent later) says so, and the draft is done with.
    form.addEventListener("report:taken", () => { clearTimeout(waiting); storage.removeItem(KEY); });
    form.addEventListener("submit", () => session(store => store.setItem("langbiang-draft", KEY)));
  };
  // a page kept for use without a signal was made for nobody: queue.js knows who was here last
  if (storage) (form.dataset.owner ? Promise.resolve(form.dataset.owner) : window.langbiangOwner || Promise.resolve("guest")).then(drafts);
})();
