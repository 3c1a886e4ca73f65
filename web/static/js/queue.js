// On citizens' pages, ES2019, together with queue-core.js: keeps reports that could not be sent and sends them once there is a signal.
//   [data-queue data-owner data-page]     told in templates/offline/_waiting.html; data-form="page" or "kept" where the report form is
//   [data-install]                        button, shown where the browser offers to put the pages on the home screen
// A report form that is sent with a signal goes out as the browser's own form does, so the server's questions and corrections come
// back as pages. It is put down before (held), and forgotten when its receipt has come. When the form comes back with questions, its files
// lie at the server and the page only shows them: their bytes stay here (asked), for the answer may have to go out without a signal.
"use strict";
(function () {
  const core = self.langbiangQueue, box = document.querySelector("[data-queue]");
  const root = new URL("../..", document.currentScript.src).pathname, SENDING = "langbiang-sending", CHECK_EVERY = 20000, REGISTER_AFTER = 4000;
  if (!box) return;
  const part = name => box.querySelector("[data-queue-" + name + "]");
  const all = selector => Array.from(document.querySelectorAll(selector));
  const language = document.documentElement.lang || "vi";

  // -- whose reports are written here -----------------------------------------------------------------------------------

  // A kept page is of nobody: whoever was here last has the telephone in their hand.
  const LAST_OWNER = "langbiang-owner";
  const owner = (() => {
    try {
      if (box.dataset.owner) localStorage.setItem(LAST_OWNER, box.dataset.owner);
      return box.dataset.owner || localStorage.getItem(LAST_OWNER) || "guest";
    } catch (error) { return box.dataset.owner || "guest"; }
  })();
  self.langbiangOwner = owner;

  const show = name => {
    ["full", "gone", "offline", "lacks"].forEach(each => { const one = part(each); if (one) one.hidden = each !== name; });
    if (!name) return;
    box.hidden = false;
    part(name).focus();
  };

  // -- the home screen --------------------------------------------------------------------------------------------------

  window.addEventListener("beforeinstallprompt", event => {
    event.preventDefault();
    all("[data-install]").forEach(button => {
      button.hidden = false;
      button.addEventListener("click", () => { event.prompt(); button.hidden = true; });
    });
  });

  if ("serviceWorker" in navigator && window.isSecureContext) {
    const register = () => navigator.serviceWorker.register(root + "sw.js", { scope: root, updateViaCache: "none" }).catch(() => {});
    // where it is needed soon at once; elsewhere a first visit is to be quick
    window.addEventListener("load", () => setTimeout(register, box.dataset.form || location.pathname === box.dataset.page ? 0 : REGISTER_AFTER));
  }
  if (!core || !core.is) return;

  // -- what waits -------------------------------------------------------------------------------------------------------

  const isShown = report => report.state !== "held" && report.state !== "asked";
  const tell = () => core.all().then(list => {
    const own = list.filter(report => report.owner === owner && isShown(report));
    const isHere = location.pathname === box.dataset.page;
    [["waits", "count", own.filter(report => report.state !== "sent")], ["sent", "sent-count", own.filter(report => report.state === "sent")]].forEach(([name, count, some]) => {
      part(count).textContent = some.length;
      part(name).hidden = !some.length || isHere;
    });
    if (own.length && !isHere) box.hidden = false;
  }).catch(() => {});
  core.listen(tell);
  tell();

  const flush = how => core.flush(how).catch(() => {});
  const later = () => {
    if (navigator.serviceWorker && "SyncManager" in window) {
      navigator.serviceWorker.ready.then(worker => worker.sync.register(core.TAG)).catch(() => {});
    }
  };
  window.addEventListener("online", () => flush({ force: true }));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) flush({ force: true }); });
  setInterval(() => { if (!document.hidden) flush(); }, CHECK_EVERY);

  // -- what this page tells of a report that was handed to the browser ----------------------------------------------------

  const form = box.dataset.form ? (document.querySelector("form input[name=client_key]") || {}).form : null;
  const remembered = () => { try { return sessionStorage.getItem(SENDING); } catch (error) { return null; } };
  const remember = key => { try { if (key) sessionStorage.setItem(SENDING, key); else sessionStorage.removeItem(SENDING); } catch (error) { /* no matter */ } };
  const settle = () => {
    const key = remembered(), asked = form && box.dataset.form === "page" ? form.elements.client_key.value : "";
    remember("");
    // the form has come back with the server's questions: what stands in it now is newer than what was put down, but for the files
    const answered = asked ? core.answered(asked) : core.tidy();
    if (!key || key === asked) return answered;
    const isReceipt = /\/reports\/[^/]+\/receipt$/.test(location.pathname);
    return answered.then(() => (isReceipt ? core.remove(key) : core.release(key)));
  };
  settle().catch(() => {}).then(() => flush({ force: true }));

  // -- signing out --------------------------------------------------------------------------------------------------------

  all("form[action$='/sign-out']:not([data-leave-form])").forEach(leaving => leaving.addEventListener("submit", event => {
    event.preventDefault();
    core.all().then(list => {
      if (owner !== "guest" && list.some(report => report.owner === owner && report.state !== "sent" && report.state !== "asked")) location.href = box.dataset.page + "#leaving";
      else return core.forget(owner).then(() => leaving.submit());
      return undefined;
    }).catch(() => leaving.submit());
  }));

  // -- the report form ----------------------------------------------------------------------------------------------------

  if (!form) return;
  const isKept = box.dataset.form === "kept";
  if (isKept && owner !== "guest") {
    // the account is answered; who it is stands in it
    all("[data-who]").forEach(part => { part.hidden = true; });
    part("account").hidden = box.hidden = false;
  }
  form.dataset.owner = owner;                                            // whose draft it is (report-form.js)
  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const text = Array.from(bytes).map(byte => byte.toString(16).padStart(2, "0")).join("");
    return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
  };
  const FILES = ["photos", "voice", "video"], NOT_KEPT = ["csrf_token", "photos_token", "idempotency_key", "client_key", "act", "kept_file"].concat(FILES);
  const filesOf = data => [].concat(...FILES.map(kind => data.getAll(kind).filter(file => file instanceof File && file.size).map(file => ({ kind, file }))));
  // What the page shows of files that lie at the server, in its order; a newer recording takes the place of the one shown.
  const shownOf = files => all("input[name=kept_file]").filter(input => input.form === form).map(input => input.value.split(":"))
    .map(([kind, sha256]) => ({ kind, sha256 })).filter(shown => shown.kind === "photos" || !files.some(({ kind }) => kind === shown.kind));
  const fieldsOf = data => Array.from(data.entries()).filter(([name, value]) => typeof value === "string" && !NOT_KEPT.includes(name));

  const lacksOf = (data, files) => {
    const has = name => Boolean(String(data.get(name) || "").trim());
    const lacks = { words: !has("words") && !files.some(({ kind }) => kind === "voice"),
                    place: !has("area") && !has("place") && !has("unsure") && !has("latitude"), consent: !has("consent"),
                    // which fields take a report of nobody, the server knows
                    contact: owner === "guest" && !has("contact") && !has("urgent") && !has("field") };
    Object.keys(lacks).forEach(name => { box.querySelector("[data-queue-lack=" + name + "]").hidden = !lacks[name]; });
    return Object.keys(lacks).some(name => lacks[name]);
  };
  const free = () => { delete form.dataset.sent; form.removeAttribute("aria-busy"); };

  let pressed = null, mends = null;
  form.addEventListener("click", event => { pressed = event.target.closest ? event.target.closest("button, input[type=submit]") : null; });

  const keep = (state, key, data, files) => core.save(key, { owner, language, fields: fieldsOf(data), files: shownOf(files).concat(files), state })
    .then(() => (mends && mends.before !== key ? core.remove(mends.before) : undefined));

  // Gone from this page: sending goes on in the list, which is there without a signal as well.
  const toList = isOffline => { later(); location.href = box.dataset.page + (isOffline ? "#saved" : ""); };

  const sendNatively = button => {
    const act = document.createElement("input");
    if (button && button.name) {
      act.type = "hidden";
      act.name = button.name;
      act.value = button.value;
      form.appendChild(act);
    }
    HTMLFormElement.prototype.submit.call(form);
    act.remove();                                                        // a page taken back from the browser's store is not to press it again
  };

  document.addEventListener("submit", event => {
    if (event.target !== form || event.defaultPrevented) return;
    const button = event.submitter || pressed, isOffline = !navigator.onLine;
    if (button && button.name && !(button.name === "act" && button.value === "send")) {
      // a photo taken out, a position, a case to follow: no report yet; but the files chosen go to the server with it
      if (isKept || isOffline) { event.preventDefault(); free(); show("offline"); return; }
      const data = new FormData(form), files = filesOf(data);
      if (!files.length) return;
      event.preventDefault();
      const field = form.elements.client_key, key = field.value || newKey();
      field.value = key;
      const go = () => sendNatively(button);
      keep("asked", key, data, files).then(go, go);
      return;
    }
    event.preventDefault();
    const data = new FormData(form), files = filesOf(data);
    const isWaiting = isKept || isOffline;
    if (isWaiting && lacksOf(data, shownOf(files).concat(files))) { free(); show("lacks"); return; }
    show("");
    const field = form.elements.client_key, key = (mends && mends.key) || field.value || newKey();
    field.value = key;
    keep(isWaiting ? "waiting" : "held", key, data, files).then(() => {
      form.dispatchEvent(new CustomEvent("report:taken"));
      if (isWaiting) return toList(isOffline);
      remember(key);
      return sendNatively(button);
    }, failure => {
      if (!isWaiting) { remember(key); return sendNatively(button); }    // not put down, but there is a signal
      free();
      return show(failure && failure.isGone ? "gone" : "full");
    });
  });

  // A report may be written here and wait longer than the session lasts: what it goes out with then is fetched now. A guest's browser
  // gets its cookie with it.
  if (!isKept) (owner === "guest" ? core.hasToken(owner) : Promise.resolve(false)).then(has => has || core.ask()).catch(() => {});

  // A report out of the list, opened to be corrected: its address names it behind #.
  const mend = key => core.one(key).then(report => {
    if (!report || report.state === "sent" || report.owner !== owner) return undefined;
    mends = { key: report.isAnother ? newKey() : report.key, before: report.key };
    report.fields.forEach(([field, value]) => {
      all("[name='" + field + "']").filter(input => input.form === form).forEach(input => {
        if (input.type === "checkbox" || input.type === "radio") input.checked = input.type === "checkbox" || input.value === value;
        else input.value = value;
      });
      // the answer to a question that was changed or ended since: sent along as it was given
      if (field.startsWith("ask-") && value && !form.elements[field])
        form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: field, value }));
      // written by a release with two fields for them
      if ((field === "phone" || field === "email") && value && !form.elements.contact.value) form.elements.contact.value = value;
    });
    form.dispatchEvent(new CustomEvent("pointed", { detail: { accuracy: form.elements.accuracy.value } }));
    form.dispatchEvent(new CustomEvent("restored"));
    part("reason").textContent = report.text || "";
    part("mends").hidden = false;
    box.hidden = false;
    return core.filesOf(key).then(contents => FILES.forEach(kind => {
      const input = form.elements[kind], rows = report.files.filter(file => file.kind === kind);
      if (!input || !rows.length) return;
      const given = new DataTransfer();
      rows.forEach(row => given.items.add(new File([contents.find(each => each.number === row.number).data], row.name, { type: row.type })));
      input.files = given.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }));
  });
  if (isKept && location.hash.length > 1) mend(location.hash.slice(1)).catch(() => {});
})();
