// The page of an agency's answer: the list of what is still missing follows what is typed, and how many things that are.
//   [data-left="words with {number}"]    how many; hidden where nothing is missing
//   [data-check="field"][data-least]   done when the field has that many characters and nothing left to fill in
"use strict";
(() => {
  const list = document.querySelector("[data-checks]"), form = list?.closest("form");
  if (!form) return;
  const LEFT = /\{[^{}]*\}|[{}…]/;
  const has_photo = () => form.querySelector("[data-staged], [data-preview], [data-carried]:checked") ||
    [...form.querySelectorAll("input[type=file]")].some(input => input.files.length) || form.elements.no_photo_reason.value.trim();
  const is_there = item => {
    const field = document.getElementById(item.dataset.check);
    if (field.type === "file") return Boolean(has_photo());
    const text = field.value.trim();
    return text.length >= Number(item.dataset.least) && !LEFT.test(text);
  };
  const look = () => {
    const items = [...list.querySelectorAll("[data-check]")];
    items.forEach(item => item.toggleAttribute("data-ok", is_there(item)));
    const left = items.filter(item => !item.hasAttribute("data-ok")).length;
    document.querySelectorAll("[data-left]").forEach(each => {
      each.hidden = left === 0;
      each.textContent = each.dataset.left.replace("{number}", left);
    });
  };
  form.addEventListener("input", look);
  form.addEventListener("change", () => setTimeout(look));
  look();
})();
