// Numbers as people here write them: 12,5 or 12.5. What could mean two numbers is asked again, as on the pages of steps.
import { say, vocabulary } from "./page.js";

const GROUPED = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/;
const POINTED = /^[+-]?\d+\.\d+$/;
const DECIMAL = /^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$/;
const WRITABLE = /^-?\d+(\.\d+)?$/;
const LONGEST = 40;

/** `{number}`, or `{reason}`: the sentence that says how to write it. */
export function numberFrom(text) {
  const words = text.replace(/\s/g, "").replace("−", "-");
  if (GROUPED.test(words)) return { reason: say("number_unclear") };
  const plain = POINTED.test(words) ? words : DECIMAL.test(words) ? words.replaceAll(".", "").replace(",", ".") : "";
  const number = Number(plain);
  // what conditions cannot be written with (1e+21) is not taken either
  const isRead = plain && words.length <= LONGEST && WRITABLE.test(String(number));
  return isRead ? { number } : { reason: say("number_unread") };
}

/** A number of the diagram as it stands in an input. */
export const numberIn = value => (vocabulary.language === "en" ? String(value) : String(value).replace(".", ","));
