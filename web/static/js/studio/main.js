// The editor of a draft: draws it, lets it be changed, saves by itself, shows what the check found.
//   [data-studio]   data-ready when drawn; data-saved: saved, unsaved, saving, waiting, refused, signed_out, conflict; data-revision;
//                   data-warnings: what the library did not understand; data-untranslated: sentences without words
import { flush } from "./controls.js";
import { drawingModule } from "./drawing.js";
import { nameOf, objectOf, penFor, processOf, propertiesOf } from "./elements.js";
import { findingsOf } from "./findings.js";
import { keysOf } from "./keys.js";
import { langbiang, spiffworkflow } from "./moddle.js";
import { data, el, missing, say } from "./page.js";
import { savePicture } from "./pictures.js";
import { propertiesFormOf } from "./properties.js";
import { savingOf, unsavedOf } from "./saving.js";
import { templatesOf } from "./templates.js";
import { wordsModule } from "./translate.js";
import { unreadElements } from "./unread.js";

const studio = document.querySelector("[data-studio]"), part = name => studio.querySelector(`[data-${name}]`);
const SMALLEST_READABLE = 1;                                      // at which the smallest names are 11 pixels high
const MARGIN = 16;
const isNarrow = matchMedia("(max-width: 991.98px)");
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const look = {
  bpmnRenderer: { defaultStrokeColor: colour("--ink-2") },
  moddleExtensions: { spiffworkflow, langbiang },
  textRenderer: { defaultStyle: { fontFamily: '"Be Vietnam Pro lean", sans-serif', fontSize: 11.5, lineHeight: 1.25 },
    externalStyle: { fontSize: 11, lineHeight: 1.25 } },
};

function notice(name, ...children) {
  const box = part("notices");
  box.querySelector(`[data-notice="${name}"]`)?.remove();
  if (children.length) box.append(el("div", { class: "banner", "data-notice": name, "data-tone": "wait", role: "status" }, el("div", {}, children)));
}

/** A part by its name, a flow by where it comes from and leads to. */
function wordsOf({ businessObject: object }) {
  const name = each => nameOf(each, data.vocabulary.language);
  return object.targetRef ? `${name(object.sourceRef)}: ${say("way_to", { name: name(object.targetRef) })}` : name(object);
}

const lines = sentences => el("ul", { class: "small" }, sentences.map(each => el("li", {}, each)));

async function start() {
  const kept = isNarrow.matches ? null : unsavedOf(data.ref);
  const xml = kept ? kept.xml : data.xml;
  if (isNarrow.matches) {
    await showOnly(xml, []);
    isNarrow.addEventListener("change", () => location.reload());
    return;
  }
  const modeler = new BpmnJS({ container: part("canvas"), additionalModules: [drawingModule], ...look });
  const { warnings } = await modeler.importXML(xml);
  studio.dataset.warnings = warnings.length;
  if (warnings.length) {
    modeler.destroy();
    await showOnly(xml, warnings.map(each => each.message));
    return;
  }
  const read = async () => (await modeler.saveXML({ format: true })).xml;
  edit({ modeler, kept, read, saved: kept ? null : await read() });
}

/** Without changing anything: on a narrow screen, and where a part was not understood and would be lost. */
async function showOnly(xml, warnings) {
  const viewer = new BpmnJS.NavigatedViewer({ container: part("canvas"), additionalModules: [wordsModule], ...look });
  await viewer.importXML(xml);
  studio.dataset.readonly = "";
  const go = element => {
    viewer.get("selection").select(element);
    viewer.get("canvas").scrollToElement(element, 80);
    part("canvas").scrollIntoView({ block: "nearest" });
  };
  const findings = findingsOf({ modeler: viewer, box: part("findings"), count: part("count"), go });
  findings.show(data.findings);
  if (warnings.length) notice("warnings", el("b", {}, say("readonly_warnings")), lines(warnings));
  ready(viewer);
}

function edit({ modeler, kept, read, saved }) {
  const touched = new Set(kept ? kept.touched : []);
  if (kept) data.revision = kept.revision;
  const pen = penFor(modeler, touched);
  const saving = savingOf({ read, saved, touched, tell });
  const ways = modeler.get("studioWays");
  const toLane = element => {
    const lane = ways.laneFor(element, propertiesOf(objectOf(element)).role);
    if (lane) ways.toLane(element, lane, pen);
    form.go(element);
  };
  const findings = findingsOf({ modeler, box: part("findings"), count: part("count"), go: element => form.go(element),
    mends: { lane_role: { words: say("mend_lane"), act: toLane } } });
  const form = propertiesFormOf({ modeler, box: part("properties"), pen, findings, put: templatesOf(modeler, pen) });
  const stack = modeler.get("commandStack");

  function tell(state, answer) {
    studio.dataset.saved = state;
    if (answer?.revision) studio.dataset.revision = answer.revision;
    if (answer?.saved_at) data.saved_at = answer.saved_at;
    part("state").textContent = say(`state_${state}`, { time: data.saved_at });
    part("state").dataset.tone = { waiting: "danger", refused: "danger", signed_out: "danger" }[state] || "";
    if (state === "saved") ["refused", "signed_out", "recovered"].forEach(each => notice(each));
    if (state === "refused") notice("refused", el("b", {}, answer.refusal), answer.elements?.length ? lines(answer.elements) : null);
    if (state === "signed_out") {
      notice("signed_out", el("p", {}, say("signed_out_words")),
        el("button", { type: "button", class: "btn btn-outline-secondary", onclick: () => saving.again() }, say("save_again")));
    }
    if (state === "conflict") conflict(answer);
    findings.areOfWhatIsDrawn(state === "saved");
    if (answer?.findings) {
      findings.show(answer.findings);
      form.showFindings();
    }
  }

  function conflict({ kept: own, current }) {
    studio.dataset.revision = own.revision;
    history.replaceState(null, "", own.url);
    part("number").textContent = say("draft_number", { number: own.number });
    part("back").href = own.version_url;
    notice("conflict", el("b", {}, say("conflict_heading", { name: current.saved_by, time: current.saved_at, number: current.number })),
      el("p", {}, say("conflict_words", { number: own.number })), el("p", { class: "row-flex" },
        el("a", { class: "btn btn-outline-secondary", href: current.url, target: "_blank", rel: "noopener" },
          say("conflict_theirs", { number: current.number })),
        el("button", { type: "button", class: "btn btn-primary", onclick: () => notice("conflict") }, say("conflict_mine", { number: own.number }))));
  }

  const unread = () => unreadElements().map(id => modeler.get("elementRegistry").get(id)).filter(Boolean);

  /** Say on which parts something typed is not read; of the one whose form is open only when asked for. */
  function sayUnread(withOpen = false) {
    const left = unread().filter(each => withOpen || each.id !== part("properties").dataset.element);
    notice("unread", ...(left.length ? [el("b", {}, say("unread_heading")), el("ul", {}, left.map(each => el("li", {},
      el("button", { type: "button", class: "linkbtn", "data-unread-at": each.id, onclick: () => form.go(each) }, wordsOf(each)))))] : []));
  }

  const check = async () => {
    flush();
    await saving.save();
    sayUnread(true);
  };
  const minimap = modeler.get("minimap"), search = () => modeler.get("searchPad").toggle();
  const keys = keysOf({ save: check, search, minimap: () => minimap.toggle() });
  modeler.on("minimap.toggle", ({ open }) => part("minimap").setAttribute("aria-pressed", String(open)));
  part("editing").hidden = false;
  part("minimap").addEventListener("click", () => minimap.toggle());
  part("search").addEventListener("click", event => {
    event.stopPropagation();                                         // a click outside the search closes it
    search();
  });
  part("keys").addEventListener("click", keys.help);
  part("canvas").querySelectorAll(".djs-palette [aria-label]").forEach(each => { each.title = each.getAttribute("aria-label"); });

  const changed = () => {
    part("undo").disabled = !stack.canUndo();
    part("redo").disabled = !stack.canRedo();
    studio.dataset.untranslated = [...missing].join(" | ");
  };
  modeler.on("commandStack.changed", ({ trigger }) => {
    changed();
    sayUnread();
    if (trigger !== "clear") saving.change();
  });
  modeler.on("selection.changed", () => sayUnread());
  modeler.on(["shape.replaced", "commandStack.shape.replace.postExecuted"], ({ context }) => {
    for (const each of [context?.oldShape, context?.newShape]) if (each) touched.add(each.businessObject.id);
  });
  part("undo").addEventListener("click", () => { flush(); stack.undo(); });
  part("redo").addEventListener("click", () => stack.redo());
  part("check").addEventListener("click", async () => {
    await check();
    showFindings();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) flush(); });
  addEventListener("beforeunload", event => {
    flush();
    if (!unread().length) return;
    event.preventDefault();
    event.returnValue = "";
  }, { capture: true });

  findings.show(data.findings);
  form.draw();
  changed();
  studio.dataset.saved = "saved";
  studio.dataset.revision = data.revision;
  if (kept) {
    notice("recovered", say("recovered"));
    saving.change();
  }
  ready(modeler);
}

/** Show the start of the case, large enough to read, with the lane names next to the palette and not under it. */
function showBeginning(viewer, canvas) {
  const registry = viewer.get("elementRegistry"), processIs = id => each => processOf(objectOf(each))?.id === id;
  const starts = registry.filter(each => each.type === "bpmn:StartEvent"), start = starts.find(processIs("case")) || starts[0];
  canvas.zoom("fit-viewport", "auto");
  if (!start) return;
  const pool = registry.find(each => each.type === "bpmn:Participant" && objectOf(each).processRef === processOf(objectOf(start)));
  const zoom = Math.max(canvas.zoom(), SMALLEST_READABLE), outer = part("canvas").getBoundingClientRect();
  const palette = part("canvas").querySelector(".djs-palette")?.getBoundingClientRect();
  const beside = palette?.width ? palette.right - outer.left + MARGIN : MARGIN;
  const size = { width: outer.width / zoom, height: outer.height / zoom };
  canvas.viewbox({ ...size, x: (pool || start).x - beside / zoom, y: start.y + start.height / 2 - size.height / 2 });
}

const showFindings = () => part("findings").scrollIntoView({ block: "start" });

function ready(viewer) {
  const canvas = viewer.get("canvas");
  showBeginning(viewer, canvas);
  part("tools").hidden = false;
  part("count").addEventListener("click", showFindings);
  part("tools").addEventListener("click", event => {
    const how = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (how === "fit") canvas.zoom("fit-viewport", "auto");
    else if (how) canvas.zoom(canvas.zoom() * (how === "in" ? 1.25 : 0.8));
  });
  part("export").addEventListener("click", async event => {
    const kind = event.target.closest("[data-picture]")?.dataset.picture;
    if (!kind) return;
    part("export").open = false;
    notice("picture");
    try {
      await savePicture(viewer, kind, { name: data.file_name, url: data.picture_url, token: data.token });
    } catch (fault) {
      notice("picture", fault.message || say("picture_failed"));
    }
  });
  studio.dataset.untranslated = [...missing].join(" | ");
  studio.dataset.ready = "";
}

start().catch(fault => {
  notice("failed", el("b", {}, say("not_drawn")), lines([fault.message]));
  studio.dataset.ready = "failed";
});
