// Finding a part of the drawing by its names in both languages or by its id; accents need not be typed.
import { isA, nameOf, objectOf, propertiesOf } from "./elements.js";
import { vocabulary } from "./page.js";

/** "Phê duyệt" → "phe duyet", letter by letter, so that places stay where they are. */
export const fold = text => [...text.normalize("NFC")].map(each => each.normalize("NFD")[0].replace(/[đĐ]/, "d").toLowerCase()).join("");

class SearchProvider {
  constructor(elementRegistry, searchPad, canvas) {
    this.find = pattern => {
      const words = fold(pattern).split(/\s+/).filter(Boolean);
      const found = elementRegistry.filter(each => !each.labelTarget && each !== canvas.getRootElement()).map(each => match(each, words));
      return found.filter(Boolean).sort((one, other) => one.rank - other.rank || one.name.localeCompare(other.name));
    };
    searchPad.registerProvider(this);
  }
}
SearchProvider.$inject = ["elementRegistry", "searchPad", "canvas"];

function match(element, words) {
  const object = objectOf(element), { label_en, label_vi } = propertiesOf(object);
  const own = nameOf(object, vocabulary.language), id = object.id, name = own === id ? "" : own.normalize("NFC"), [first] = words;
  const all = [name, object.name, label_vi, label_en, id, object.text].filter(Boolean).map(fold).join("\n");
  if (!words.length || !words.every(each => all.includes(each))) return null;
  const place = fold(id) === words.join(" ") ? 0 : fold(name).startsWith(first) ? 2 : fold(name).includes(first) ? 4 : 6;
  const rank = place + (isA(element, "bpmn:FlowNode") ? 0 : 1);
  return { element, name, rank, primaryTokens: marked(name, words), secondaryTokens: marked(id, words) };
}

/** A text in pieces, those that were looked for marked. */
function marked(text, words) {
  const plain = fold(text), hit = [...plain].map(() => false);
  for (const word of words) for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + 1)) hit.fill(true, at, at + word.length);
  const pieces = [];
  [...text].forEach((letter, at) => {
    if (pieces.length && pieces.at(-1).match === hit[at]) pieces.at(-1).value += letter;
    else pieces.push({ value: letter, match: hit[at] });
  });
  return pieces;
}

export const searchModule = { __init__: ["studioSearch"], studioSearch: ["type", SearchProvider] };
