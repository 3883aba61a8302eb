/** `window.Cookiebot`: what its developer page documents of properties, methods, events, callbacks. */

import { call, load, note, take, tell } from './shim.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('./shim.js').Watch} Watch */
/** @typedef {import('./words.js').Words} Words */

/** @param {Page} page @param {Words} _words @param {Watch} watch */
export function cookiebot(page, _words, watch) {
  const asked = ['preferences', 'statistics', 'marketing'];
  const given = (/** @type {string} */ id) => page.now.categories[id] === true;
  const open = () => window.consent.open();
  const consent = {
    get necessary() {
      return true;
    },
    get preferences() {
      return given('preferences');
    },
    get statistics() {
      return given('statistics');
    },
    get marketing() {
      return given('marketing');
    },
    get method() {
      return page.choice ? 'explicit' : page.lax ? 'implied' : null;
    },
    get stamp() {
      return page.choice ? page.choice.id : '0';
    },
  };
  let changed = false;
  const api = {
    consent,
    get consented() {
      return !!page.choice && asked.some(given);
    },
    get declined() {
      return !!page.choice && !asked.some(given);
    },
    get hasResponse() {
      return !!page.choice;
    },
    get doNotTrack() {
      return navigator.doNotTrack === '1';
    },
    get changed() {
      return changed;
    },
    show: open,
    renew: open,
    hide: () => note('Cookiebot.hide does nothing here.'),
    withdraw: () => window.consent.withdraw(),
    submitCustomConsent: (/** @type {boolean[]} */ ...wanted) => {
      const wishes = asked.map((id, i) => [id, !!wanted[i]]);
      window.consent.set(Object.fromEntries(wishes.filter(([id]) => listed(page, id))));
    },
    runScripts: () => {},
    getScript: (/** @type {string} */ url, /** @type {boolean} */ _async, /** @type {unknown} */ then) =>
      void load(url).then(() => call(then)),
  };
  const object = take('Cookiebot', api);
  if (!object) return;
  const w = /** @type {any} */ (window);
  w.CookieConsent = w.CookieConsent || object; // its older name, which pages still call
  const emit = (/** @type {string} */ name) => {
    call(w['CookiebotCallback_' + name]);
    tell(window, 'Cookiebot' + name);
  };
  const answered = () => {
    emit('OnConsentReady');
    emit(api.consented ? 'OnAccept' : 'OnDecline');
    setTimeout(() => emit('OnTagsExecuted'));
  };
  watch.on((now, before) => {
    if (!now.decided) return;
    changed = JSON.stringify(now.categories) !== JSON.stringify(before.categories);
    answered();
  });
  emit('OnLoad');
  if (page.choice) answered();
  watch.dialog(() => {
    emit('OnDialogInit');
    emit('OnDialogDisplay');
  });
}

/** @param {Page} page @param {unknown} id */
const listed = (page, id) => page.config.categories.includes(String(id));
