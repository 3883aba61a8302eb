/** The functions and events of Complianz and of CookieYes. */

import { tell } from './shim.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('./shim.js').Watch} Watch */
/** @typedef {import('./words.js').Words} Words */

/** @param {Page} page @param {Words} words @param {Watch} watch */
export function complianz(page, words, watch) {
  const w = /** @type {any} */ (window);
  if (w.cmplz_has_consent) return;
  const { categories } = page.config;
  // Theirs calls `functional` what ours calls necessary.
  const given = (/** @type {string} */ name) =>
    name === 'functional' || page.now.categories[words.category(name)] === true;
  const all = () => ['functional', ...categories.filter(given)];
  const region = page.config.place.country || '';
  Object.assign(window, {
    cmplz_has_consent: given,
    cmplz_has_service_consent: (/** @type {string} */ name) =>
      page.now.services[words.service(name)] === true,
    cmplz_set_consent: (/** @type {string} */ name, /** @type {unknown} */ value) => {
      const id = words.category(name);
      if (categories.includes(id)) window.consent.set({ [id]: value === 'allow' });
    },
    cmplz_accept_all: () => window.consent.acceptAll(),
    cmplz_deny_all: () => window.consent.rejectAll(),
  });
  const enabled = (/** @type {string} */ category) =>
    tell(document, 'cmplz_enable_category', { category, categories: all(), region });
  watch.on((now, before) => {
    const lost = categories.some((id) => before.categories[id] && !now.categories[id]);
    for (const category of categories) {
      if (now.categories[category] === before.categories[category]) continue;
      const value = given(category) ? 'allow' : 'deny';
      tell(document, 'cmplz_status_change', { category, value, region, categories: all() });
      if (given(category)) enabled(category);
    }
    tell(document, 'cmplz_fire_categories', { categories: all(), region });
    if (lost) tell(document, 'cmplz_revoke', false);
  });
  for (const category of categories.filter(given)) enabled(category);
  tell(document, 'cmplz_fire_categories', { categories: all(), region });
}

const THEIRS = ['necessary', 'functional', 'analytics', 'performance', 'advertisement'];

/** @param {Page} page @param {Words} words @param {Watch} watch */
export function cookieyes(page, words, watch) {
  const w = /** @type {any} */ (window);
  if (w.getCkyConsent) return;
  const categories = () =>
    Object.fromEntries(
      THEIRS.map((name) => [name, page.now.categories[words.category(name)] === true]),
    );
  const state = () => ({
    activeLaw: page.lax ? 'ccpa' : 'gdpr',
    categories: categories(),
    isUserActionCompleted: !!page.choice,
    consentID: page.choice ? page.choice.id : '',
    languageCode: page.language.lang,
  });
  const split = (/** @type {boolean} */ given) =>
    Object.entries(categories())
      .filter(([, value]) => value === given)
      .map(([name]) => name);
  Object.assign(window, {
    getCkyConsent: state,
    revisitCkyConsent: () => window.consent.open(),
    performBannerAction: (/** @type {string} */ action) => {
      if (action === 'accept_all') window.consent.acceptAll();
      else if (action === 'reject') window.consent.rejectAll();
      else window.consent.open();
    },
  });
  watch.on((now) => {
    if (!now.decided) return;
    tell(document, 'cookieyes_consent_update', { accepted: split(true), rejected: split(false) });
  });
  tell(document, 'cookieyes_banner_load', state());
}
