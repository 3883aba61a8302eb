/* Passkeys: hands the browser's answer to a form. Without this file passwords and codes still work. */
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function answer(kind, options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (kind === "create") {
    publicKey.user = { ...options.user, id: bytes(options.user.id) };
    publicKey.excludeCredentials = named(options.excludeCredentials);
  } else {
    publicKey.allowCredentials = named(options.allowCredentials);
  }
  const made = await navigator.credentials[kind]({ publicKey });
  const response = { clientDataJSON: text(made.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (made.response[part]) response[part] = text(made.response[part]);
  }
  return JSON.stringify({
    id: made.id, rawId: text(made.rawId), type: made.type, response,
    clientExtensionResults: {}, authenticatorAttachment: made.authenticatorAttachment || undefined,
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const go = form.querySelector("[data-go]");
  const words = form.querySelector("[data-words]");
  if (!window.PublicKeyCredential) {
    words.textContent = words.dataset.none || "This browser has no passkeys.";
    continue;
  }
  go.hidden = false;
  words.textContent = "";
  const run = async () => {
    words.textContent = "";
    go.disabled = true;
    try {
      form.elements[form.dataset.answer || "answer"].value =
        await answer(form.dataset.passkey, JSON.parse(form.dataset.options));
      form.submit();
    } catch (error) {
      words.textContent = error.name === "InvalidStateError"
        ? words.dataset.known || "This device has a passkey for this account already."
        : words.dataset.failed || "Nothing came of it. Please try again.";
      go.disabled = false;
    }
  };
  go.addEventListener("click", run);
  if ("start" in form.dataset) run();
}
