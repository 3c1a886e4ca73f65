// The form that gives a document its number: the field that explains what is left out opens by itself once a later number is typed.
"use strict";
(function () {
  document.querySelectorAll("form[data-next-number]").forEach(form => {
    const number = form.querySelector("[name=number]"), skips = form.querySelector("[data-skips]");
    if (!number || !skips) return;
    number.addEventListener("input", () => { if (Number(number.value) > Number(form.dataset.nextNumber)) skips.open = true; });
  });
})();
