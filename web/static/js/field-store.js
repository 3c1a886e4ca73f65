// What an officer's telephone keeps of the field desk, ES2019. For its page, and for the service worker, which only wipes: self.langbiangField.
//   open(told)    opens the store for the session the centre has told: { account, secret, seconds_left, known }; or without, by the cookie alone,
//                 for a telephone without a signal. Gives "open"; "locked": what is kept opens once the centre has told the secret again; "shut":
//                 nothing is kept; "over" and "other": what was kept for a session that has ended, or for somebody else, is wiped (and it is open
//                 for the session told)
//   refs()        the sessions something is kept for      load()  all rows, by name     bytes(name)     write([...])  see below
//   wipe()        nothing of it is left: keys, rows, cookie       waiting()  how many things have not been sent, known without a key
// Everything rests as ciphertext. Its key lies wrapped by one made of two parts: a key of this browser, which no script can take out, and the
// secret of the session, in a cookie that ends when the session does. So what has been deleted here and not yet overwritten by the browser
// cannot be opened any more once the cookie has gone. Names of rows are numbers and UUIDs that say nothing.
"use strict";
(function () {
  if (self.langbiangField) return;
  const seals = self.langbiangSeal, NAME = "langbiang-field", COOKIE = "field_desk";
  const ROOT = self.document ? new URL("../..", document.currentScript.src).pathname : new URL(".", self.location).pathname, PATH = ROOT + "field";
  const is = Boolean(seals && seals.is);
  let key = null, database = null, here = null;

  const asked = request => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const opened = () => {
    if (database) return Promise.resolve(database);
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => ["keys", "rows", "bytes"].forEach(name => request.result.createObjectStore(name, { keyPath: "name" }));
    return asked(request).then(found => {
      database = found;
      found.onversionchange = () => { found.close(); database = null; };
      found.onclose = () => { database = null; };
      return found;
    });
  };
  const within = (names, mode, work) => opened().then(db => new Promise((done, failed) => {
    const deed = db.transaction(names, mode, { durability: "strict" });
    let result;
    deed.oncomplete = () => done(result);
    deed.onabort = deed.onerror = () => failed(deed.error || new Error("aborted"));
    result = work(...names.map(name => deed.objectStore(name)));
    if (result && result.then) result.then(value => { result = value; }, failed);
  }));
  const get = (store, name) => within([store], "readonly", rows => asked(rows.get(name)));
  const keep = (store, row) => within([store], "readwrite", rows => { rows.put(row); });

  // -- the cookie with the session's secret ---------------------------------------------------------------------------

  const secret = () => ((self.document ? document.cookie : "").split("; ").find(each => each.startsWith(COOKIE + "=")) || "").slice(COOKIE.length + 1);
  const keepSecret = (value, seconds) => {
    const secure = self.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${COOKIE}=${value}; Path=${PATH}; Max-Age=${seconds}; SameSite=Strict${secure}`;
  };
  const dropSecret = () => { if (self.document) document.cookie = `${COOKIE}=; Path=${PATH}; Max-Age=0; SameSite=Strict`; };

  // -- opening --------------------------------------------------------------------------------------------------------

  const WRAPPED = "wrapped:";                                              // and the session's ref
  const refOf = value => value.split(".")[0];
  const unwrapped = (base, value, canBeWrapped) => get("keys", WRAPPED + refOf(value)).then(row => (row
    ? seals.wrapping(base.key, value).then(wrapper => seals.unwrap(wrapper, row.name, row, canBeWrapped)) : null)).catch(() => null);
  const begun = account => Promise.all([seals.newBase(), seals.newWrappedKey()]).then(([base, made]) =>
    keep("keys", { name: "base", key: base, account }).then(() => ({ base: { key: base, account }, made })));
  // The key for another session of the same person: both wrappings lie there until the cookie has followed, so a kill in between loses nothing.
  const rewrapped = (base, made, told) => {
    const name = WRAPPED + refOf(told.secret);
    return seals.wrapping(base.key, told.secret).then(wrapper => seals.wrap(wrapper, name, made))
      .then(sealed => keep("keys", { name, iv: sealed.iv, data: sealed.data }))
      .then(() => { keepSecret(told.secret, told.seconds_left); return unwrapped(base, told.secret, false); })
      .then(found => within(["keys"], "readwrite", rows => asked(rows.getAllKeys()).then(names => names.forEach(each => {
        if (each.startsWith(WRAPPED) && each !== name) rows.delete(each);
      }))).then(() => found));
  };

  const refs = () => within(["keys"], "readonly", rows => asked(rows.getAllKeys()))
    .then(names => names.filter(name => name.startsWith(WRAPPED)).map(name => name.slice(WRAPPED.length)));
  const ends = seconds => keep("keys", { name: "ends", at: Date.now() + seconds * 1000 });
  const endsAt = () => get("keys", "ends").then(row => (row ? row.at : 0));
  const isOver = () => endsAt().then(at => at > 0 && at <= Date.now());

  // Without a signal: by the cookie alone. Where the browser was killed before it had written the cookie down, the centre tells it again.
  const openAlone = base => {
    const known = secret();
    if (!base) return "shut";
    return isOver().then(over => {
      if (over) return wipe().then(() => "over");
      return known ? unwrapped(base, known, false).then(found => { key = found; here = base.account; return found ? "open" : "locked"; }) : "locked";
    });
  };
  // told.known: the secrets of those sessions of this person that are still on, of all this browser keeps something for
  const openTold = (base, told) => {
    if (base && base.account !== told.account) return wipe().then(() => openTold(null, told)).then(state => (state === "open" ? "other" : state));
    const known = [secret()].concat(told.known || []).filter(Boolean);
    const old = base ? known.reduce((before, each) => before.then(found => found || unwrapped(base, each, true)), Promise.resolve(null)) : Promise.resolve(null);
    return old.then(made => {
      if (base && !made) return wipe().then(() => openTold(null, told)).then(state => (state === "open" ? "over" : state));   // of a session that is over
      return (made ? Promise.resolve({ base, made }) : begun(told.account)).then(kept => rewrapped(kept.base, kept.made, told)).then(found => {
        if (!secret()) return wipe().then(() => "shut");                   // a browser that takes no cookie keeps nothing
        key = found;
        here = told.account;
        return ends(told.seconds_left).then(() => "open");
      });
    });
  };
  const open = told => (is ? get("keys", "base").then(base => (told ? openTold(base, told) : openAlone(base))) : Promise.resolve("shut"));

  // -- rows -----------------------------------------------------------------------------------------------------------

  const needKey = () => { if (!key) throw Object.assign(new Error("shut"), { isShut: true }); return key; };
  // All of it at once, or nothing: [{ name, value }, { name, data }, { name, isGone: true }]; `waits` is how many things are not sent then.
  // In the order asked for, however long the sealing takes: what was written before never replaces what was written after it.
  let written = Promise.resolve();
  const sealedOf = async ({ name, value, data, isGone }) => {
    if (isGone) return { name, isGone };
    const sealed = await (data ? seals.sealBytes(needKey(), name, data) : seals.seal(needKey(), name, value));
    return { name, sealed, isBytes: Boolean(data) };
  };
  const write = (changes, waits) => {
    const sealing = Promise.all(changes.map(sealedOf)), before = written;
    const done = sealing.then(all => before.then(() => within(["rows", "bytes", "keys"], "readwrite", (rows, bytes, keys) => {
      needKey();                                                           // wiped meanwhile
      all.forEach(({ name, sealed, isBytes, isGone }) => {
        if (isGone) { rows.delete(name); bytes.delete(name); } else (isBytes ? bytes : rows).put({ name, iv: sealed.iv, data: sealed.data });
      });
      if (waits !== undefined) keys.put({ name: "waiting", count: waits });
    })));
    written = done.catch(() => {});
    return done;
  };
  const bytes = name => get("bytes", name).then(row => (row ? seals.openBytes(needKey(), name, row) : null));
  const load = () => written.then(() => within(["rows"], "readonly", rows => asked(rows.getAll()))).then(rows =>
    Promise.all(rows.map(row => seals.open(needKey(), row.name, row).then(value => [row.name, value], () => null)))).then(all => new Map(all.filter(Boolean)));
  const waiting = () => (is ? get("keys", "waiting").then(row => (row ? row.count : 0)) : Promise.resolve(0));

  // -- wiping ---------------------------------------------------------------------------------------------------------

  const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(NAME) : null, listeners = [];
  const forget = () => { key = here = null; };
  const wipe = () => {
    forget();
    dropSecret();
    if (!is) return Promise.resolve();
    if (channel) channel.postMessage("wiped");
    return within(["keys", "rows", "bytes"], "readwrite", (...stores) => stores.forEach(store => store.clear())).then(() => {
      if (database) { database.close(); database = null; }
      return new Promise(done => { const request = indexedDB.deleteDatabase(NAME); request.onsuccess = request.onerror = request.onblocked = () => done(); });
    });
  };
  const tell = what => { if (channel) channel.postMessage(what); };
  if (channel) channel.onmessage = event => { if (event.data === "wiped") forget(); listeners.forEach(listener => listener(event.data)); };

  self.langbiangField = { is, PATH, open, refs, endsAt, load, write, bytes, waiting, wipe, secret, tell, account: () => here, isOpen: () => Boolean(key), listen: listener => listeners.push(listener) };
})();
