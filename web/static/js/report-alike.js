// Cases alike in the report form, ES2019: asked for once the form says what and where, shown in [data-alike] between the words and the contact.
// “Tôi cũng gặp” is counted without leaving the form; “Báo tôi” takes along the contact that stands in it (form#tell, in a window of its own).
"use strict";
(function () {
  const form = document.querySelector("form[data-report]"), box = form && form.querySelector("[data-alike]"), token = form && form.elements.csrf_token;
  if (!box || !token) return;                                                  // a page kept for use without a signal asks nobody
  const elements = form.elements, ASKED = ["words", "area", "village", "latitude", "longitude", "follows"], PAUSE = 800, LEAST_WORDS = 2;
  let waiting = 0, last = "", turn = 0;

  const see = () => {
    const section = box.querySelector("[data-codes]");
    if (!section) return;
    const seen = elements.alike_seen.value.split(" ").concat(section.dataset.codes.split(" ")).filter(Boolean);
    elements.alike_seen.value = Array.from(new Set(seen)).join(" ");
  };
  const post = (address, values, headers) => {
    const body = new FormData();
    body.append("csrf_token", token.value);
    values.forEach(([name, value]) => body.append(name, value));
    return fetch(address, { method: "POST", body, headers: headers || {}, credentials: "same-origin" });
  };
  const ask = () => {
    const values = ASKED.map(name => [name, elements[name].value.trim()]), [words, area, , latitude] = values.map(each => each[1]);
    const now = JSON.stringify(values), isCounted = box.querySelector("[data-met]:not([hidden])");
    if (now === last || isCounted || words.split(/\s+/).length < LEAST_WORDS || !(area || latitude) || !navigator.onLine) return;
    const mine = ++turn;
    last = now;
    post(box.dataset.alikeUrl, values).then(answer => (answer.ok ? answer.text() : "")).then(html => {
      if (mine !== turn || box.contains(document.activeElement)) return;
      const piece = new DOMParser().parseFromString(html, "text/html");        // made by the server; no script in it runs
      box.textContent = "";
      Array.from(piece.body.childNodes).forEach(node => box.appendChild(document.importNode(node, true)));
      see();
    }).catch(() => { last = ""; });
  };
  const later = () => { clearTimeout(waiting); waiting = setTimeout(ask, PAUSE); };
  ["located", "pointed", "restored"].forEach(name => form.addEventListener(name, later));
  ["input", "change"].forEach(name => form.addEventListener(name, event => { if (ASKED.includes(event.target.name)) later(); }));
  see();
  later();

  const count = (button, act) => {
    const row = button.closest("li"), said = row.querySelector("[data-me-too]"), met = row.querySelector("[data-met]"), failed = row.querySelector("[data-met-failed]");
    return post(said.dataset.meToo, [["act", act]], { Accept: "application/json" }).then(answer => answer.json().then(found => {
      if (!answer.ok) throw found;
      const isMet = act === "say", words = met.querySelector("[data-met-words]");
      words.textContent = words.dataset.metWords.replace("{n}", found.also);
      said.parentElement.hidden = isMet;
      met.hidden = !isMet;
      failed.hidden = true;
      met.querySelector("[data-met-back]").hidden = false;
      (isMet ? met.querySelector("button") : said).focus();
    })).catch(found => {
      failed.hidden = false;
      if (found && found.error) failed.querySelector("span").textContent = found.error;
    });
  };
  box.addEventListener("click", event => {
    const button = event.target.closest("[data-me-too], [data-met-back]");
    if (!button) return;
    event.preventDefault();
    count(button, button.hasAttribute("data-me-too") ? "say" : "take_back");
  });
  const tell = document.getElementById("tell");
  if (!tell || !elements.contact) return;
  // there only while it is sent, so that the form has one field of that name
  tell.addEventListener("submit", () => {
    const contact = document.createElement("input");
    contact.type = "hidden";
    contact.name = "contact";
    contact.value = elements.contact.value;
    tell.append(contact);
    setTimeout(() => { contact.remove(); delete tell.dataset.sent; });       // it opens a window of its own, and may again
  });
})();
