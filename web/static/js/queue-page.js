// The list of what waits in this browser (templates/offline/queue.html), ES2019. Every text stands in the page; here it is only filled in.
"use strict";
(function () {
  const core = self.langbiangQueue, list = document.querySelector("[data-list]");
  const find = (selector, within) => (within || document).querySelector(selector);
  const cannot = find("[data-list-cannot]");
  if (!list) return;
  if (!core || !core.is) { cannot.hidden = false; return; }
  const template = find("[data-row]"), texts = find("[data-sure-all]").dataset, leaving = find("[data-leaving]");
  const at = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : "vi", { day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const hour = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : "vi", { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" });
  const LONGEST = 140;

  const owner = self.langbiangOwner, hasAccount = owner !== "guest";
  const own = () => core.all().then(all => ({
    mine: all.filter(report => report.owner === owner && report.state !== "held" && report.state !== "asked")
      .sort((a, b) => (b.state === "sent") - (a.state === "sent") || b.savedAt - a.savedAt),
    others: all.filter(report => report.owner !== owner && report.state !== "sent" && report.state !== "asked").length,
  }));

  const fill = report => {
    const row = document.importNode(template.content, true).firstElementChild, part = name => find("[data-" + name + "]", row);
    const isSent = report.state === "sent", isRefused = report.state === "refused";
    row.dataset.key = report.key;
    row.querySelectorAll("[data-state]").forEach(tag => { tag.hidden = tag.dataset.state !== report.state; });
    part("at").textContent = at.format(new Date(report.savedAt));
    part("at").dateTime = new Date(report.savedAt).toISOString();
    part("head").hidden = isSent;
    if (isSent) {
      part("sent-title").textContent = texts.sentTitle.replace("{code}", report.code);
      part("sent-at").textContent = texts.sentAt.replace("{sent}", hour.format(new Date(report.sentAt || report.savedAt))).replace("{written}", hour.format(new Date(report.savedAt)));
      if (report.secret) part("copy").dataset.copy = report.code + " " + report.secret;
      [["summary", report.summary], ["place", report.place], ["photos", report.photos ? String(report.photos) : ""], ["accepted", report.acceptedBy]].forEach(([name, value]) => {
        part("fact-" + name).parentElement.hidden = !value;
        part("fact-" + name).textContent = value || "";
      });
    }
    part("copy").hidden = !isSent || !report.secret || !navigator.clipboard;
    const isPartly = report.state === "waiting" && report.arrived > 0;
    part("arrived").hidden = !isPartly;
    if (isPartly) part("arrived").textContent = part("arrived").dataset.words.replace("{n}", report.arrived).replace("{all}", report.files.length);
    const words = ((report.fields.find(([name]) => name === "words") || [])[1] || "").trim();
    part("words").textContent = words.length > LONGEST ? words.slice(0, LONGEST) + "…" : words;
    part("words").hidden = !words;
    part("no-words").hidden = Boolean(words) || isSent;
    part("files").hidden = !report.files.length;
    row.querySelectorAll("[data-count]").forEach(count => {
      const number = report.files.filter(file => file.kind === count.dataset.count).length;
      count.hidden = !number;
      find("b", count).textContent = number;
    });
    row.querySelectorAll("[data-why]").forEach(why => { why.hidden = isSent || isRefused || why.dataset.why !== report.why || !report.tries; });
    part("said").textContent = report.text || "";
    part("refusal").hidden = !isRefused;
    part("text").textContent = report.text || "";
    part("file").textContent = isRefused && report.file ? "«" + report.file + "»" : "";
    part("heavy").hidden = report.status !== 413;
    (report.faults || []).forEach(fault => {
      const item = document.createElement("li");
      item.textContent = fault.field + ": " + fault.text;
      part("faults").appendChild(item);
    });
    part("sent").hidden = part("sent-facts").hidden = !isSent;
    part("code").textContent = report.code || "";
    part("secret").textContent = report.secret || "";
    part("secret-part").hidden = !report.secret;
    part("follow").hidden = !isSent || !report.follow;
    // what stands behind # is never sent to a server
    if (isSent && report.follow) part("follow").href = report.follow + "#" + report.secret;
    part("mend").hidden = isSent;
    part("mend").href = texts.formPage + "#" + report.key;
    find("[data-act=noted]", row).hidden = !isSent;
    find("[data-act=delete]", row).hidden = isSent;
    find("[data-act=delete]", row).disabled = core.isLeaving(report);
    part("leaving-now").hidden = !core.isLeaving(report);
    part("unconfirmed").hidden = !isSent || !report.isUnconfirmed || !report.follow || !navigator.onLine;
    if (report.follow) part("confirm").href = report.follow + "#" + report.secret;
    return row;
  };

  const before = {};
  const tellAloud = mine => mine.forEach(report => {
    const told = find("[data-told-" + report.state + "]");
    if (told && before[report.key] && before[report.key] !== report.state) find("[data-told]").textContent = told.textContent + " " + (report.code || "");
    before[report.key] = report.state;
  });

  const draw = () => own().then(({ mine, others }) => {
    tellAloud(mine);
    const focused = document.activeElement && document.activeElement.closest && document.activeElement.closest("[data-key]");
    list.textContent = "";
    mine.forEach(report => list.appendChild(fill(report)));
    const waits = mine.filter(report => report.state === "waiting").length;
    const sent = mine.filter(report => report.state === "sent"), title = find("[data-title]");
    // a report that has just gone out by itself is what this page is about then
    title.textContent = sent.length === 1 ? texts.sentTitle.replace("{code}", sent[0].code) : title.dataset.title;
    find("[data-about]").hidden = sent.length === 1;
    list.querySelectorAll("[data-sent-title]").forEach(each => { each.hidden = sent.length === 1; });
    find("[data-list-send]").hidden = !waits;
    find("[data-list-empty]").hidden = mine.length > 0;
    find("[data-list-others]").hidden = !others;
    find("[data-others-count]").textContent = others;
    if (!waits) find("[data-list-saved]").hidden = true;
    if (focused) { const again = find("[data-key='" + focused.dataset.key + "'] button", list); if (again) again.focus(); }
  }).catch(() => { cannot.hidden = false; });

  const send = () => {
    find("[data-sending]").hidden = false;
    find("[data-send-failed]").hidden = true;
    const over = failed => { find("[data-sending]").hidden = true; find("[data-send-failed]").hidden = !failed; };
    return core.flush({ force: true }).then(() => over(false), () => over(true));
  };
  find("[data-send-all]").addEventListener("click", send);

  list.addEventListener("click", event => {
    const copy = event.target.closest("[data-copy]");
    if (copy) { navigator.clipboard.writeText(copy.dataset.copy).then(() => { copy.textContent = copy.dataset.copied; }); return; }
    const button = event.target.closest("[data-act]");
    if (!button) return;
    if (button.dataset.act === "delete" && !window.confirm(button.dataset.sure)) return;
    // one that has just set out is drawn again, with its button out of use
    core.discard(button.closest("[data-key]").dataset.key);
  });

  // -- before signing out -------------------------------------------------------------------------------------------------

  const unsent = () => own().then(({ mine }) => (hasAccount ? mine.filter(report => report.state !== "sent") : []));
  // What was sent the account has; the next to use this telephone need not read the secrets.
  const leave = () => own().then(({ mine }) => Promise.all(
    mine.filter(report => hasAccount && report.state === "sent").map(report => core.remove(report.key))))
    .then(() => core.forget(owner)).then(() => find("[data-leave-form]").submit());
  const ways = {
    send: () => send().then(unsent).then(rest => { if (rest.length) find("[data-leaving-failed]").hidden = false; else return leave(); return undefined; }),
    keep: leave,
    delete: () => (window.confirm(texts.sureAll) ? unsent().then(rest => Promise.all(rest.map(report => core.discard(report.key)))).then(gone => {
      if (gone.every(Boolean)) return leave();
      find("[data-leaving-failed]").hidden = false;                      // one is on its way
      return undefined;
    }) : undefined),
  };
  if (find("[data-leave-form]")) {
    leaving.addEventListener("click", event => {
      const button = event.target.closest("[data-leave]");
      if (button) ways[button.dataset.leave]();
    });
  }
  const arrive = () => {
    find("[data-list-saved]").hidden = location.hash !== "#saved";
    leaving.hidden = location.hash !== "#leaving" || !find("[data-leave-form]");
    if (leaving.hidden) return;
    unsent().then(rest => { find("[data-leaving-count]").textContent = rest.length; });
    find("#leaving").focus();
  };
  window.addEventListener("hashchange", arrive);
  arrive();
  core.listen(draw);
  draw();
})();
