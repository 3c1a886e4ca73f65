// The list of late work.
//   [data-late]           the form; data-words-one says how many are chosen
//   [data-group]          the rows of one agency: [data-whole] ticks them all, [data-part] one; only those that are shown are sent
"use strict";
(() => {
  const form = document.querySelector("form[data-late]");
  if (!form) return;
  const told = form.querySelector("[data-told]"), clear = form.querySelector("[data-clear]"), empty = told?.textContent;
  const groups = [...form.querySelectorAll("[data-group]")];
  const parts = group => [...group.querySelectorAll("[data-part]")];
  const tell = () => {
    let cases = 0, agencies = 0;
    for (const group of groups) {
      const boxes = parts(group), ticked = boxes.filter(box => box.checked).length, whole = group.querySelector("[data-whole]");
      cases += ticked;
      agencies += ticked > 0;
      if (whole) {
        whole.checked = ticked > 0 && ticked === boxes.length;
        whole.indeterminate = ticked > 0 && ticked < boxes.length;
        whole.disabled = !boxes.length;
      }
    }
    if (told) told.textContent = cases ? form.dataset.wordsOne.replace("{cases}", cases).replace("{agencies}", agencies) : empty;
    if (clear) clear.hidden = !cases;
  };
  for (const whole of form.querySelectorAll("[data-whole]")) {
    whole.removeAttribute("name");
    whole.closest("[hidden]")?.removeAttribute("hidden");
  }
  form.addEventListener("change", event => {
    if (event.target.matches("[data-whole]")) for (const box of parts(event.target.closest("[data-group]"))) box.checked = event.target.checked;
    tell();
  });
  form.addEventListener("reset", () => setTimeout(tell));
  window.addEventListener("pageshow", tell);
  tell();
})();
