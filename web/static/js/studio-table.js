// The table of suggested agencies: rows are added, moved and removed without asking the server. Without this script the same
// buttons send the form, and it comes back changed.
"use strict";
(() => {
  const body = document.querySelector("[data-rules]"), blank = document.querySelector("[data-blank]");
  if (!body) return;
  const form = body.closest("form");
  let made = 0;

  function number() {
    const rows = [...body.children];
    rows.forEach((row, at) => {
      row.querySelector("[data-number]").textContent = at + 1;
      row.querySelectorAll("[data-act]").forEach(button => {
        button.value = `${button.dataset.act}:${at + 1}`;
        button.disabled = (button.dataset.act === "up" && at === 0) || (button.dataset.act === "down" && at === rows.length - 1);
      });
    });
    form.dispatchEvent(new Event("input", { bubbles: true }));       // a moved row is typed too: the page asks before it is left
  }

  function add() {
    const token = `n${++made}`, row = blank.content.firstElementChild.cloneNode(true);
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const { name, value } of [...element.attributes]) {
        if (["id", "name", "value", "aria-labelledby"].includes(name)) element.setAttribute(name, value.replace(/\bnew\b/g, token));
      }
    }
    body.append(row);
    number();
    row.querySelector("select").focus();
  }

  const acts = {
    add,
    up: row => { row.previousElementSibling?.before(row); },
    down: row => { row.nextElementSibling?.after(row); },
    remove: row => {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      next?.querySelector('[data-act="remove"]').focus();
    },
  };

  form.addEventListener("click", event => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("[data-rule]");
    acts[button.dataset.act](row);
    if (row) number();
    if (button.isConnected) (button.disabled ? button.parentElement.querySelector("button:not(:disabled)") : button).focus();
  });

  form.addEventListener("change", event => {
    const box = event.target.closest("details.helpers");
    if (!box) return;
    const words = [...box.querySelectorAll("input:checked")].map(each => each.parentElement.textContent.trim());
    const told = box.querySelector("[data-helpers]");
    told.textContent = words.join(", ") || told.dataset.nobody;
  });
})();
