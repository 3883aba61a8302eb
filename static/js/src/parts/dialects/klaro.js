/** `window.klaro`: the manager's questions, and its changes as far as they are one choice. */

import { call, note, take } from './shim.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('../../types').Flags} Flags */
/** @typedef {import('./shim.js').Watch} Watch */
/** @typedef {import('./words.js').Words} Words */

/** @param {Page} page @param {Words} words @param {Watch} watch */
export function klaro(page, words, watch) {
  const config = /** @type {any} */ (window).klaroConfig || {};
  /** @type {{name: string, [field: string]: any}[]} */
  const services =
    config.services || config.apps || page.config.services.map(({ id }) => ({ name: id }));
  /** @type {Set<any>} */
  const watchers = new Set();
  /** @type {Map<string, boolean>} */
  const staged = new Map();
  /** @type {Map<string, boolean>} */
  const told = new Map();
  const given = (/** @type {string} */ name) =>
    page.now.services[words.service(name)] === true;
  const consents = () => Object.fromEntries(services.map(({ name }) => [name, given(name)]));
  const notify = (/** @type {string} */ name, /** @type {unknown} */ data) => {
    for (const one of watchers) {
      call(one && one.update && one.update.bind(one), manager, name, data);
    }
  };

  function save() {
    /** @type {Flags} */
    const wishes = {};
    for (const { id, category } of page.config.services) {
      if (!category || category === 'necessary') continue;
      const theirs = services.find(({ name }) => words.service(name) === id);
      const next = theirs && staged.has(theirs.name) ? staged.get(theirs.name) : page.now.services[id];
      wishes[id] = !!next;
      wishes[category] = wishes[category] || wishes[id];
    }
    staged.clear();
    window.consent.set(wishes);
  }

  const manager = {
    config: { ...config, services },
    get confirmed() {
      return !!page.choice;
    },
    get changed() {
      return !!page.choice && page.choice.asks < page.config.asks;
    },
    get consents() {
      return { ...consents(), ...Object.fromEntries(staged) };
    },
    getConsent: given,
    getService: (/** @type {string} */ name) => services.find((one) => one.name === name),
    loadConsents: consents,
    watch: (/** @type {unknown} */ one) => void watchers.add(one),
    unwatch: (/** @type {unknown} */ one) => void watchers.delete(one),
    updateConsent: (/** @type {string} */ name, /** @type {boolean} */ value) => {
      staged.set(name, !!value);
      notify('consents', manager.consents);
      return given(name) !== !!value;
    },
    changeAll: (/** @type {boolean} */ value) => {
      for (const { name, required } of services) staged.set(name, !!value || !!required);
      notify('consents', manager.consents);
      return services.filter(({ name }) => given(name) !== staged.get(name)).length;
    },
    saveConsents: save,
    saveAndApplyConsents: save,
    applyConsents: () => 0,
    resetConsents: () => note('klaro: resetConsents does nothing here.'),
  };

  /** Functions alone: a handler written as a string would have to be evaluated. */
  function handlers() {
    for (const service of services) {
      const now = given(service.name);
      const opts = { service, config, vars: service.vars || {}, consents: consents() };
      if (!told.has(service.name)) call(service.onInit, opts);
      if (told.get(service.name) === now) continue;
      told.set(service.name, now);
      call(now ? service.onAccept : service.onDecline, { ...opts, confirmed: !!page.choice });
      call(service.callback, now, service);
      call(config.callback, now, service);
    }
  }

  const made = take('klaro', {
    getManager: () => manager,
    show: () => (window.consent.open(), false),
    render: () => note('klaro.render does nothing here.'),
    setup: () => note('klaro.setup does nothing here.'),
    addEventListener: () => note('klaro.addEventListener does nothing here.'),
    version: () => '0.7 (Crumbtrail)',
  });
  if (!made) return;
  handlers();
  watch.on(() => {
    handlers();
    notify('consents', consents());
    notify('saveConsents', { changes: consents(), consents: consents(), type: 'script' });
    notify('applyConsents', services.length);
  });
}
