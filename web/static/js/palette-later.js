// The palette and the box of the bell on a page that is to come small: they come with the first press of either.
//   script[data-frame="address"]           where both come from; [data-style] and [data-scripts] are the addresses of what they need
// What is typed while they come is for the palette. Where they do not come, a press leads on as it does without scripts.
"use strict";
(() => {
  const { frame, style, scripts } = document.currentScript.dataset;
  const button = document.querySelector("[data-palette-open]");
  let typed = null, isHere = false;
  const added = (name, values) => new Promise((comes, fails) => {
    document.head.append(Object.assign(document.createElement(name), values, { onload: comes, onerror: fails }));
  });
  const fetched = async () => {
    const answer = await fetch(frame, { redirect: "manual", cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");        // made by the server; no script in it runs
    await added("link", { rel: "stylesheet", href: style });
    document.querySelector(".sitebar-staff > div").append(page.querySelector("[data-bell-box]"));
    document.body.append(page.querySelector("dialog"));
    for (const src of scripts.split(" ")) await added("script", { src });
  };
  const press = async (element, isKey) => {
    if (typed !== null) return;
    typed = "";
    try {
      await fetched();
    } catch {
      typed = null;
      if (!isKey) location.assign(element.href);
      return;
    }
    isHere = true;
    element.click();
    const field = document.querySelector("#pal-q");
    if (element !== button || !typed) return;
    field.value = typed;
    field.dispatchEvent(new Event("input"));
  };
  if (!button) return;
  button.hidden = false;
  document.addEventListener("click", event => {
    const element = event.target.closest("[data-palette-open],[data-bell]");
    if (!element || isHere || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    press(element, false);
  });
  document.addEventListener("keydown", event => {
    if (isHere) return;
    const opens = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && !event.isComposing;
    if (!opens && typed === null) return;
    event.preventDefault();
    event.stopImmediatePropagation();                                // the keys of the page behind rest
    if (opens) press(button, true);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) typed += event.key;
  }, true);
})();
