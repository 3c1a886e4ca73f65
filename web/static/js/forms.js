// On every page, ES2019. Each page can be read and every form sent without it.
//   form[data-guard="text"]    asks before leaving when something was typed and not sent
//   form[data-once]            a second press of the button sends nothing more; what follows it says so aloud: [data-said-when-sent="text"]
//   input[type=file][data-previews="id"]   shows the photos chosen in #id and what they weigh in [data-weight]; too heavy: [data-too-heavy]
//   [data-errors]              takes the focus, so that a screen reader starts there
//   [data-print], [data-copy="text"]       buttons; hidden until this script runs
//   form[data-comfort]         its buttons change text size and contrast of this page where it stands, so that nothing typed is lost
"use strict";
(function () {
  const all = (selector, within) => Array.from((within || document).querySelectorAll(selector));

  all("[data-errors]").slice(0, 1).forEach(box => box.focus());

  all("form[data-guard]").forEach(form => {
    let typed = Boolean(form.querySelector("[aria-invalid]"));        // what came back with errors is not kept anywhere else
    form.addEventListener("input", () => { typed = true; });
    form.addEventListener("submit", () => { typed = false; });
    window.addEventListener("beforeunload", event => {
      if (typed && form.dataset.guard) { event.preventDefault(); event.returnValue = ""; }
    });
  });

  all("form[data-once]").forEach(form => {
    form.addEventListener("submit", event => {
      if (event.defaultPrevented) return;
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      form.setAttribute("aria-busy", "true");
      const said = form.nextElementSibling;
      if (said && said.dataset.saidWhenSent) said.textContent = said.dataset.saidWhenSent;
    });
  });
  // A page taken back from the browser's store still has its mark of being sent.
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach(form => { delete form.dataset.sent; form.removeAttribute("aria-busy"); }));

  all("input[type=file][data-previews]").forEach(input => {
    const place = document.getElementById(input.dataset.previews);
    const heaviest = Number(input.dataset.maxBytes || 0);
    const near = input.closest("form") || document;
    const megabytes = bytes => (bytes / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 }) + " MB";
    let shown = [];
    input.addEventListener("change", () => {
      shown.forEach(URL.revokeObjectURL);
      shown = [];
      const files = Array.from(input.files);
      if (place) {
        all("[data-preview]", place).forEach(figure => figure.remove());
        files.filter(file => /^image\//.test(file.type)).forEach(file => {
          const figure = document.createElement("figure"), image = document.createElement("img");
          figure.className = "shot";
          figure.dataset.preview = "";
          image.alt = file.name;
          image.src = URL.createObjectURL(file);
          shown.push(image.src);
          figure.append(image);
          place.prepend(figure);
        });
      }
      all("[data-weight]", near).forEach(text => {
        text.textContent = files.length ? files.length + " · " + megabytes(files.reduce((sum, file) => sum + file.size, 0)) : "";
      });
      all("[data-too-heavy]", near).forEach(text => { text.hidden = !(heaviest && files.some(file => file.size > heaviest)); });
    });
  });

  const sizes = ["", "large", "larger"], root = document.documentElement;
  const put = (name, value) => { if (value) root.setAttribute(name, value); else root.removeAttribute(name); };
  all("form[data-comfort] button[name]").forEach(button => button.addEventListener("click", event => {
    event.preventDefault();
    if (button.name === "text") {
      const now = Math.max(0, sizes.indexOf(root.getAttribute("data-text") || ""));
      put("data-text", sizes[Math.min(sizes.length - 1, Math.max(0, now + (button.value === "bigger" ? 1 : -1)))]);
    } else {
      const more = !root.hasAttribute("data-contrast");
      put("data-contrast", more ? "more" : "");
      button.setAttribute("aria-pressed", String(more));
    }
    // what the next page is to look like; without network this page alone has changed
    const wished = "?text=" + (root.getAttribute("data-text") || "normal") + "&contrast=" + (root.getAttribute("data-contrast") || "normal");
    fetch(button.form.getAttribute("action") + wished, { credentials: "same-origin", redirect: "manual" }).catch(() => {});
  }));

  all("[data-print]").forEach(button => { button.hidden = false; button.addEventListener("click", () => window.print()); });
  if (navigator.clipboard) {
    all("[data-copy]").forEach(button => {
      button.hidden = false;
      button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy).then(() => {
        if (button.dataset.copied) button.textContent = button.dataset.copied;
      }));
    });
  }
})();
