// The field desk's memory and its messenger: self.langbiangFieldWork. What the telephone keeps (field-store.js) as cases and things to send.
//   A case: as /field/work tells it, and moved: { from, to } once its limit has moved while it lay here.
//   A thing: { id, kind, assignment, code, title, at, state, … } under a UUID that the centre records it by once, however often it is sent
//     kind     accept; draft, an answer being written; answer, one to go to the leader
//     state    waiting   to be sent; why: "" | "later" | "sign-in"
//              saved     a draft the centre has as it is here
//              refused   words say why; to be mended      conflict  something has changed there: conflict gone | done | held | draft, words, theirs
//   Of an answer also: fields, photos [{ name, sha256, size, at, isSent }], version (answers there were), base (draft it began from), window, edit.
// One thing after the other, in the order in which they were done, by one page at a time. Nothing is taken away before the centre has it.
"use strict";
(() => {
  const store = self.langbiangField, { dataset: texts } = document.querySelector("[data-texts]"), HEADER = "X-Langbiang-Field", LOCK = "langbiang-field";
  const HOUR = 3600000, SLOW = 4, MOST_TURNS = 3;                          // SLOW: four kilobytes a second are still a network
  const cases = [], things = new Map(), listeners = [];
  const here = { state: "", isOffline: !navigator.onLine, since: Date.now(), isSending: false, isFull: false, isCut: false, areas: null, endsAt: 0, photos: new Map() };
  const told = () => { listeners.forEach(listener => listener()); };

  const uuid = () => crypto.randomUUID();
  const newWindow = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(9)))).replace(/\+/g, "-").replace(/\//g, "_");
  const hex = async data => [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map(byte => byte.toString(16).padStart(2, "0")).join("");
  const unsent = () => [...things.values()].filter(thing => thing.state !== "saved");

  // -- keeping --------------------------------------------------------------------------------------------------------

  // All changes in one piece; without a store (a browser that keeps nothing) they stand on this page alone.
  const keep = async (...changes) => {
    try {
      if (store.isOpen()) await store.write(changes, unsent().length);
      here.isFull = false;
    } catch (error) {
      if (!error.isShut) here.isFull = true;
    }
    store.tell("changed");
    told();
  };
  const keepThing = (thing, ...more) => { things.set(thing.id, thing); return keep({ name: thing.id, value: thing }, ...more); };
  const dropThing = thing => {
    things.delete(thing.id);
    (thing.photos || []).forEach(photo => here.photos.delete(photo.name));
    return keep({ name: thing.id, isGone: true }, ...(thing.photos || []).map(photo => ({ name: photo.name, isGone: true })));
  };
  const keepList = () => keep({ name: "work", value: { cases, isCut: here.isCut, areas: here.areas } });
  const load = async () => {
    const rows = await store.load(), list = rows.get("work");
    rows.delete("work");
    things.clear();
    rows.forEach((thing, name) => things.set(name, thing));
    if (list) { cases.splice(0, cases.length, ...list.cases); Object.assign(here, { isCut: list.isCut, areas: list.areas }); }
    here.endsAt = await store.endsAt();
    told();
  };
  const empty = state => { cases.length = 0; things.clear(); here.photos.clear(); Object.assign(here, { state, areas: null, endsAt: 0 }); told(); };
  const wipe = async (state = "over") => { empty(state); await store.wipe(); };

  // -- what the officer does ------------------------------------------------------------------------------------------

  const thingOf = (assignment, isAccept = false) => [...things.values()].find(thing => thing.assignment === assignment && (thing.kind === "accept") === isAccept);
  const accept = one => thingOf(one.assignment, true) || keepThing({ id: uuid(), kind: "accept", assignment: one.assignment, code: one.code, title: one.title, at: Date.now(), state: "waiting", why: "" });
  const begun = one => ({
    id: uuid(), kind: "draft", assignment: one.assignment, code: one.code, title: one.title, at: Date.now(), state: "saved", why: "", version: one.version, window: newWindow(),
    fields: one.draft ? { ...one.draft.parts } : {}, photos: [], edit: 0, base: one.draft ? { ref: one.draft.ref, revision: one.draft.revision, token: one.draft.token } : null,
  });
  const answerOf = one => thingOf(one.assignment) || begun(one);
  const changed = (thing, values, ...more) => {
    if (thing.kind === "answer" && !values.kind) thing.id = swapped(thing, more);
    return keepThing(Object.assign(thing, { kind: "draft", state: "waiting", why: "", words: "", conflict: "", theirs: null, at: Date.now(), edit: thing.edit + 1 }, values), ...more);
  };
  // What is changed after it was to go to the leader is another thing: one on its way may have arrived.
  const swapped = (thing, more) => { things.delete(thing.id); more.push({ name: thing.id, isGone: true }); return uuid(); };
  const write = (thing, fields) => changed(thing, { fields });
  const submit = thing => changed(thing, { kind: "answer", id: things.has(thing.id) ? thing.id : uuid() });
  const addPhoto = async (thing, blob) => {
    const data = await blob.arrayBuffer(), photo = { name: uuid(), sha256: await hex(data), size: data.byteLength, at: Date.now(), isSent: false };
    if (thing.photos.some(each => each.sha256 === photo.sha256)) return;
    here.photos.set(photo.name, data);                                     // until it is read from the store, or where there is none
    await changed(thing, { photos: [...thing.photos, photo] }, { name: photo.name, data });
    if (store.isOpen() && !here.isFull) here.photos.delete(photo.name);
  };
  const dropPhoto = (thing, name) => changed(thing, { photos: thing.photos.filter(photo => photo.name !== name) }, { name, isGone: true });
  const photoData = async name => here.photos.get(name) || (store.isOpen() ? store.bytes(name) : null);
  const settle = (thing, how) => {
    const { theirs, conflict } = thing;
    const base = theirs && theirs.ref ? { ref: theirs.ref, revision: theirs.revision, token: theirs.token } : thing.base;
    if (how === "drop") return dropThing(thing);
    if (how === "theirs") return changed(thing, { fields: { ...theirs.parts }, base, state: thing.photos.length ? "waiting" : "saved" });
    return changed(thing, { base, kind: thing.kind, id: thing.id, version: conflict === "done" && theirs ? theirs.version : thing.version });
  };

  // -- the centre -----------------------------------------------------------------------------------------------------

  class Later extends Error { constructor(why) { super(why); this.why = why; } }
  const ask = async (address, { body, bytes = 0, secret = store.secret() } = {}) => {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 45000 + bytes / SLOW);
    try {
      const answer = await fetch(address, {
        method: body ? "POST" : "GET", body, headers: { [HEADER]: secret }, credentials: "same-origin", cache: "no-store", redirect: "manual", signal: stop.signal,
      });
      const content = (answer.headers.get("Content-Type") || "").includes("json") ? await answer.json() : {};
      return { status: answer.type === "opaqueredirect" ? 401 : answer.status, content };
    } finally { clearTimeout(timer); }
  };
  const online = isOnline => {
    if (here.isOffline === !isOnline) return;
    Object.assign(here, { isOffline: !isOnline, since: Date.now() });
    told();
  };

  // Nobody is signed in: has the session ended by which this telephone keeps its work?
  const signedOut = async () => {
    if (here.state === "over") return;
    if (store.secret()) {
      const { status, content } = await ask(texts.contact);
      if (status === 200 && !content.is_on) { await wipe(); return; }
    }
    if (here.state !== "locked") here.state = "sign-in";
    told();
  };
  // The limit of the answer; where there is none yet, that of the step, as long as it is the same step.
  const moved = (was, each) => {
    const name = was.answer_due_at && each.answer_due_at ? "answer_due_at" : was.task === each.task ? "due_at" : "";
    const from = was.moved ? was.moved.from : was[name], to = each[name];
    return from && to && Date.parse(from) !== Date.parse(to) ? { from, to } : null;
  };
  const merge = async fresh => {
    const before = new Map(cases.map(each => [each.assignment, each]));
    fresh.forEach(each => {
      const was = before.get(each.assignment);
      if (was) each.moved = moved(was, each);
    });
    cases.splice(0, cases.length, ...fresh);
    for (const thing of [...things.values()].filter(each => each.kind !== "accept" && each.state === "saved")) {
      const one = fresh.find(each => each.assignment === thing.assignment);
      // taken away or done elsewhere: the centre is asked, so that nothing is lost in silence
      if (!one) Object.assign(thing, { state: "waiting", why: "" });
      else if (one.draft && thing.base && (one.draft.ref !== thing.base.ref || one.draft.revision !== thing.base.revision)) await dropThing(thing);
    }
  };
  const small = async one => {
    one.thumbs = [];
    for (const address of one.photos) {
      const answer = await fetch(address, { cache: "no-store", credentials: "same-origin", redirect: "manual" }).catch(() => null);
      if (!answer || !answer.ok) continue;
      const bytes = new Uint8Array(await answer.arrayBuffer());
      let text = "";
      for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
      one.thumbs.push(`data:${answer.headers.get("Content-Type").split(";")[0]};base64,${btoa(text)}`);
    }
  };
  // Lists are taken one after the other, whether from the store or from the centre: an older one never replaces a newer one.
  let lists = Promise.resolve(), nextList = null, arrivals = 0;
  const inTurn = act => { const done = lists.then(act); lists = done.catch(() => {}); return done; };
  const refresh = () => {
    nextList = nextList || inTurn(() => { nextList = null; return renew(); }).then(beside);   // who asks while one is read waits for the next
    return nextList;
  };
  const renew = async () => {
    if (here.state === "over") return null;
    const before = arrivals;
    let found;
    try { found = await ask(texts.work, { secret: store.is ? (await store.refs()).join(",") : "" }); } catch { online(false); return null; }
    online(true);
    if (found.status === 401) { await signedOut().catch(() => online(false)); return null; }
    if (found.status === 403) { await wipe(); return null; }
    if (found.status !== 200) return null;
    if (arrivals !== before) return renew();                               // read before the centre had what it has now
    const state = await store.open(found.content).catch(() => "shut"), isOurs = state === "open" && here.state !== "over";
    if (isOurs && !cases.length && !things.size) await load();
    else if (!isOurs && state !== "shut") { cases.length = 0; things.clear(); }
    const known = new Map(cases.filter(each => each.thumbs).map(each => [each.assignment, each]));
    here.state = state === "over" || state === "other" ? state : state === "shut" ? "shut" : "open";
    here.endsAt = Date.now() + found.content.seconds_left * 1000;
    here.isCut = found.content.is_cut;
    await merge(found.content.cases);
    cases.forEach(each => {
      const was = known.get(each.assignment);
      if (was && String(was.photos) === String(each.photos)) each.thumbs = was.thumbs;
    });
    await keepList();
    return { areas: found.content.areas };
  };
  // What is nice to have, after what is needed: small photos, and the boundaries for the map. No list waits for it.
  const beside = async found => {
    if (!found) return;
    const { areas } = found, lacking = cases.filter(each => !each.thumbs);
    for (const each of lacking) await small(each);
    if (areas && (!here.areas || here.areas.address !== areas)) {
      const answer = await fetch(areas).catch(() => null), text = answer && answer.ok ? await answer.text() : "";
      if (text && text.length < 600000) here.areas = { address: areas, shapes: JSON.parse(text) };
    }
    if (lacking.length || areas) await keepList();
  };

  const bodyOf = thing => {
    const body = new FormData(), base = thing.base || {};
    body.append("kind", thing.kind);
    body.append("assignment", thing.assignment);
    body.append("pressed_at", new Date(thing.at).toISOString());
    if (thing.kind === "accept") return body;
    Object.entries({ version: thing.version, window: thing.window, draft_ref: base.ref || "", draft_revision: base.revision || 0, token: base.token || "", ...thing.fields })
      .forEach(([name, value]) => body.append(name, value));
    thing.photos.forEach(photo => body.append("photo", photo.sha256));
    return body;
  };
  const sendPhoto = async (thing, photo) => {
    const data = await photoData(photo.name), body = bodyOf(thing);
    if (!data) throw new Later("later");
    body.delete("photo");
    body.append("sha256", photo.sha256);
    body.append("photo", new Blob([data], { type: "image/jpeg" }), "1.jpg");
    const answer = await ask(`${texts.items}${thing.id}/photo`, { body, bytes: data.byteLength });
    if (answer.status === 200) { photo.isSent = true; await keepThing(thing); return true; }
    if (answer.content.damaged) return true;                               // the next turn asks for it again
    await judge(thing, answer, thing.edit);
    return false;
  };
  const isSame = (thing, theirs) => Boolean(theirs) && Object.entries(theirs.parts).every(([name, value]) => value.trim() === (thing.fields[name] || "").trim());
  const arrived = async thing => {
    const at = cases.findIndex(each => each.assignment === thing.assignment);
    if (at >= 0 && thing.kind === "accept") cases[at].is_new = false;
    if (at >= 0 && thing.kind === "answer") cases.splice(at, 1);
    await keepList();
    await dropThing(thing);
  };
  const judge = (thing, { status, content }, edit) => {
    if (status === 200) arrivals += 1;
    if (status === 200 && thing.kind !== "draft" && thing.edit === edit) return arrived(thing);
    const base = content.draft ? { ref: content.draft.ref, revision: content.draft.revision, token: content.draft.token } : thing.base;
    if (!things.has(thing.id)) return undefined;                           // put away meanwhile
    if (status === 200) return keepThing(Object.assign(thing, { base, why: "", state: thing.edit === edit ? "saved" : "waiting", photos: thing.photos.map(photo => ({ ...photo, isSent: true })) }));
    if (status === 401) throw new Later("sign-in");
    if (status === 409 && content.conflict === "done" && thing.kind !== "accept" && isSame(thing, content.theirs)) return dropThing(thing);
    if (status === 409 && content.conflict) return keepThing(Object.assign(thing, { state: "conflict", conflict: content.conflict, words: content.words, theirs: content.theirs || null }));
    if (status === 422 || status === 413 || status === 400 || status === 404) return keepThing(Object.assign(thing, { base, state: "refused", words: content.words || "" }));
    throw new Later("later");
  };
  const send = async (thing, turn = 0) => {
    const { edit } = thing, answer = await ask(`${texts.items}${thing.id}`, { body: bodyOf(thing) });
    if (answer.status !== 409 || !answer.content.missing || turn === MOST_TURNS) { await judge(thing, answer, edit); return; }
    const missing = thing.photos.filter(photo => answer.content.missing.includes(photo.sha256));
    for (const photo of missing) if (!await sendPhoto(thing, photo)) return;
    if (things.has(thing.id)) await send(thing, turn + 1);
  };
  const isHeldUp = thing => thing.kind !== "accept" && [...things.values()].some(each => each.kind === "accept" && each.assignment === thing.assignment && each.state === "refused");
  const sendAll = async () => {
    const due = [...things.values()].filter(thing => thing.state === "waiting").sort((one, other) => one.at - other.at || (one.kind === "accept" ? -1 : 1));
    for (const thing of due) {
      if (!things.has(thing.id) || thing.state !== "waiting" || isHeldUp(thing)) continue;
      try { await send(thing); online(true); } catch (failure) {
        const why = failure instanceof Later ? failure.why : "";
        if (!why) online(false);
        if (things.has(thing.id)) await keepThing(Object.assign(thing, { why }));
        if (why === "sign-in") await signedOut();
        return false;
      }
    }
    return due.length > 0;
  };
  // Resolves when nothing more can be sent now; whether anything was.
  let running = null;
  const flush = () => {
    running = running || (async () => {
      here.isSending = true;
      told();
      try { return await (navigator.locks ? navigator.locks.request(LOCK, sendAll) : sendAll()); } finally { running = null; here.isSending = false; told(); }
    })();
    return running;
  };
  // Whoever is back in the valley: what waits first, then what has changed there.
  const meet = async () => {
    if (here.state !== "over" && things.size) await flush();
    if (here.state !== "over") await refresh();
    const waits = () => here.state !== "over" && !here.isOffline && unsent().some(thing => thing.state === "waiting" && !thing.why);
    if (waits() && await flush() && here.state !== "over") await refresh();
  };

  const begin = async () => {
    here.state = store.is ? await store.open().catch(() => "shut") : "shut";
    if (here.state === "open") await inTurn(() => (cases.length || things.size ? null : load()));
    if (here.state === "shut") here.state = "";                            // nothing is kept here yet
    await meet();
    told();
  };
  const watch = () => {
    if (here.endsAt && Date.now() >= here.endsAt && here.state !== "over" && store.is) wipe();
  };
  store.listen(what => { if (what === "wiped") empty("over"); else if (what === "changed" && store.isOpen() && !running && document.hidden) inTurn(load); });

  self.langbiangFieldWork = {
    cases, things, here, HOUR, begin, meet, flush, refresh, watch, wipe, unsent, accept, answerOf, write, submit, addPhoto, dropPhoto, photoData, settle, dropThing, thingOf, signedOut,
    listen: listener => listeners.push(listener),
  };
})();
