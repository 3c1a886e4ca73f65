// What was typed and cannot be read, or is not complete: it stays on the page, is written nowhere, and is named until somebody mends it.
const kept = new Map();

const keyOf = (id, part) => `${id} ${part}`;

/** `id` is the element's, `part` names the place on its form. */
export const unreadOf = (id, part) => kept.get(keyOf(id, part))?.what;
export const keepUnread = (id, part, what) => kept.set(keyOf(id, part), { id, what });
export const forgetUnread = (id, part) => kept.delete(keyOf(id, part));

/** Of the parts of an element only those named here are still there. */
export function forgetUnreadBut(id, parts) {
  for (const [key, each] of kept) if (each.id === id && !parts.some(part => keyOf(id, part) === key)) kept.delete(key);
}

/** The ids of the elements on whose forms something is unread. */
export const unreadElements = () => [...new Set([...kept.values()].map(each => each.id))];
