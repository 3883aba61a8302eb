/* Stands before the visitor's script on a page that is a picture of one: nothing is stored, nothing
   is sent, and the colour scheme is the one asked for. The script itself is the built one. */
"use strict";

(() => {
  const root = document.documentElement;
  const { scheme, layer, gpc } = document.currentScript.dataset;
  const instead = (holder, name, found) => Object.defineProperty(holder, name, { configurable: true, ...found });

  // A jar and stores that are gone with the page.
  const jar = new Map();
  instead(document, "cookie", {
    get: () => [...jar].map((pair) => pair.join("=")).join("; "),
    set(text) {
      const [pair, ...rest] = text.split(";");
      const at = pair.indexOf("=");
      if (rest.some((one) => /max-age=(0|-)/i.test(one))) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    },
  });
  const ways = {
    getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; },
    setItem(key, value) { this[key] = String(value); },
    removeItem(key) { delete this[key]; },
    clear() { for (const key of Object.keys(this)) delete this[key]; },
  };
  for (const name of ["localStorage", "sessionStorage"]) instead(window, name, { value: Object.create(ways) });
  instead(navigator, "cookieEnabled", { value: true });
  instead(navigator, "globalPrivacyControl", { value: gpc === "1" });

  // A choice is answered as if it had been kept, and goes nowhere.
  const real = window.fetch;
  window.fetch = (url, options = {}) =>
    !options.method || options.method === "GET"
      ? real(url, options)
      : Promise.resolve(new Response("{}", { status: 201, headers: { "Content-Type": "application/json" } }));
  navigator.sendBeacon = () => true;
  addEventListener("submit", (event) => event.preventDefault(), true);

  if (scheme) {
    const { replaceSync } = CSSStyleSheet.prototype;
    const is = scheme === "dark" ? " all" : " not all";
    CSSStyleSheet.prototype.replaceSync = function (css) {
      return replaceSync.call(this, css.replace(/\s*\(prefers-color-scheme:\s*dark\)/g, is));
    };
    root.classList.add(scheme);
  }

  document.addEventListener("consent:ready", () => layer === "2" && window.consent.open(), { once: true });
  const there = layer === "2"
    ? ".ctl-settings[open]"
    : "#cmp-dialog, .ctl-note:not(:empty), #cmp-entry:not([hidden])";
  const look = () => {
    if (!document.querySelector(there)) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestAnimationFrame(() => { root.dataset.staged = layer; }));
  };
  requestAnimationFrame(look);
})();
