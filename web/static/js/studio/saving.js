// Saving by itself: a little after each change, again and again while it fails, and never over what somebody else saved.
import { data } from "./page.js";

const QUIET = 2000;
const LONGEST_UNSAVED = 5000;                                        // who draws without a pause is saved all the same
const PAUSES = [2000, 4000, 8000, 15000, 30000];
/** Names this opened page, so that a save whose answer was lost is known for its own, and not that of another tab. */
const page = [...crypto.getRandomValues(new Uint8Array(12))].map(each => each.toString(16).padStart(2, "0")).join("");

/** `read` gives the text; `saved` is the one that needs no saving, null for none. `tell(state, answer)` is told of "unsaved",
 *  "saving", "saved", "waiting", "refused", "signed_out", "conflict". */
export function savingOf({ read, saved, touched, tell }) {
  let { ref, revision } = data, timer = 0, failures = 0, running = null, changed = false, token = data.token, since = 0;

  const keep = xml => inStore(store => store.setItem(key(ref), JSON.stringify({ xml, revision, touched: [...touched] })));
  const forget = of => inStore(store => store.removeItem(key(of)));
  const later = pause => { clearTimeout(timer); timer = setTimeout(save, pause); };

  function change() {
    if (!changed) since = Date.now();
    changed = true;
    if (!running) tell("unsaved");
    later(Math.max(0, Math.min(QUIET, since + LONGEST_UNSAVED - Date.now())));
  }

  /** Save now; the promise ends when nothing more is to be saved or it could not be. */
  async function save() {
    clearTimeout(timer);
    if (running) return running.then(() => (changed ? save() : undefined));
    running = send();
    try { await running; } finally { running = null; }
    if (changed && !failures) later(QUIET);
    return undefined;
  }

  async function send() {
    changed = false;
    const xml = await read();
    if (xml === saved && !failures) return tell("saved", {});
    tell("saving");
    keep(xml);
    let response;
    try {
      response = await fetch(address(ref), { method: "PUT", credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": token, Accept: "application/json" },
        body: JSON.stringify({ xml, revision, touched: [...touched], page }) });
    } catch {
      return fail("waiting");
    }
    if (response.status >= 500) return fail("waiting");
    if ([400, 401, 403, 404].includes(response.status)) return fail("signed_out", false);
    let answer;
    try { answer = await response.json(); } catch { return fail("waiting"); }
    if (response.status === 413 || response.status === 422) return refuse(answer);
    if (response.status === 409 && answer.kept) return part(xml, answer);
    if (!response.ok) return fail("waiting");
    failures = 0;
    saved = xml;
    revision = answer.revision;
    forget(ref);
    return tell(changed ? "unsaved" : "saved", answer);
  }

  function fail(state, again = true) {
    if (again) later(PAUSES[Math.min(failures, PAUSES.length - 1)]);
    failures++;
    changed = true;
    tell(state, {});
  }

  function refuse(answer) {
    failures = 0;
    changed = false;
    saved = null;                                                    // what stands on the page is saved nowhere yet
    tell("refused", answer);
  }

  /** Somebody else saved meanwhile: what was sent stands as a draft of its own, and from here on that one is written. */
  function part(xml, answer) {
    forget(ref);
    failures = 0;
    saved = xml;
    ({ ref, revision } = answer.kept);
    tell("conflict", answer);
  }

  /** Sign-in may have been renewed in another tab: fetch the page's token again, then save. */
  async function again() {
    try {
      const fresh = new DOMParser().parseFromString(await (await fetch(location.href, { credentials: "same-origin" })).text(), "text/html");
      const block = fresh.getElementById("studio-data");
      if (block) token = JSON.parse(block.textContent).token;
    } catch { /* still no connection: the attempt below says so */ }
    return save();
  }

  const isUnsaved = () => changed || Boolean(running) || failures > 0 || saved === null;
  addEventListener("online", () => { if (isUnsaved()) save(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden && isUnsaved()) save(); });
  addEventListener("beforeunload", event => {
    if (!isUnsaved()) return;
    event.preventDefault();
    event.returnValue = "";
  });
  return { change, save, again, isUnsaved };
}

/** The browser's store may be full or shut; what is not kept there is still on the page. */
function inStore(act) {
  try { return act(sessionStorage); } catch { return null; }
}

const key = ref => `langbiang-studio-${ref}`;
const address = ref => data.save_url.replace(data.ref, ref);

/** What this browser still holds unsaved of a draft: `{xml, revision, touched}` or null. */
export function unsavedOf(ref) {
  const kept = JSON.parse(inStore(store => store.getItem(key(ref))) || "null");
  return kept && kept.xml !== data.xml ? kept : null;
}
