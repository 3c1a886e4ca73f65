// The page's data from the server, and what it fetches: the text, the words in the reader's language, what a diagram may name.
const told = JSON.parse(document.getElementById("studio-data").textContent);
export const data = { ...told, ...await read(told.source_url) };
export const vocabulary = data.vocabulary;

/** What the editor works on; without it the page says so and nothing else runs. */
async function read(url) {
  try {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.status);
    return await answer.json();
  } catch (fault) {
    document.querySelector("[data-unreachable]").hidden = false;
    document.querySelector("[data-studio]").dataset.ready = "failed";
    throw fault;
  }
}

/** The sentence of this name, with {places} filled. */
export function say(key, values = {}) {
  const words = vocabulary.words[key];
  if (words === undefined) missing.add(key);
  return fill(words ?? key, values);
}

/** Names of sentences that were asked for and are in no dictionary; the page shows them in data-untranslated. */
export const missing = new Set();

export const fill = (words, values) => words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

/** An element with attributes, listeners (on…: function) and children; nothing is ever read as HTML. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (["value", "checked", "selected"].includes(name)) made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** One icon of the sprite; decoration only. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${data.icons[name]}#i-${name}`);
  svg.append(use);
  return svg;
}
