// Keeps the report form and the list of what waits for a telephone without a signal; served as sw.js next to the home page, for the whole site, ES2019.
// It answers for the addresses named here and for the files the three pages it keeps are made of. Every other request, those of staff
// pages among them, goes past it untouched, and nothing that was asked with somebody's cookies is ever put down.
// The field desk's page is kept only in telephones that have opened it; signing out wipes what its script has kept (field-store.js).
//   self.LANGBIANG = { version, form, queue, away, field }    put in front by the server, with seal.js, queue-core.js and field-store.js
"use strict";
(function () {
  const { version, form, queue, away, field } = self.LANGBIANG;
  const NAME = "langbiang-" + version;
  const ROOT = new URL(".", self.location).pathname, STATIC = ROOT + "static/", NEW_REPORT = ROOT + "reports/new", QUEUE_AT = ROOT + "offline/queue";
  const FORM_AT = [ROOT, NEW_REPORT, ROOT + "offline"], NEEDS_NETWORK = [ROOT + "reports", ROOT + "track"];
  const FIELD_AT = ROOT + "field", SIGN_OUT = ROOT + "sign-out";

  // A worker that shows notices, too. Browsers too old to read that script have no notices anyway.
  try { importScripts(ROOT + "push-worker.js"); } catch (error) { /* as said */ }

  const fileNames = html => {
    const found = new Set();
    html.replace(/\s(?:href|src)="([^"#]+\?v=[0-9a-f]+)/g, (_all, name) => { if (name.startsWith(STATIC)) found.add(name.replace(/&amp;/g, "&")); return ""; });
    return Array.from(found);
  };

  // asked as nobody: what a page says to somebody signed in cannot come here
  const keepPage = (cache, address) => fetch(address, { credentials: "omit", cache: "no-cache", redirect: "error" }).then(answer => {
    if (!answer.ok || /no-store/.test(answer.headers.get("Cache-Control") || "")) throw new Error("not to be kept");
    return answer.clone().text().then(html => cache.put(address, answer).then(() => fileNames(html)));
  });
  const keepFile = (cache, address) => fetch(address, { credentials: "omit" }).then(answer => {
    if (!answer.ok) throw new Error("not there");
    return cache.put(address, answer);
  });

  const keepPages = pages => caches.open(NAME).then(cache =>
    Promise.all(pages.map(address => keepPage(cache, address))).then(lists => {
      const names = new Set([].concat(...lists));
      return Promise.all(Array.from(names).map(name => keepFile(cache, name)));
    }));
  const hasField = () => caches.match(field, { ignoreSearch: true, ignoreVary: true }).then(Boolean);
  self.addEventListener("install", event => {
    self.skipWaiting();
    event.waitUntil(hasField().then(isKept => keepPages([form, queue, away].concat(isKept ? field : []))));
  });

  self.addEventListener("activate", event => {
    event.waitUntil(caches.keys()
      .then(names => Promise.all(names.filter(name => name.startsWith("langbiang-") && name !== NAME).map(name => caches.delete(name))))
      .then(() => self.clients.claim()));
  });

  const kept = address => caches.open(NAME).then(cache => cache.match(address, { ignoreVary: true }));
  const or = (first, address) => first.catch(error => kept(address).then(page => { if (page) return page; throw error; }));

  // A page that came as an answer to something sent is not sent again on the way back.
  const isGoneBackTo = request => request.isHistoryNavigation || request.cache === "force-cache" || request.cache === "only-if-cached";

  self.addEventListener("fetch", event => {
    const request = event.request, url = new URL(request.url);
    if (url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (request.method === "GET" && FORM_AT.includes(url.pathname)) event.respondWith(or(fetch(request), form));
      else if (request.method === "GET" && url.pathname === QUEUE_AT) event.respondWith(or(fetch(request), queue));
      else if (request.method === "GET" && NEEDS_NETWORK.includes(url.pathname)) event.respondWith(or(fetch(request), away));
      else if (request.method === "GET" && url.pathname === FIELD_AT) event.respondWith(or(fetch(request), field));
      else if (request.method === "POST" && url.pathname === SIGN_OUT) event.waitUntil(self.langbiangField.wipe().catch(() => {}));
      // the page has put the report down before it sent it: it waits in the list
      else if (request.method === "POST" && url.pathname === NEW_REPORT) {
        event.respondWith(fetch(request).catch(() => Response.redirect(isGoneBackTo(request) ? url.pathname + "?sent" : QUEUE_AT, 303)));
      }
      return;
    }
    // its own page asks for it once, as nobody, so that it is kept
    if (request.method === "GET" && url.pathname + url.search === field) event.waitUntil(hasField().then(isKept => isKept || keepPages([field])).catch(() => {}));
    if (request.method === "GET" && url.pathname.startsWith(STATIC) && url.searchParams.has("v")) {
      event.respondWith(kept(url.pathname + url.search).then(file => file || fetch(request)));
    }
  });

  self.addEventListener("sync", event => {
    if (event.tag === self.langbiangQueue.TAG) event.waitUntil(self.langbiangQueue.flush({ force: true }));
  });
})();
