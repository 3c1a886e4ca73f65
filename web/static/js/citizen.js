// Citizens' pages, ES2019.
//   [data-offline]             shown while the telephone has no network
//   button[data-locate="latitude longitude accuracy"]   puts the current place into the inputs with these ids; then [data-located] is shown
//                              with the numbers in [data-located-at] and in words in [data-located-words] and [data-picked]; [data-locate-failed] says when it cannot
//              with data-area and data-area-url the commune around it is chosen in that select, if nothing is chosen there but by an
//              earlier point: that one is in the form's field area_filled, where it has one, and so outlives a form that comes back;
//              [data-located-outside] says that it lies outside every area
//   [data-draft-done]          the report was sent: the draft that was kept of it goes, and this tab remembers where its receipt is
//   form[data-secret-from-address]   the secret behind # of a receipt's QR code goes into the form and out of the address: it is never sent by GET
"use strict";
(function () {
  const all = selector => Array.from(document.querySelectorAll(selector));
  const tell = () => all("[data-offline]").forEach(banner => { banner.hidden = navigator.onLine; });
  window.addEventListener("online", tell);
  window.addEventListener("offline", tell);
  tell();

  // Drafts of the report form: done with once the report is sent; whoever signs out takes those of their account along.
  all("[data-draft-done]").forEach(() => {
    try {
      sessionStorage.setItem("langbiang-receipt", location.pathname);          // "back" shows the old form without it
      localStorage.removeItem(sessionStorage.getItem("langbiang-draft"));      // the one it was written in; others are still being written
      sessionStorage.removeItem("langbiang-draft");
    } catch (error) { /* no store, no drafts */ }
  });
  all("form[action$='/sign-out']").forEach(form => form.addEventListener("submit", () => {
    try {
      Object.keys(localStorage).filter(key => /^report-draft:(?!guest(\/|$))/.test(key)).forEach(key => localStorage.removeItem(key));
    } catch (error) { /* no store, no drafts */ }
  }));

  all("form[data-secret-from-address]").forEach(form => {
    const take = () => {
      if (!/^#[A-Za-z0-9-]{12,14}$/.test(location.hash)) return;
      form.elements.secret.value = location.hash.slice(1);
      history.replaceState(null, "", location.pathname + location.search);
    };
    window.addEventListener("hashchange", take);
    take();
  });

  let asked = 0;
  const choose = (button, latitude, longitude) => {
    const select = document.getElementById(button.dataset.area), body = new FormData(), mine = ++asked;
    const token = button.form && button.form.elements.csrf_token;
    body.append("latitude", latitude);
    body.append("longitude", longitude);
    if (token) body.append("csrf_token", token.value);
    fetch(button.dataset.areaUrl, { method: "POST", body, credentials: "same-origin" }).then(answer => answer.json()).then(found => {
      if (mine !== asked) return;
      all("[data-located-outside]").forEach(text => { text.hidden = !found.outside; });
      if (found.words) all("[data-located-words]").forEach(text => { text.textContent = found.words; });
      if (!select) return;
      const filled = select.form.elements.area_filled || (select.filled = select.filled || { value: "" });
      if (select.value && select.value !== filled.value) return;
      select.value = filled.value = found.area ? found.area.ref : "";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }).catch(() => {});                                                        // the server looks again when the form is sent
  };
  const tellPlace = (latitude, longitude, accuracy) => {
    all("[data-located]").forEach(text => { text.hidden = !latitude; });
    all("[data-located-words]").forEach(text => { text.textContent = latitude && latitude + ", " + longitude; });
    all("[data-located-accuracy]").forEach(text => { text.textContent = latitude && accuracy ? text.dataset.words.replace("{metres}", accuracy) : ""; });
  };

  all("button[data-locate]").forEach(button => {
    button.classList.remove("awaited");
    const [latitude, longitude, accuracy] = button.dataset.locate.split(" ").map(id => document.getElementById(id));
    // pointed at on a map: as exact as the finger was
    latitude.form.addEventListener("pointed", event => {
      if (accuracy) accuracy.value = (event.detail && event.detail.accuracy) || "";
      tellPlace(latitude.value, longitude.value, accuracy && accuracy.value);
      if (latitude.value && button.dataset.areaUrl) choose(button, latitude.value, longitude.value);
      else all("[data-located-outside]").forEach(text => { text.hidden = true; });
    });
  });

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
        if (inputs[2]) inputs[2].value = Math.round(position.coords.accuracy);
        tellPlace(inputs[0].value, inputs[1].value, inputs[2] && inputs[2].value);
        if (button.dataset.areaUrl) choose(button, inputs[0].value, inputs[1].value);
        inputs[0].dispatchEvent(new CustomEvent("located", { bubbles: true, detail: { accuracy: position.coords.accuracy } }));
      }, () => { button.removeAttribute("aria-busy"); failed(false); }, { enableHighAccuracy: true, timeout: 15000 });
    });
  });
})();
