/** `window.CookieConsent` of vanilla-cookieconsent 3, and `initCookieConsent` of version 2. */

import { forget, stored } from './carry.js';
import { call, load, note, take, tell } from './shim.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('./shim.js').State} State */
/** @typedef {import('./shim.js').Watch} Watch */
/** @typedef {import('./words.js').Words} Words */

const MODAL = { dialog: 'consentModal', settings: 'preferencesModal' };
/** The names in their documentation, for pages that never say their own. */
const USUAL = { preferences: 'functionality', statistics: 'analytics', marketing: 'ads' };

class Vanilla {
  /** @param {Page} page @param {Words} words */
  constructor(page, words) {
    this.page = page;
    this.words = words;
    /** @type {any} what the page gave to `run` */
    this.config = {};
    this.was = '';
    this.told = false;
  }

  /** The categories by their names, ours where they never said one. @returns {string[]} */
  names() {
    const given = Object.keys(this.config.categories || {});
    if (given.length) return given;
    const { categories } = this.page.config;
    const theirs = categories.flatMap((id) => {
      const named = this.words.names(id);
      return named.length ? named : [id, /** @type {any} */ (USUAL)[id]];
    });
    return ['necessary', ...theirs];
  }

  /** @param {string} name */
  accepted(name) {
    const own = (this.config.categories || {})[name];
    const id = this.words.category(name) || (own && own.readOnly ? 'necessary' : '');
    return this.page.now.categories[id] === true;
  }

  /** @param {string} category @returns {string[]} */
  services(category) {
    const own = (this.config.categories || {})[category];
    if (own && own.services) return Object.keys(own.services);
    const id = this.words.category(category);
    return this.page.config.services.filter((one) => one.category === id).map((one) => one.id);
  }

  /** @param {string} name */
  running(name) {
    return this.page.now.services[this.words.service(name)] === true;
  }

  preferences() {
    const names = this.names();
    const acceptedCategories = names.filter((name) => this.accepted(name));
    const rejectedCategories = names.filter((name) => !this.accepted(name));
    const { decided, categories } = this.page.get();
    const any = this.page.config.categories.some((id) => categories[id]);
    const split = (/** @type {boolean} */ given) =>
      Object.fromEntries(
        names.map((name) => [name, this.services(name).filter((s) => this.running(s) === given)]),
      );
    const kind = !rejectedCategories.length ? 'all' : any ? 'custom' : 'necessary';
    return {
      acceptType: decided ? kind : '',
      acceptedCategories: decided ? acceptedCategories : [],
      rejectedCategories: decided ? rejectedCategories : [],
      acceptedServices: split(true),
      rejectedServices: split(false),
    };
  }

  /** The same as version 2 wrote it. */
  second() {
    const { acceptType, acceptedCategories, rejectedCategories } = this.preferences();
    return {
      accept_type: acceptType,
      accepted_categories: acceptedCategories,
      rejected_categories: rejectedCategories,
    };
  }

  cookie() {
    const { decided, id, at } = this.page.get();
    if (!decided) return {};
    const { acceptedCategories, acceptedServices } = this.preferences();
    return {
      categories: acceptedCategories,
      revision: this.config.revision || 0,
      data: null,
      consentId: id,
      consentTimestamp: at,
      lastConsentTimestamp: at,
      languageCode: this.page.language.lang,
      services: acceptedServices,
      expirationTime: Date.parse(at || '') + this.page.config.life * 1000,
    };
  }

  /**
   * What is accepted is exactly this: categories that are not named are refused.
   * @param {string | string[] | undefined} wanted
   * @param {string[]} [excluded]
   */
  accept(wanted, excluded = []) {
    if (wanted === undefined) return window.consent.open();
    const list = wanted === 'all' ? this.names() : [wanted].flat();
    const kept = list.filter((name) => !excluded.includes(name));
    const ids = new Set(kept.map((name) => this.words.category(name)));
    for (const name of excluded) ids.delete(this.words.category(name));
    const { categories } = this.page.config;
    if (categories.every((id) => ids.has(id))) return window.consent.acceptAll();
    if (!categories.some((id) => ids.has(id))) return window.consent.rejectAll();
    window.consent.set(Object.fromEntries(categories.map((id) => [id, ids.has(id)])));
  }

  /** @param {string | string[]} wanted @param {string} category */
  acceptServices(wanted, category) {
    const id = this.words.category(category);
    const mine = this.page.config.services.filter((one) => one.category === id);
    if (!id || id === 'necessary' || !mine.length) return;
    const names = wanted === 'all' ? mine.map((one) => one.id) : [wanted].flat();
    const ids = names.map((name) => this.words.service(name));
    const wishes = Object.fromEntries(mine.map((one) => [one.id, ids.includes(one.id)]));
    window.consent.set({ ...wishes, [id]: Object.values(wishes).includes(true) });
  }

  /** @param {string} event @param {any} detail */
  emit(event, detail) {
    call(this.config[event], detail);
    tell(window, 'cc:' + event, detail);
  }

  /** Services that came or went since they were last told. */
  handlers() {
    for (const { services } of Object.values(this.config.categories || {})) {
      for (const [name, one] of Object.entries(services || {})) {
        const given = this.running(name);
        if (given && !one.given) call(one.onAccept);
        if (!given && one.given) call(one.onReject);
        one.given = given;
      }
    }
  }

  /** @param {any} config */
  run(config) {
    // A copy one level down: a page's frozen object is left as it is.
    this.config = { ...config, categories: copied(config && config.categories) };
    note('CookieConsent.run: names and callbacks were taken; texts and looks are those of the site.');
    if (this.page.choice) this.begun();
    return Promise.resolve();
  }

  begun() {
    const cookie = this.cookie();
    call(this.config.onConsent, { cookie });
    call(this.config.onAccept, cookie);
    if (!this.told) tell(window, 'cc:onConsent', { cookie });
    this.told = true;
    this.handlers();
  }

  /** @param {State} now @param {State} before */
  changed(now, before) {
    if (!now.decided) return;
    const cookie = this.cookie();
    if (!before.decided) {
      this.emit('onFirstConsent', { cookie });
      call(this.config.onFirstAction, this.second(), cookie);
      return this.begun();
    }
    const differs = (/** @type {string} */ name) => {
      const id = this.words.category(name);
      return now.categories[id] !== before.categories[id];
    };
    const moved = (/** @type {string} */ name) => {
      const id = this.words.service(name);
      return now.services[id] !== before.services[id];
    };
    const names = this.names();
    const changedCategories = names.filter(differs);
    const changedServices = Object.fromEntries(
      names.map((name) => [name, this.services(name).filter(moved)]),
    );
    if (!changedCategories.length && !Object.values(changedServices).flat().length) return;
    this.emit('onChange', { cookie, changedCategories, changedServices });
    this.handlers();
  }
}

/** @param {any} categories */
const copied = (categories) =>
  Object.fromEntries(
    Object.entries(categories || {}).map(([name, one]) => [
      name,
      {
        ...one,
        ...(one && one.services && {
          services: Object.fromEntries(
            Object.entries(one.services).map(([key, service]) => [key, { ...service }]),
          ),
        }),
      },
    ]),
  );

/** @param {string | RegExp | (string | RegExp)[]} wanted */
function erase(wanted) {
  const names = document.cookie.split('; ').map((pair) => pair.split('=')[0]);
  for (const one of [wanted].flat()) {
    for (const name of names) {
      const hit = one instanceof RegExp ? new RegExp(one.source, one.flags).test(name) : one === name;
      if (name && hit && !/^crumbtrail/.test(name)) forget(name);
    }
  }
}

/** @param {string} name */
const not = (name) => () => note(`CookieConsent.${name} does nothing here.`);

/** @param {Page} page @param {Words} words @param {Watch} watch */
export function vanilla(page, words, watch) {
  const one = new Vanilla(page, words);
  const open = () => window.consent.open();
  const close = () => {
    const button = document.querySelector('dialog#cmp-dialog [data-cmp=close]');
    if (button instanceof HTMLElement) button.click();
  };
  const api = {
    run: (/** @type {any} */ config) => one.run(config),
    show: (/** @type {boolean} */ again) => (again || page.choice ? open() : undefined),
    hide: not('hide'),
    showPreferences: open,
    hidePreferences: close,
    acceptCategory: one.accept.bind(one),
    acceptService: one.acceptServices.bind(one),
    acceptedCategory: (/** @type {string} */ name) => one.accepted(name),
    acceptedService: (/** @type {string} */ name) => one.running(name),
    validConsent: () => !!page.choice && page.choice.asks >= page.config.asks,
    validCookie: (/** @type {string} */ name) => !!stored(name),
    eraseCookies: erase,
    loadScript: load,
    getCookie: (/** @type {string} */ field) => {
      const cookie = /** @type {any} */ (one.cookie());
      return field ? cookie[field] : cookie;
    },
    getConfig: (/** @type {string} */ field) => (field ? one.config[field] : one.config),
    getUserPreferences: () => one.preferences(),
    setCookieData: () => (not('setCookieData')(), false),
    setLanguage: () => (not('setLanguage')(), Promise.resolve(false)),
    reset: not('reset'),
  };
  const early = /** @type {any} */ (window).CookieConsent;
  const object = take('CookieConsent', api);
  if (!object) return;
  second(one, api);
  watch.on((now, before) => one.changed(now, before));
  const runs = (early && early.q) || [];
  for (const config of runs) one.run(config);
  if (!runs[0] && page.choice) one.begun();
  watch.dialog(
    (kind, modal) => {
      one.was = MODAL[kind];
      one.emit('onModalReady', { modalName: one.was, modal });
      one.emit('onModalShow', { modalName: one.was });
    },
    () => one.emit('onModalHide', { modalName: one.was }),
  );
}

/**
 * Version 2: `var cc = initCookieConsent(); cc.run({…})`.
 * @param {Vanilla} one
 * @param {{[name: string]: any}} api
 */
function second(one, api) {
  /** @type {any} */ (window).initCookieConsent = () => ({
    ...api,
    accept: api.acceptCategory,
    allowedCategory: api.acceptedCategory,
    showSettings: api.showPreferences,
    hideSettings: api.hidePreferences,
    get: api.getCookie,
    loadScript: (/** @type {string} */ url, /** @type {unknown} */ then) =>
      void load(url).then(() => call(then)),
    getUserPreferences: () => one.second(),
  });
}

