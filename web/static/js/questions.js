// The extra questions of a field of work, ES2019: the group of the field that is chosen is shown, at once and without asking the server.
//   [data-questions="code"]    a group; the field is chosen in the same form, by input[name=field] or select[name=field]
// Without this script the server shows the group where something in it has to be answered.
"use strict";
(function () {
  const groups = Array.from(document.querySelectorAll("[data-questions]")), form = groups.length ? groups[0].closest("form") : null;
  if (!form) return;
  const show = () => {
    const chosen = form.elements.field ? form.elements.field.value : "";
    groups.forEach(group => { group.hidden = group.dataset.questions !== chosen; });
  };
  form.addEventListener("change", show);
  form.addEventListener("click", () => setTimeout(show));                      // a button has chosen: a suggestion taken
  form.addEventListener("restored", () => {                                    // a draft, or a report out of the list (queue.js)
    show();
    groups.filter(group => !group.hidden && group.closest("details")).forEach(group => { group.closest("details").open = true; });
  });
  window.addEventListener("pageshow", show);
  show();
})();
