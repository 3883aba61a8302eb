/**
 * After the inline stub, where the owner wants more of Google's tags than the usual: `data-wait`
 * milliseconds instead of 500, `data-redact` to cut click ids from the first request on. It amends
 * the default that the stub has queued, so that there is one.
 */
(function () {
  try {
    const layer = window.dataLayer;
    const wished = /** @type {HTMLElement} */ (document.currentScript).dataset;
    for (const entry of /** @type {any[]} */ (layer)) {
      if (wished.wait && entry[0] === 'consent' && entry[1] === 'default') {
        entry[2].wait_for_update = +wished.wait;
      }
    }
    if ('redact' in wished) window.gtag('set', 'ads_data_redaction', true);
  } catch (e) {}
})();
