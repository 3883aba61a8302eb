/** Google Consent Mode v2. */

/** @typedef {import('./types').Flags} Flags */

/** The command queue wants the `arguments` object itself, not an array. */
function push(/** @type {unknown[]} */ ..._command) {
  window.dataLayer = window.dataLayer || [];
  window.dataLayer.push(arguments);
}

/**
 * @param {string} command `default` or `update`
 * @param {Flags} granted categories
 * @param {boolean} strict
 * @param {boolean} asksPreferences
 */
export function signal(command, granted, strict, asksPreferences) {
  const word = (/** @type {boolean} */ yes) => (yes ? 'granted' : 'denied');
  const ads = word(granted.marketing);
  push('consent', command, {
    ad_storage: ads,
    ad_user_data: ads,
    ad_personalization: ads,
    personalization_storage: ads,
    analytics_storage: word(granted.statistics),
    functionality_storage: word(asksPreferences ? granted.preferences : !strict),
    security_storage: 'granted',
  });
}
