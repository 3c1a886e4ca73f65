// Reports that wait in this browser, and how they are sent, ES2019. For pages and for the service worker alike: self.langbiangQueue.
//   A report: { key, owner, language, fields: [[name, value]], files: [{ kind, name, type, size, number }], savedAt, tries, state, ... }
//   key      a UUID: sent twice, it is one report
//   owner    "guest", or the account it was written with, by a name that says nothing; it is never sent under another
//   state    held      handed to the browser with the page's own form; waits only if that did not get through
//            asked     its form has come back with the server's questions: its files are kept for the answer, and it is never sent so
//            waiting   to be sent; why: "" | "later" | "sign-in" | "other" | "full", with text if the server said something
//            refused   text and faults say why; to be mended by its owner
//            sent      code, secret and follow (address), and in short what it was, until its owner has noted them
// The bytes of the files lie in a store of their own, read from the files when the report is put down. All of it is sealed (seal.js) but the
// keys of the rows; a key of this browser opens it, for there is no session whose secret could: reports wait for weeks, and go out by themselves.
"use strict";
(function () {
  if (self.langbiangQueue) return;
  const NAME = "langbiang", TAG = "langbiang-queue";
  // static/js/queue-core.js in a page, sw.js in the worker: both say under which path of the host the site lies
  const ROOT = self.document ? new URL("../..", document.currentScript.src).pathname : new URL(".", self.location).pathname;
  const API = ROOT + "offline/reports/", FIRST_PAUSE = 15000, LONGEST_PAUSE = 30 * 60000, HELD_FOR = 3 * 60000, LOCKED_FOR = 90000, LEAVING_FOR = 120000, ASKED_FOR = 48 * 3600000;
  const seals = self.langbiangSeal;
  const is = Boolean(seals && seals.is) && typeof AbortController === "function";

  // -- the store ------------------------------------------------------------------------------------------------------

  const asked = request => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  let opening = null;
  const opened = () => {
    if (opening) return opening;
    opening = new Promise((done, failed) => {
      const request = indexedDB.open(NAME, 2);
      request.onupgradeneeded = event => {
        if (event.oldVersion) return;                                      // the stores are there; sealOld seals what is in them
        request.result.createObjectStore("reports", { keyPath: "key" });
        request.result.createObjectStore("files", { keyPath: ["key", "number"] });
        request.result.createObjectStore("meta", { keyPath: "name" });
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => { request.result.close(); opening = null; };
        request.result.onclose = () => { opening = null; };
        done(request.result);
      };
      request.onerror = () => { opening = null; failed(request.error); };
    });
    return opening;
  };
  // `work` gets the stores and may only wait for their requests; what it returns is told once all of it is on the disk
  const within = (names, mode, work) => opened().then(db => new Promise((done, failed) => {
    const deed = db.transaction(names, mode), stores = names.map(name => deed.objectStore(name));
    let result;
    deed.oncomplete = () => done(result);
    deed.onabort = deed.onerror = () => failed(deed.error || new Error("aborted"));
    Promise.resolve(work(...stores)).then(value => { result = value; }, error => { try { deed.abort(); } catch (over) { /* it is */ } failed(error); });
  }));
  const rangeOf = key => IDBKeyRange.bound([key, 0], [key, 1e6]);

  // -- the seal: everything in a row but its key is ciphertext, by a key of this browser that no script can take out --------

  let ownKey = null;
  const sealKey = () => {
    ownKey = ownKey || seals.newKey().then(made => within(["meta"], "readwrite", store => asked(store.get("key")).then(row =>
      (row ? row.value : asked(store.put({ name: "key", value: made })).then(() => made)))));
    return ownKey.catch(error => { ownKey = null; throw error; });
  };
  const nameOf = row => (row.number === undefined ? row.key : row.key + "/" + row.number);
  const sealRow = report => sealKey().then(key => seals.seal(key, report.key, report)).then(({ iv, data }) => ({ key: report.key, mark: Math.random(), iv, data }));
  const openRow = row => (row && row.iv ? sealKey().then(key => seals.open(key, row.key, row)) : Promise.resolve(row));
  const sealFile = (key, number, data) => sealKey().then(own => seals.sealBytes(own, key + "/" + number, data)).then(({ iv, data: sealed }) => ({ key, number, iv, data: sealed }));
  const openFile = row => (row.iv ? sealKey().then(key => seals.openBytes(key, nameOf(row), row)) : Promise.resolve(row.data)).then(data => ({ key: row.key, number: row.number, data }));
  const isAsRead = (row, before) => (row || {}).mark === (before || {}).mark && Boolean(row) === Boolean(before);

  const meta = name => sealed().then(() => within(["meta"], "readonly", store => asked(store.get(name))))
    .then(row => (row && row.iv ? sealKey().then(key => seals.open(key, name, row)) : row ? row.value : undefined));
  const keepMeta = (name, value) => sealKey().then(key => seals.seal(key, name, value))
    .then(({ iv, data }) => within(["meta"], "readwrite", store => asked(store.put({ name, iv, data }))));
  const raw = key => within(["reports"], "readonly", store => asked(store.get(key)));
  const all = () => sealed().then(() => within(["reports"], "readonly", store => asked(store.getAll()))).then(rows => Promise.all(rows.map(openRow)));
  const one = key => sealed().then(() => raw(key)).then(openRow);
  const filesOf = key => sealed().then(() => within(["files"], "readonly", store => asked(store.getAll(rangeOf(key))))).then(rows => Promise.all(rows.map(openFile)));

  // Changes what is there; nothing comes back that was taken out meanwhile, and what was changed meanwhile is changed anew.
  const changeRow = (key, values) => raw(key).then(before => (before ? openRow(before).then(report => {
    const next = Object.assign({}, report, values);
    return sealRow(next).then(row => within(["reports", "files"], "readwrite", (reports, files) => asked(reports.get(key)).then(now => {
      if (!isAsRead(now, before)) return "again";
      if (values.state === "sent") files.delete(rangeOf(key));
      return asked(reports.put(row)).then(() => next);
    })));
  }) : undefined)).then(found => (found === "again" ? changeRow(key, values) : found));
  const change = (key, values) => sealed().then(() => changeRow(key, values)).then(row => { told(); return row; });

  // What lies here in clear, from a release that did not seal: once, each row in the place of the one before.
  let sealing = null;
  const sealOld = () => within(["reports"], "readonly", store => asked(store.getAll()))
    .then(rows => Promise.all(rows.filter(row => !row.iv).map(row => changeRow(row.key, {}))))
    .then(() => within(["files"], "readonly", store => asked(store.getAllKeys())))
    .then(names => names.reduce((before, name) => before.then(() => within(["files"], "readonly", store => asked(store.get(name)))).then(row => (!row || row.iv ? undefined
      : sealFile(row.key, row.number, row.data).then(made => within(["files"], "readwrite", store => asked(store.get(name)).then(now => (now && !now.iv ? asked(store.put(made)) : undefined)))))), Promise.resolve()))
    .then(() => within(["meta"], "readonly", store => asked(store.getAll())))
    .then(rows => Promise.all(rows.filter(row => row.name.startsWith("token:") && !row.iv).map(row => keepMeta(row.name, row.value))))
    .then(() => within(["meta"], "readwrite", store => asked(store.put({ name: "sealed", value: true }))));
  const sealed = () => {
    sealing = sealing || within(["meta"], "readonly", store => asked(store.get("sealed"))).then(row => (row ? undefined : sealOld()));
    return sealing.catch(error => { sealing = null; throw error; });
  };

  const remove = key => within(["reports", "files"], "readwrite", (reports, files) => {
    files.delete(rangeOf(key));
    return asked(reports.delete(key));
  }).then(told);

  // What its owner takes out; false while it is on its way, for then only the server knows what has become of it.
  const discardRow = key => raw(key).then(before => openRow(before).then(report => {
    if (report && isLeaving(report)) return false;
    return within(["reports", "files"], "readwrite", (reports, files) => asked(reports.get(key)).then(now => {
      if (!isAsRead(now, before)) return "again";
      files.delete(rangeOf(key));
      return asked(reports.delete(key)).then(() => true);
    }));
  })).then(found => (found === "again" ? discardRow(key) : found));
  const discard = key => sealed().then(() => discardRow(key)).then(told);
  const isLeaving = report => report.state === "waiting" && (report.leavingUntil || 0) > Date.now();

  const hex = data => crypto.subtle.digest("SHA-256", data)
    .then(found => Array.from(new Uint8Array(found)).map(byte => byte.toString(16).padStart(2, "0")).join(""));
  const contentOf = file => new Response(file).arrayBuffer().then(data => hex(data).then(sha256 => ({ data, sha256 })));

  // Puts a report down with its files in one piece, in place of an earlier state of it. A file that comes as { kind, sha256 } alone is
  // taken over from that earlier state. Rejects, with nothing changed, where there is no room, and with `isGone` where such a file is missing.
  const saveRow = (key, values, contents) => Promise.all([raw(key), filesOf(key)]).then(([row, kept]) => openRow(row).then(before => {
    const { owner, language, fields, files, state } = values;
    const parts = files.map(({ kind, file, sha256 }, at) => {
      if (file) return { kind, name: file.name, type: file.type, sha256: contents[at].sha256, data: contents[at].data };
      const known = before && before.files.find(each => each.kind === kind && each.sha256 === sha256);
      const held = known && kept.find(each => each.number === known.number);
      if (!held) throw Object.assign(new Error("gone"), { isGone: true });
      return { kind, name: known.name, type: known.type, sha256, data: held.data };
    }).filter((part, at, list) => list.findIndex(each => each.kind === part.kind && each.sha256 === part.sha256) === at);
    const about = parts.map(({ kind, name, type, sha256, data }, number) => ({ kind, name, type, sha256, size: data.byteLength, number }));
    const savedAt = before ? before.savedAt : Date.now();
    const report = { key, owner, language, fields, files: about, savedAt, heldAt: Date.now(), tries: 0, state, why: "", text: "" };
    return Promise.all([sealRow(report)].concat(parts.map(({ data }, number) => sealFile(key, number, data)))).then(([made, ...bytes]) =>
      within(["reports", "files"], "readwrite", (reports, store) => asked(reports.get(key)).then(now => {
        if (!isAsRead(now, row)) return "again";
        store.delete(rangeOf(key));
        bytes.forEach(each => store.put(each));
        return asked(reports.put(made));
      })));
  })).then(found => (found === "again" ? saveRow(key, values, contents) : found));
  const save = (key, values) => Promise.all(values.files.map(({ file }) => (file ? contentOf(file) : null))).then(contents => sealed().then(() => saveRow(key, values, contents)))
    .then(() => { if (self.navigator.storage && navigator.storage.persist && self.document) navigator.storage.persist(); told(); });

  // -- pages that show it are told ------------------------------------------------------------------------------------

  const listeners = [];
  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(NAME) : null;
  const heard = () => listeners.forEach(listener => listener());
  const told = value => { heard(); if (channel) channel.postMessage("changed"); return value; };
  if (channel) channel.onmessage = heard;

  // -- the server -----------------------------------------------------------------------------------------------------

  const post = (address, body, { token = "", language = "", bytes = 0 } = {}) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 45000 + bytes / 4);                      // four kilobytes a second are still a network
    const headers = { "X-Langbiang-Device": token, "X-Langbiang-Language": language };
    return fetch(address, { method: "POST", body, headers, credentials: "same-origin", cache: "no-store", redirect: "error", signal: stop.signal })
      .then(answer => answer.json().catch(() => ({})).then(content => ({ status: answer.status, content })))
      .then(found => { clearTimeout(timer); return found; }, error => { clearTimeout(timer); throw error; });
  };

  class Later extends Error {
    constructor(why, content) { super(why); this.why = why; this.content = content || {}; }
  }
  const orLater = ({ status, content }) => {
    if (status === 429 || status >= 500) throw new Later("later", content);
    return { status, content };
  };

  // Who writes in this browser now, as the server sees it; keeps the token for what waits of theirs.
  const ask = owner => post(ROOT + "offline/token", JSON.stringify(owner ? { owner } : {}), {}).then(orLater).then(({ status, content }) => {
    if (status === 412) return { owner: content.owner, token: null };
    if (status !== 200) throw new Later("later");
    return keepMeta("token:" + (owner || content.owner), content.token).then(() => content);
  });
  const tokenFor = (owner, here) => {
    if (owner === here.owner) return Promise.resolve(here.token);
    return meta("token:" + owner).then(token => {
      if (token) return token;
      return owner === "guest" ? ask("guest").then(found => found.token) : null;
    });
  };

  const sendFile = (report, file, token) => {
    const body = new FormData();
    body.append("kind", file.kind);
    body.append("sha256", file.sha256);
    body.append("file", new Blob([file.data], { type: file.type }), file.name || file.kind);
    return post(API + report.key + "/files", body, { token, language: report.language, bytes: file.size }).then(orLater);
  };

  // A file of a report with its bytes and digest; only one at a time is in memory.
  const readFile = (report, row) => within(["files"], "readonly", store => asked(store.get([report.key, row.number]))).then(openFile)
    .then(kept => hex(kept.data).then(sha256 => Object.assign({ data: kept.data, sha256 }, row)));

  const digests = report => report.files.reduce((before, row) => before.then(list =>
    row.sha256 ? list.concat(row) : readFile(report, row).then(file => list.concat(Object.assign({}, row, { sha256: file.sha256 })))), Promise.resolve([]))
    .then(files => { report.files = files; return change(report.key, { files }); });

  const refuse = (report, { status, content }, file) => change(report.key, {
    state: "refused", leavingUntil: 0, status, why: "", text: content.text || "", faults: content.faults || [], file: file ? file.name : "", isAnother: Boolean(content.is_another),
  });

  const sendFields = (report, token) => {
    const body = new URLSearchParams();
    report.fields.forEach(([name, value]) => body.append(name, value));
    report.files.forEach(file => body.append("file", file.kind + ":" + file.sha256));
    return post(API + report.key, body, { token, language: report.language }).then(orLater);
  };

  const leaves = (report, more) => change(report.key, Object.assign({ leavingUntil: Date.now() + LEAVING_FOR }, more));
  const summaryOf = report => ((report.fields.find(([name]) => name === "words") || [])[1] || "").trim().slice(0, 140);
  // The fields first: a repeat is answered at once, and a refusal costs no upload. Then what the server says is missing.
  const send = (report, token, turn) => sendFields(report, token).then(({ status, content }) => {
    if (status === 200) {
      return change(report.key, { state: "sent", code: content.code, secret: content.secret || "", follow: content.follow || "",
                                  isUnconfirmed: Boolean(content.is_unconfirmed), text: content.text || "",
                                  summary: summaryOf(report), place: content.place || "", photos: content.photos || 0, acceptedBy: content.accepted_by || "",
                                  sentAt: Date.now(), fields: [], why: "" });
    }
    if (status === 409 && content.missing && turn < 3) {
      const missing = report.files.filter(file => content.missing.includes(file.sha256));
      let arrived = report.files.length - missing.length;
      return missing.reduce((before, row) => before.then(isGood => isGood && readFile(report, row).then(file => leaves(report, { arrived }).then(() => sendFile(report, file, token))).then(answer => {
        if (answer.status === 200) arrived += 1;
        if (answer.status === 200 || answer.content.damaged) return true;
        if (answer.status === 401 || answer.status === 412) throw new Later(answer.status === 401 ? "sign-in" : "other");
        return refuse(report, answer, row).then(() => false);
      })), Promise.resolve(true)).then(isGood => (isGood ? send(report, token, turn + 1) : undefined));
    }
    if (status === 401) return keepMeta("token:" + report.owner, "").then(() => { throw new Later(report.owner === "guest" ? "later" : "sign-in"); });
    if (status === 412) throw new Later("other");
    if (status === 422 || status === 413) return refuse(report, { status, content });
    throw new Later("later", content);
  });

  const postpone = (report, failure) => {
    const pause = Math.min(FIRST_PAUSE * Math.pow(2, report.tries), LONGEST_PAUSE) * (0.8 + 0.4 * Math.random());
    const isOffline = !(failure instanceof Later), said = isOffline ? {} : failure.content;
    return change(report.key, {
      tries: report.tries + 1, why: isOffline ? "" : failure.why, text: said.text || "",
      leavingUntil: 0, nextTry: Date.now() + pause, notBefore: said.wait ? Date.now() + said.wait * 1000 : 0,
    }).then(() => { if (isOffline || failure.why === "later") throw failure; });
  };

  // -- one at a time, in one page or worker at a time -----------------------------------------------------------------

  const takeLock = () => within(["meta"], "readwrite", store => asked(store.get("lock")).then(row => {
    if (row && row.value > Date.now()) return false;
    return asked(store.put({ name: "lock", value: Date.now() + LOCKED_FOR })).then(() => true);
  }));
  const alone = work => {
    if (self.navigator.locks) return navigator.locks.request(TAG, work);
    return takeLock().then(isOurs => {
      if (!isOurs) return undefined;
      const hold = value => within(["meta"], "readwrite", store => asked(store.put({ name: "lock", value })));
      const renew = setInterval(() => hold(Date.now() + LOCKED_FOR), LOCKED_FOR / 3);
      const over = () => { clearInterval(renew); return hold(0); };
      return work().then(value => over().then(() => value), error => over().then(() => { throw error; }));
    });
  };

  const isDue = (report, force) => {
    const now = Date.now();
    if (report.state === "held") return report.heldAt + HELD_FOR < now;
    return report.state === "waiting" && (report.notBefore || 0) <= now && (force || (report.nextTry || 0) <= now);
  };
  const due = force => all().then(list => list.filter(report => isDue(report, force)).sort((a, b) => a.savedAt - b.savedAt));

  // Sends what is due. Never under another login: a report of an account goes while nobody else is signed in here.
  const sendDue = force => due(force).then(list => {
    if (!list.length) return undefined;
    return ask().catch(failure => list.reduce((before, report) => before.then(() => postpone(report, failure).catch(() => {})), Promise.resolve())
      .then(() => { throw failure; })).then(here => list.reduce((before, listed) => before.then(() => one(listed.key)).then(report => {
      if (!report || (report.state !== "waiting" && report.state !== "held")) return undefined;
      if (report.owner !== "guest" && here.owner !== "guest" && report.owner !== here.owner) return change(report.key, { why: "other", nextTry: Date.now() + LONGEST_PAUSE });
      return tokenFor(report.owner, here).then(token => {
        if (!token) throw new Later("sign-in");
        return change(report.key, { state: "waiting", why: "", text: "", leavingUntil: Date.now() + LEAVING_FOR })
          .then(row => (row ? digests(report).then(() => send(report, token, 0)) : undefined));            // taken out meanwhile
      }).catch(failure => postpone(report, failure));
    }), Promise.resolve()));
  });

  let running = null, again = false;
  // Resolves when nothing more is to be done now; rejects when the network failed. `force`: without waiting for the pause to end.
  const flush = ({ force = false } = {}) => {
    if (!is) return Promise.resolve();
    if (running) { again = again || force; return running; }
    // a signal that came back while the last try was failing is not lost: whoever asked meanwhile gets a try of their own
    const over = error => {
      running = null;
      if (again) { again = false; return flush({ force: true }); }
      if (error) throw error;
      return undefined;
    };
    running = alone(() => sendDue(force)).then(() => over(), over);
    return running;
  };

  // What was handed to the browser with the page's own form did not get through, or nobody knows: it waits from now on.
  const release = key => one(key).then(row => (row && row.state === "held" ? change(key, { state: "waiting" }) : undefined));

  // The form has come back: what was put down of it waits for the answer with its files, or is forgotten where it has none.
  const answered = key => one(key).then(row => {
    if (!row || row.state !== "held") return undefined;
    return row.files.length ? change(key, { state: "asked" }) : remove(key);
  });

  // Forms nobody went on with.
  const forgetAsked = isOver => all().then(list => Promise.all(list.filter(row => row.state === "asked" && isOver(row)).map(row => remove(row.key))));
  const tidy = () => forgetAsked(row => row.heldAt + ASKED_FOR < Date.now());

  // Whoever signs out takes their token along: what waits of theirs goes out after they have signed in again.
  const forget = owner => keepMeta("token:" + owner, "").then(() => forgetAsked(row => row.owner === owner));

  const hasToken = owner => meta("token:" + owner).then(Boolean);

  self.langbiangQueue = { TAG, is, forget, hasToken, isLeaving, answered, tidy, all, one, filesOf, save, change, remove, discard, release, flush, ask, listen: listener => listeners.push(listener) };
})();
