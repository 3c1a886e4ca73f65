// The page of the field desk (templates/field/desk.html): presses, the answer being written, signing out. What is kept and sent: field-send.js.
"use strict";
(() => {
  const work = self.langbiangFieldWork, camera = self.langbiangFieldCamera, store = self.langbiangField, { at, draw, room, clock, find, all } = self.langbiangFieldList;
  const { dataset: texts } = find("[data-texts]"), PAUSE = 600, LOOK = 20000, LEFT = /\{[^{}]*\}|[{}…]/;
  const dialog = find("[data-writing]"), form = find("[data-writing-form]"), leaving = find("[data-leaving]");
  const caseOf = element => { const row = element.closest("[data-case]"); return row && work.cases.find(one => one.assignment === row.dataset.case); };
  const thingAt = element => { const row = element.closest("[data-thing]"); return row && work.things.get(row.dataset.thing); };
  const soon = (wait, act) => { let timer = 0; return () => { clearTimeout(timer); timer = setTimeout(act, wait); }; };

  // -- the answer -----------------------------------------------------------------------------------------------------

  let writing = null, shownPhotos = "";
  const fields = () => Object.fromEntries(all("[name]", form).map(({ name, value }) => [name, value]));
  const photosOf = async thing => {
    const list = find("[data-after]", dialog), names = thing.photos.map(photo => photo.name).join();
    if (names === shownPhotos) return;
    shownPhotos = names;
    const rows = await Promise.all(thing.photos.map(async photo => {
      const data = await work.photoData(photo.name).catch(() => null), row = document.createElement("li"), picture = document.createElement("img"), out = document.createElement("button");
      picture.alt = clock(photo.at);
      if (data) { picture.src = URL.createObjectURL(new Blob([data], { type: "image/jpeg" })); picture.onload = () => URL.revokeObjectURL(picture.src); }
      Object.assign(out, { type: "button", className: "btn", textContent: "×" });
      out.dataset.out = photo.name;
      out.setAttribute("aria-label", `× ${clock(photo.at)}`);
      row.append(picture, out);
      return row;
    }));
    list.replaceChildren(...rows);
  };
  const left = thing => {
    const said = fields(), least = Number(texts.shortest), lacks = ["findings", "actions"].filter(name => said[name].trim().length < least || LEFT.test(said[name]));
    lacks.push(...["remaining", "contact"].filter(name => !said[name].trim() || LEFT.test(said[name])));
    if (!thing.photos.length && !said.no_photo_reason.trim()) lacks.push("photos");
    const box = find("[data-left]", dialog);
    box.textContent = lacks.length ? box.dataset.words.replace("{n}", lacks.length) : "";
    return lacks;
  };
  const keepText = async () => {
    if (!writing) return;
    const said = fields(), { thing } = writing;
    if (Object.keys(said).every(name => (thing.fields[name] || "") === said[name])) return;
    await work.write(thing, said);
    const box = find("[data-kept]", dialog);
    box.textContent = box.dataset.words.replace("{time}", clock(Date.now()));
  };
  const later = soon(PAUSE, () => keepText());
  const paragraph = words => { const line = document.createElement("p"); line.textContent = words; return line; };
  const open = one => {
    const thing = work.answerOf(one), part = name => find(`[data-${name}]`, dialog);
    writing = { one, thing };
    shownPhotos = "none yet";
    part("title").textContent = one.title || one.code;
    part("code").textContent = one.code;
    part("place").textContent = one.place;
    part("words").replaceChildren(...one.words.map(paragraph));
    part("before").replaceChildren(...(one.thumbs || []).map(source => { const row = document.createElement("li"), picture = document.createElement("img"); Object.assign(picture, { src: source, alt: "" }); row.append(picture); return row; }));
    part("asked-part").hidden = !one.instructions;
    part("asked").textContent = one.instructions;
    part("again-part").hidden = !one.is_redo;
    part("again").textContent = one.again;
    part("kept").textContent = "";
    all("[name]", form).forEach(field => { field.value = thing.fields[field.name] || ""; });
    // before the work is accepted there is nothing to answer
    find("[data-submit]", dialog).disabled = one.is_new && !work.thingOf(one.assignment, true);
    photosOf(thing);
    left(thing);
    dialog.showModal();
    part("title").focus();
  };
  const close = async () => { await keepText(); writing = null; dialog.close(); work.meet(); };
  form.addEventListener("input", () => { if (writing) { left(writing.thing); later(); } });
  dialog.addEventListener("cancel", event => { event.preventDefault(); close(); });
  dialog.addEventListener("click", async event => {
    const out = event.target.closest("[data-out]");
    if (event.target.closest("[data-close]")) close();
    if (event.target.closest("[data-shoot-here]")) { await keepText(); camera.open(writing.one.assignment); }
    if (out) { await work.dropPhoto(writing.thing, out.dataset.out); }
    if (event.target.closest("[data-submit]")) {
      const [lacking] = left(writing.thing);
      if (lacking) { (find(`#f-${lacking}`) || find("[data-shoot-here]", dialog)).focus(); return; }
      const { thing } = writing;
      await keepText();
      await work.submit(thing);
      writing = null;
      dialog.close();
      work.meet();
    }
  });

  work.listen(draw);
  work.listen(() => { if (writing) photosOf(writing.thing); });

  // -- presses --------------------------------------------------------------------------------------------------------

  const deeds = {
    accept: one => { work.accept(one).then(() => work.meet()); },
    shoot: one => camera.open(one.assignment),
    write: open,
  };
  find("[data-near]").addEventListener("click", event => {
    const button = event.target.closest("[data-do]"), link = event.target.closest("[data-open]"), one = caseOf(event.target);
    if (link) event.preventDefault();
    if (one && link) open(one);
    else if (one && button) deeds[button.dataset.do](one);
  });
  const said = thing => Object.values(thing.fields).filter(value => value.trim()).join("\n\n");
  document.addEventListener("click", async event => {
    const button = event.target.closest("[data-thing] [data-do]"), thing = button && thingAt(button), how = button && button.dataset.do;
    if (!thing || (button.dataset.sure && !window.confirm(button.dataset.sure))) return;
    if (how === "copy") { await navigator.clipboard?.writeText(said(thing)); return; }
    if (how === "reopen") { const one = work.cases.find(each => each.assignment === thing.assignment); if (one) open(one); return; }
    await work.settle(thing, how);
    work.meet();
  });
  find("[data-send]").addEventListener("click", () => work.meet());
  all("[data-shoot-any]").forEach(link => link.addEventListener("click", event => { event.preventDefault(); camera.open(); }));
  all("[data-order]").forEach(button => button.addEventListener("click", () => { at.order = button.dataset.order; draw(); }));

  // -- where the telephone is: worked with here, sent nowhere -----------------------------------------------------------

  const locate = find("[data-locate]"), fault = find("[data-locate-fault]");
  const ask = () => navigator.geolocation.getCurrentPosition(({ coords }) => { at.position = [coords.latitude, coords.longitude]; locate.hidden = fault.hidden = true; draw(); },
    () => { fault.hidden = false; }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 });
  if (navigator.geolocation) {
    locate.hidden = false;
    locate.addEventListener("click", ask);
    navigator.permissions?.query({ name: "geolocation" }).then(({ state }) => { if (state === "granted") ask(); }).catch(() => {});
  }

  // -- signing out ----------------------------------------------------------------------------------------------------

  const out = find("form[data-leave]"), ready = work.begin().catch(() => {});
  const leave = async () => { await work.wipe("over"); if (out) out.submit(); };
  if (out) {
    out.addEventListener("submit", async event => {
      event.preventDefault();
      await ready;
      const count = Math.max(work.unsent().length, await store.waiting().catch(() => 0));   // what is locked is counted as well
      if (!count) { leave(); return; }
      leaving.hidden = false;
      find("[data-leaving-count]").textContent = count;
      find("#leaving").focus();
    });
    const ways = {
      send: async () => { await work.meet(); if (work.unsent().length) find("[data-leaving-failed]").hidden = false; else await leave(); },
      delete: leave,
      stay: () => { leaving.hidden = true; },
    };
    leaving.addEventListener("click", event => { const button = event.target.closest("[data-leave-how]"); if (button) ways[button.dataset.leaveHow](); });
    if (location.hash === "#leaving") out.requestSubmit();
  }
  const wipe = find("[data-wipe]");
  wipe.addEventListener("click", async () => { if (window.confirm(wipe.dataset.sure)) { await work.wipe(""); location.reload(); } });

  // -- time -----------------------------------------------------------------------------------------------------------

  window.addEventListener("online", () => work.meet());
  window.addEventListener("offline", () => { Object.assign(work.here, { isOffline: true, since: Date.now() }); draw(); });
  window.addEventListener("pagehide", () => { keepText(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) keepText(); else work.meet(); });
  let turn = 0;
  setInterval(() => {
    work.watch();
    if (document.hidden || work.here.state === "over") return;
    turn += 1;
    draw();
    if (work.unsent().some(thing => thing.state === "waiting") || turn % 3 === 0) work.meet();
  }, LOOK);

  if ("serviceWorker" in navigator && window.isSecureContext) {
    const root = new URL("../..", document.currentScript ? document.currentScript.src : location.href).pathname;
    navigator.serviceWorker.register(texts.worker, { scope: root, updateViaCache: "none" }).catch(() => {});
    const keep = () => fetch(texts.kept, { credentials: "omit", cache: "no-store" }).catch(() => {});
    if (navigator.serviceWorker.controller) keep(); else navigator.serviceWorker.addEventListener("controllerchange", keep, { once: true });
  }
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => {});
  ready.then(room);
  draw();
})();
