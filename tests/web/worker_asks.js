// node worker_asks.js SCRIPT [ROOT]: runs the service worker of the site far enough to be installed and to take over, and prints what it asked
// for and how, what it keeps where, and which stores it threw away. Pages it asks for name one file each; nothing is fetched.
"use strict";
const fs = require("fs"), vm = require("vm");

const root = process.argv[3] || "/", heard = {}, asked = [], kept = [], opened = [], thrown = [], OTHERS = ["langbiang-before", "of-somebody-else"];
const answer = address => ({ ok: true, headers: new Map(), clone: () => answer(address),
  text: () => Promise.resolve(`<script src="${root}static/js/of.js?v=abc123"></script><link href="${root}static/css/of.css?v=def456">`) });
const cache = { put: address => { kept.push(address); return Promise.resolve(); }, match: () => Promise.resolve(undefined) };
const self = {
  location: new URL(`https://phan-anh.example${root}sw.js`), skipWaiting: () => {}, clients: { claim: () => {} },
  addEventListener: (name, act) => { heard[name] = act; },
};
const world = {
  self, URL, Promise, Set, Array, Response: {}, importScripts: () => {},
  caches: {
    match: () => Promise.resolve(undefined),
    open: name => { opened.push(name); return Promise.resolve(cache); }, keys: () => Promise.resolve(OTHERS.concat(opened[0])),
    delete: name => { thrown.push(name); return Promise.resolve(true); },
  },
  fetch: (address, how) => { asked.push([address, how || {}]); return Promise.resolve(answer(address)); },
};
vm.runInNewContext(fs.readFileSync(process.argv[2], "utf8"), world);
const done = name => new Promise((over, failed) => heard[name]({ waitUntil: work => work.then(over, failed) }));
done("install").then(() => done("activate")).then(() => console.log(JSON.stringify({ asked, kept, opened, thrown })), fault => { console.error(fault); process.exit(1); });
