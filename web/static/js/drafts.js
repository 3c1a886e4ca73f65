// Keeps what is typed into the form of a step. Without this script the button "Keep a draft" does.
//   form[data-draft="address"]   its fields are sent there soon after typing stops, at least every LONGEST ms, and on leaving
//   data-draft-key               which form it is; [data-draft-status] says what has become of the text
// What the server could not take stays in localStorage under owner, form and window. It is sent by whatever staff page the same
// person opens next, and is gone as soon as the server has it, at sign-out, and when somebody else works in this browser.
// A page left open after somebody else has signed in sends nothing: each save names its owner, and the server refuses another's.
"use strict";
(() => {
  const PAUSE = 1500, LONGEST = 15000, KEPT_DAYS = 7, NOT_YOURS = 412, ANSWERED_WITHIN = 60_000, SHELF = "langbiang-draft/", NOT_SENT = /^(csrf_token|draft_(do|name|touched)|act)$/;
  const owner = document.currentScript?.dataset.owner || "", root = new URL("../..", document.currentScript?.src || location.origin).pathname;
  const mine = `${SHELF}${owner}/`;

  // -- what could not be sent yet --------------------------------------------------------------------------------------------
  const shelf = {
    put(key, copy) { try { localStorage.setItem(key, JSON.stringify(copy)); return true; } catch { return false; } },
    get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* there is none */ } },
    keys() { try { return Object.keys(localStorage).filter(key => key.startsWith(SHELF)); } catch { return []; } },
    works() { try { localStorage.setItem(`${SHELF}probe`, ""); localStorage.removeItem(`${SHELF}probe`); return true; } catch { return false; } },
  };
  shelf.keys().forEach(key => {
    const copy = shelf.get(key);
    if (!key.startsWith(mine) || !copy || Date.now() - copy.at > KEPT_DAYS * 86_400_000) shelf.drop(key);
  });
  // Signing out waits for what was typed last; where it cannot be kept it says so and stays, and a second press goes.
  // Where the field desk keeps something that has not been sent, it asks first: counted without a key (field-store.js), and no store is made here.
  const waitsInField = () => new Promise(done => {
    const request = indexedDB.open("langbiang-field", 1);
    request.onupgradeneeded = () => request.transaction.abort();
    request.onerror = () => done(0);
    request.onsuccess = () => {
      const asked = request.result.transaction("keys").objectStore("keys").get("waiting");
      asked.onsuccess = asked.onerror = () => { done(asked.result?.count ?? 0); request.result.close(); };
    };
  }).catch(() => 0);
  let leaving = false, last_words = null;
  document.querySelectorAll('form[action$="/sign-out"]').forEach(way_out => {
    way_out.addEventListener("submit", async event => {
      event.preventDefault();
      if (await waitsInField()) { location.href = `${way_out.getAttribute("action").replace(/sign-out$/, "")}field#leaving`; return; }
      if (last_words) {
        const keep = last_words;
        last_words = null;
        if (!await keep()) return;
      }
      leaving = true;
      shelf.keys().forEach(shelf.drop);
      way_out.submit();
    });
  });

  const token = () => document.querySelector('[name="csrf_token"]')?.value || "";
  const post = (address, fields, options = {}) => {
    const body = new URLSearchParams(fields);
    body.set("csrf_token", token());
    return fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error", ...options });
  };
  // A renewed session has another token: a freshly loaded page holds it. Null when it asks to sign in, and
  // when it would be the page of somebody else: with their token this person's words would become theirs. A page that shows no case,
  // because whoever opens a case or an answer has seen it by that.
  const renew = async () => {
    const answer = await fetch(`${root}sessions`, { headers: { Accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === `${root}sign-in`) return { found: null, of: owner };
    const there = new DOMParser().parseFromString(await answer.text(), "text/html");
    const of = there.querySelector("script[data-owner]")?.dataset.owner;
    const found = of === owner ? there.querySelector('[name="csrf_token"]')?.value : null;
    // behind the sign stands the key of this showing of the form, which what is sent once more keeps
    const [fresh] = (found || "").split("~");
    if (found) document.querySelectorAll('[name="csrf_token"]').forEach(input => { input.value = fresh + "~" + (input.value.split("~")[1] || ""); });
    return { found, of };
  };
  const sent = async (address, fields) => {
    let answer = await post(address, fields);
    if (answer.status === 400) {
      const { found, of } = await renew();
      if (of !== owner) return { status: NOT_YOURS, said: {} };
      if (found) answer = await post(address, fields);
    }
    const said = await answer.json().catch(() => ({}));
    return { status: answer.status, said };
  };
  const isKept = ({ status, said }) => Boolean(said.ref) || Boolean(said.done) || Boolean(said.untouched) || status === 404;

  const form = document.querySelector("form[data-draft]");

  // -- what an earlier page left: sent now, and the form of the same step opened with it ---------------------------------------
  const send_left = async () => {
    const own = form ? `${mine}${form.dataset.draftKey}/` : null, was_sent = form?.hasAttribute("data-draft-sent");
    const is_done = new URLSearchParams(location.search).get("draft") === "none";
    let newest = null;
    for (const key of shelf.keys().filter(each => each.startsWith(mine))) {
      const copy = shelf.get(key);
      if (is_done && own && key.startsWith(own) && copy.submitted) { shelf.drop(key); continue; }   // it was done
      if (own && key === own + form.elements.draft_window.value && !was_sent) continue;
      try {
        const answer = await sent(copy.address, copy.fields);
        if (answer.status === NOT_YOURS) return;
        if (isKept(answer)) shelf.drop(key);
        if (own && key.startsWith(own) && answer.said.ref && (!newest || copy.at > newest.at)) newest = { at: copy.at, ...answer.said };
      } catch { return; }
    }
    if (newest && !was_sent && newest.ref + newest.revision !== form.elements.draft_ref.value + form.elements.draft_revision.value) {
      leaving = true;
      const address = new URL(form.getAttribute("action"), location.href);
      address.searchParams.set("draft", newest.ref);
      location.replace(address);
    }
  };
  if (owner) send_left();
  if (!form || !owner || form.querySelector("fieldset[disabled]")) return;

  // -- this form -------------------------------------------------------------------------------------------------------------
  const at = name => form.elements[`draft_${name}`], status = form.querySelector("[data-draft-status]"),
        sign_in = form.querySelector("[data-draft-sign-in]"), local_key = `${mine}${form.dataset.draftKey}/${at("window").value}`;
  const fields = () => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !NOT_SENT.test(name));
  const words = () => JSON.stringify(fields().filter(([name]) => !name.startsWith("draft_")));
  let saved = form.hasAttribute("data-draft-sent") ? "" : words(), timer = 0, since = 0, running = null;
  let ended = false, is_anothers = false;                           // nothing more to save here; because somebody else is signed in
  const dirty = () => words() !== saved;
  const say = (text, is_calm = false) => {
    if (status && status.textContent !== text) status.textContent = text;
    form.querySelectorAll("[data-draft-said]").forEach(copy => { copy.textContent = text; });
    status?.closest(".saved").toggleAttribute("data-trouble", !is_calm);
  };
  const keep_here = submitted => shelf.put(local_key, { at: Date.now(), address: form.dataset.draft, fields: fields(), submitted });
  if (shelf.works()) delete form.dataset.guard;                    // nothing is lost by leaving, so nobody is asked

  const save = async (files) => {
    clearTimeout(timer);
    if (running) { await running; }
    if (ended || leaving || (!files && !dirty())) return !dirty();
    running = attempt(files);
    try { return await running; } finally { running = null; }
  };
  const attempt = async (files) => {
    const now = words();
    since = 0;
    try {
      const { status: code, said } = files ? await send_files(files) : await sent(form.dataset.draft, fields());
      if (said.ref) {
        at("ref").value = said.ref;
        at("revision").value = said.revision;
        saved = now;
        if (!leaving) shelf.drop(local_key);
        if (sign_in) sign_in.hidden = true;
        const kept = status.dataset.kept.replace("{time}", said.time);
        say([code === 409 ? status.dataset.apart : kept, said.words].filter(Boolean).join(" "), code !== 409 && !said.words);
        if (dirty()) plan();
        else last_words = null;
        return true;
      }
      if (said.untouched) {                                          // the page as it opens: nothing to keep
        saved = now;
        if (!leaving) shelf.drop(local_key);
        if (said.words) say(said.words);
        if (dirty()) plan();
        else last_words = null;
        return true;
      }
      if (said.done || code === 404 || code === 403) {
        ended = true;
        form.dataset.guard = "text";
        say(said.words || status.dataset.gone);
        return false;
      }
      if (leaving) return false;                                     // what was sent is kept here already, as sent
      keep_here();
      if (code === NOT_YOURS) {
        ended = is_anothers = true;
        form.dataset.guard = "text";
        say(status.dataset.other);
        return false;
      }
      if (code === 401 || code === 400) { say(status.dataset.ended); if (sign_in) sign_in.hidden = false; }
      else say(said.words || status.dataset.offline);
    } catch {
      if (leaving) return false;
      keep_here();
      say(status.dataset.offline);
    }
    timer = setTimeout(save, LONGEST);                               // until the server takes it
    return false;
  };
  const plan = () => {
    at("touched").value = "yes";
    if (is_anothers) keep_here();
    if (ended) return;
    last_words = save;
    since = since || Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
  };
  at("touched").value = form.hasAttribute("data-draft-sent") ? "yes" : "no";
  form.addEventListener("input", event => { if (event.target.type !== "file") plan(); });
  form.addEventListener("change", event => { if (event.target.type !== "file") plan(); });
  if (dirty()) plan();

  // Photos are kept as soon as they are chosen; the server knows one it has already by its bytes.
  const send_files = async inputs => {
    const body = new FormData();
    fields().forEach(([name, value]) => body.append(name, value));
    inputs.forEach(input => [...input.files].forEach(file => body.append(input.name, file)));
    body.append("csrf_token", token());
    const answer = await fetch(form.dataset.draft, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
    return { status: answer.status, said: await answer.json().catch(() => ({})) };
  };
  form.addEventListener("change", event => {
    if (event.target.type === "file" && event.target.files.length) save([event.target]);
  });

  const leave = () => {
    if (leaving || ended || !dirty()) return;
    keep_here();
    post(form.dataset.draft, fields(), { keepalive: true }).catch(() => {});
  };
  form.addEventListener("submit", event => {
    if (event.defaultPrevented) return;
    const is_dropped = event.submitter?.name === "draft_do" && event.submitter.value === "drop";
    if (is_dropped) shelf.drop(local_key);
    else if (dirty()) keep_here(true);                                // should the server not answer: the next page sends it
    leaving = true;
    clearTimeout(timer);
    const stay = () => { leaving = false; if (dirty()) plan(); };
    setTimeout(() => { if (event.defaultPrevented) stay(); });
    setTimeout(stay, ANSWERED_WITHIN);                                // still here: it was stopped
  });
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", event => { if (event.persisted) leaving = false; });
  window.addEventListener("online", () => { if (dirty()) save(); });
  // whoever wrote it has signed in again in another window, and comes back to this one
  window.addEventListener("focus", async () => {
    if (!is_anothers || !(await renew().catch(() => ({}))).found) return;
    ended = is_anothers = false;
    if (shelf.works()) delete form.dataset.guard;
    plan();
  });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && dirty()) save(); });

  // Enter keeps the text and stays on the page; a form is sent by its button.
  form.addEventListener("keydown", event => {
    if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox]):not([type=radio]):not([type=file])")) return;
    event.preventDefault();
    if (event.target.name !== "draft_name") save();
  });
})();
