// Lets this browser show notices, and no longer. Without it the page shows what the person chose, and in which browsers.
//   [data-push data-key data-save data-token]   key: the installation's public key; save: where the agreement is sent
//   [data-push-on]       button, hidden until this script runs in a browser that can
//   [data-push-cannot], [data-push-denied], [data-push-failed]   sentences
//   form[data-push-this] ends this browser's agreement on the server; here it is ended in the browser too
"use strict";
(() => {
  const box = document.querySelector("[data-push]");
  const ending = document.querySelector("form[data-push-this]");
  if (!box || !window.isSecureContext || !("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return;
  const root = new URL("../..", document.currentScript.src).pathname, part = name => box.querySelector(`[data-push-${name}]`);
  const button = part("on");

  const bytesOf = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), character => character.charCodeAt(0));
  const isOf = (subscription, key) => {
    const own = new Uint8Array(subscription.options.applicationServerKey || []);
    return own.length === key.length && own.every((byte, index) => byte === key[index]);
  };

  const agree = async () => {
    const key = bytesOf(box.dataset.key);
    const registration = await navigator.serviceWorker.register(root + "sw.js", { scope: root, updateViaCache: "none" });
    await navigator.serviceWorker.ready;
    let known = await registration.pushManager.getSubscription();
    if (known && !isOf(known, key)) { await known.unsubscribe(); known = null; }
    const subscription = known || await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const answer = await fetch(box.dataset.save, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": box.dataset.token },
      body: JSON.stringify(subscription),
    });
    if (!answer.ok) { await subscription.unsubscribe(); throw new Error("not kept"); }
  };

  button.hidden = Boolean(ending);
  part("cannot").hidden = true;
  button.addEventListener("click", async () => {
    part("denied").hidden = part("failed").hidden = true;
    button.disabled = true;
    try {
      if (await Notification.requestPermission() !== "granted") part("denied").hidden = false;
      else { await agree(); location.reload(); }
    } catch {
      part("failed").hidden = false;
    } finally {
      button.disabled = false;
    }
  });

  if (ending) ending.addEventListener("submit", () => {
    // the server forgets it in any case; that the browser does too needs no waiting for
    navigator.serviceWorker.getRegistration(root).then(found => found && found.pushManager.getSubscription()).then(found => found && found.unsubscribe());
  });
})();
