// Seals what a browser keeps, ES2019. For pages and for the service worker alike: self.langbiangSeal.
// AES-GCM by WebCrypto, each piece under a fresh nonce and bound to its name, so that one cannot be put in another's place. No key can be
// taken out by a script. What a seal keeps from whom: docs/personal-data.md, "On people's own devices".
"use strict";
(function () {
  if (self.langbiangSeal) return;
  const is = (typeof indexedDB !== "undefined") && self.isSecureContext && Boolean(self.crypto && crypto.subtle);
  const AES = { name: "AES-GCM", length: 256 }, text = new TextEncoder(), words = new TextDecoder();
  const how = (iv, name) => ({ name: AES.name, iv, additionalData: text.encode(name) });
  const nonce = () => crypto.getRandomValues(new Uint8Array(12));

  const sealBytes = (key, name, data) => {
    const iv = nonce();
    return crypto.subtle.encrypt(how(iv, name), key, data).then(sealed => ({ iv, data: sealed }));
  };
  const openBytes = (key, name, { iv, data }) => crypto.subtle.decrypt(how(iv, name), key, data);
  const seal = (key, name, value) => sealBytes(key, name, text.encode(JSON.stringify(value)));
  const open = (key, name, sealed) => openBytes(key, name, sealed).then(data => JSON.parse(words.decode(data)));

  // a key that seals, for use and not for taking out
  const newKey = () => crypto.subtle.generateKey(AES, false, ["encrypt", "decrypt"]);

  // Two parts make a key that wraps another: `base`, which the browser keeps, and a secret somebody gives. Neither is worth anything alone.
  const newBase = () => crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign"]);
  const wrapping = (base, secret) => crypto.subtle.sign("HMAC", base, text.encode(secret))
    .then(bits => crypto.subtle.importKey("raw", bits, AES, false, ["wrapKey", "unwrapKey"]));
  const wrap = (wrapper, name, key) => {
    const iv = nonce();
    return crypto.subtle.wrapKey("raw", key, wrapper, how(iv, name)).then(data => ({ iv, data }));
  };
  const unwrap = (wrapper, name, { iv, data }, canBeWrapped = false) =>
    crypto.subtle.unwrapKey("raw", data, wrapper, how(iv, name), AES, canBeWrapped, ["encrypt", "decrypt"]);
  const newWrappedKey = () => crypto.subtle.generateKey(AES, true, ["encrypt", "decrypt"]);

  self.langbiangSeal = { is, seal, open, sealBytes, openBytes, newKey, newBase, wrapping, wrap, unwrap, newWrappedKey };
})();
