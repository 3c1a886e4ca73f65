// The library's own sentences, in the reader's language: all of them stand in web/studio/words.py under what the library calls them.
import { fill, missing, vocabulary } from "./page.js";

export function translate(words, values = {}) {
  if (vocabulary.words[words] === undefined) missing.add(words);
  return fill(vocabulary.words[words] ?? words, values);
}

export const wordsModule = { translate: ["value", translate] };
