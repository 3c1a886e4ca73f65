// On pages of steps, ES2019. Each form can be sent without it.
//   button[data-verb-of="name"][data-verbs]   is called in its [data-verb] after what is chosen in the field of that name
"use strict";
(function () {
  document.querySelectorAll("button[data-verb-of]").forEach(button => {
    const verbs = JSON.parse(button.dataset.verbs), words = button.querySelector("[data-verb]");
    button.form.addEventListener("change", event => {
      if (event.target.name === button.dataset.verbOf && verbs[event.target.value]) words.textContent = verbs[event.target.value];
    });
  });
})();
