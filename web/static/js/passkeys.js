// Passkeys: asks the server what to sign, lets the browser ask the person, and sends the form with the answer.
//   form[data-passkey="create" | "get"][data-challenge]   where the question comes from; its token is that of the form
//   input[data-passkey-answer]     takes the answer
//   button[data-passkey-go]        hidden until a browser that can do it runs this script
//   [data-passkey-failed]          what is said when it did not work
"use strict";
(() => {
  if (!window.isSecureContext || !window.PublicKeyCredential || !navigator.credentials) return;

  const bytesOf = text => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), sign => sign.charCodeAt(0));
  const textOf = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = list => (list || []).map(each => ({ ...each, id: bytesOf(each.id) }));

  const create = async options => {
    const made = await navigator.credentials.create({ publicKey: {
      ...options,
      challenge: bytesOf(options.challenge),
      user: { ...options.user, id: bytesOf(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    } });
    const { clientDataJSON, attestationObject } = made.response;
    return { made, response: { clientDataJSON: textOf(clientDataJSON), attestationObject: textOf(attestationObject) } };
  };

  const get = async options => {
    const made = await navigator.credentials.get({ publicKey: {
      ...options,
      challenge: bytesOf(options.challenge),
      allowCredentials: named(options.allowCredentials),
    } });
    const { clientDataJSON, authenticatorData, signature, userHandle } = made.response;
    return { made, response: {
      clientDataJSON: textOf(clientDataJSON),
      authenticatorData: textOf(authenticatorData),
      signature: textOf(signature),
      userHandle: userHandle ? textOf(userHandle) : null,
    } };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("[data-passkey-go]");
    const failed = form.querySelector("[data-passkey-failed]");
    button.hidden = form.hidden = false;
    button.addEventListener("click", async event => {
      event.preventDefault();
      failed.hidden = true;
      button.disabled = true;
      try {
        const asked = await fetch(form.dataset.challenge, {
          method: "POST",
          credentials: "same-origin",
          headers: { Accept: "application/json", "X-CSRFToken": form.querySelector("[name=csrf_token]").value },
        });
        if (!asked.ok) throw new Error("not asked");
        const { made, response } = await (form.dataset.passkey === "create" ? create : get)(await asked.json());
        form.querySelector("[data-passkey-answer]").value = JSON.stringify({
          id: made.id, rawId: textOf(made.rawId), type: made.type, response, clientExtensionResults: {},
        });
        form.submit();
      } catch {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
