// A demonstration's accounts: what is typed shows the accounts that have every word of it; Enter leads to the first of them.
(() => {
  "use strict";
  const section = document.querySelector("[data-offered]"), box = section && section.querySelector("#who");
  if (!box) return;
  const rows = [...section.querySelectorAll("[data-folded]")], told = section.querySelector("[data-nobody]");
  const shown = rows.filter(row => !row.hidden), typedBefore = box.value;
  const fold = words => words.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/['’‘ʼ`´\-‐‑–]/g, "").trim();

  const narrow = () => {
    const words = fold(box.value).split(/\s+/).filter(Boolean), asWas = box.value === typedBefore;
    rows.forEach(row => { row.hidden = asWas ? !shown.includes(row) : words.length ? !words.every(word => row.dataset.folded.includes(word)) : !("usual" in row.dataset); });
    told.textContent = rows.every(row => row.hidden) ? told.dataset.nobody : "";
  };
  box.addEventListener("input", narrow);
  box.form.addEventListener("submit", event => {
    event.preventDefault();
    narrow();
    const first = rows.find(row => !row.hidden);
    if (first) first.querySelector("button").focus();
  });
})();
