// Citizens' pages, ES2019.
//   [data-offline]             shown while the telephone has no network
//   button[data-locate="latitude longitude"]   puts the present place into the two inputs with these ids; [data-locate-failed] says when it cannot
"use strict";
(function () {
  const all = selector => Array.from(document.querySelectorAll(selector));
  const tell = () => all("[data-offline]").forEach(banner => { banner.hidden = navigator.onLine; });
  window.addEventListener("online", tell);
  window.addEventListener("offline", tell);
  tell();

  if (!navigator.geolocation) return;
  all("button[data-locate]").forEach(button => {
    const inputs = button.dataset.locate.split(" ").map(id => document.getElementById(id));
    const failed = hidden => all("[data-locate-failed]").forEach(text => { text.hidden = hidden; });
    button.hidden = false;
    button.addEventListener("click", () => {
      button.setAttribute("aria-busy", "true");
      navigator.geolocation.getCurrentPosition(position => {
        button.removeAttribute("aria-busy");
        failed(true);
        inputs[0].value = position.coords.latitude.toFixed(6);
        inputs[1].value = position.coords.longitude.toFixed(6);
        inputs[0].dispatchEvent(new CustomEvent("located", { bubbles: true, detail: { accuracy: position.coords.accuracy } }));
      }, () => { button.removeAttribute("aria-busy"); failed(false); }, { enableHighAccuracy: true, timeout: 15000 });
    });
  });
})();
