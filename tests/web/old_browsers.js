// node old_browsers.js FILE…: one line for everything in these scripts that a WebView of about 2019 (Chrome 80) does not know.
// Syntax: whatever is not ES2019. Calls: what came later, unless a condition around the call asks whether it is there.
"use strict";
const fs = require("fs"), path = require("path");
const acorn = require(path.join(__dirname, "../vendor/acorn/acorn.js"));
const { ancestor, full } = (() => {
  // acorn-walk asks for nothing, so it needs no node_modules
  const shim = { exports: {} };
  new Function("module", "exports", fs.readFileSync(path.join(__dirname, "../vendor/acorn-walk/walk.js"), "utf8"))(shim, shim.exports);
  return shim.exports;
})();

const METHODS = new Set([                                     // of anything: the name alone tells
  "replaceAll", "at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with", "hasOwn", "groupBy", "fromAsync", "randomUUID",
  "replaceChildren", "checkVisibility", "showPicker", "showPopover", "throwIfAborted", "isWellFormed", "union", "intersection", "withResolvers",
]);
const OF = new Set(["Promise.any", "AbortSignal.timeout", "AbortSignal.any", "URL.canParse", "Response.json", "Intl.Segmenter"]);
const GLOBALS = new Set(["structuredClone", "WeakRef", "FinalizationRegistry", "AggregateError", "scheduler", "reportError", "Iterator"]);

const nameOf = node => node.type === "Identifier" ? node.name : node.type === "Literal" ? String(node.value) : null;
const mentions = (test, name) => {
  let found = false;
  full(test, node => { if (nameOf(node) === name || (node.type === "MemberExpression" && nameOf(node.property) === name)) found = true; });
  return found;
};
const isAsked = (name, ancestors) => ancestors.slice(0, -1).some((node, place) => {
  const inside = ancestors[place + 1];
  const test = node.type === "LogicalExpression" ? node.left : /^(If|While)Statement$|^ConditionalExpression$/.test(node.type) ? node.test : null;
  return test && inside !== test && mentions(test, name);
});

const look = file => {
  const text = fs.readFileSync(file, "utf8"), found = [];
  let tree;
  try {
    tree = acorn.parse(text, { ecmaVersion: 2019, sourceType: "script", locations: true, allowHashBang: false });
  } catch (error) {
    return [`${file}: ${error.message}`];
  }
  const tell = (node, name, ancestors) => {
    if (!isAsked(name, ancestors)) found.push(`${file}: ${name} is newer (${node.loc.start.line}:${node.loc.start.column})`);
  };
  ancestor(tree, {
    MemberExpression(node, _state, ancestors) {
      const name = node.computed ? null : nameOf(node.property), above = ancestors[ancestors.length - 2];
      const isCalled = above && (above.type === "CallExpression" || above.type === "NewExpression") && above.callee === node;
      if (isCalled && METHODS.has(name)) tell(node, name, ancestors);
      if (isCalled && OF.has(`${nameOf(node.object)}.${name}`)) tell(node, name, ancestors);
    },
    Identifier(node, _state, ancestors) {
      const above = ancestors[ancestors.length - 2];
      if (GLOBALS.has(node.name) && !(above && above.type === "UnaryExpression" && above.operator === "typeof")) tell(node, node.name, ancestors);
    },
  });
  return found;
};

process.stdout.write(process.argv.slice(2).map(look).reduce((all, each) => all.concat(each), []).join("\n"));
