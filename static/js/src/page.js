/** One page view: the choice that holds, what it opens, and what is said to the outside. */

import { CHOICE, VISITOR, encode, readChoice, readVisitor, settle, write } from './cookie.js';
import { signal } from './google.js';
import { Guard, pause } from './guard.js';
import { secret, uuid7 } from './ids.js';
import { keyOf } from './memory.js';
import { isLax, lifeOf, regimeNow, sameSite, unexpired, verdict } from './verdict.js';

/** @typedef {import('./types').Choice} Choice */
/** @typedef {import('./types').Config} Config */
/** @typedef {import('./types').Decision} Decision */
/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./types').Verdict} Verdict */

/** @param {() => unknown} fn */
export const safe = (fn) => {
  try {
    fn();
  } catch (e) {}
};

export class Page {
  /**
   * @param {Config} config
   * @param {string} root `<base>/v1/<site>`
   * @param {string} nonce of our own element
   */
  constructor(config, root, nonce) {
    const zone = (LAX && new Intl.DateTimeFormat().resolvedOptions().timeZone) || '';
    this.config = config;
    this.root = root;
    this.language = config;
    this.regime = regimeNow(config, Date.now(), zone);
    this.lax = LAX && isLax(this.regime);
    this.gpc = config.signals.gpc || navigator.globalPrivacyControl === true;
    this.http = sameSite(config.cookie, location);
    // For the lazy files: a cookie that the browser does not keep is in this file's hands.
    this.visitor = readVisitor;
    this.shownAt = '';
    this.again = '';
    /** @type {import('./view.js').View | undefined} */
    this.view = undefined;
    /** @type {Promise<import('./rest.js').Rest> | undefined} */
    this.loading = undefined;
    /** @type {Decision[]} what the visitor decided and the rest has not taken over yet */
    this.decided = [];
    /** @type {Choice | null} */
    this.choice = null;
    this.load();
    this.now = this.judge();
    this.guard = new Guard(this, nonce);
  }

  /** Whether the browser's signal is itself a choice here. */
  get honours() {
    return LAX && this.gpc && this.lax && this.config.categories.includes('marketing');
  }

  load() {
    this.choice = unexpired(this.config, this.regime, readChoice(), Date.now());
  }

  /** @returns {Verdict} */
  judge() {
    return verdict(this.config, this.regime, this.choice, Date.now());
  }

  /**
   * Writes both cookies again, so that a browser's cap on script cookies counts from today. What
   * HTTP has set is left alone: the cap would bind it from then on.
   */
  keep() {
    const { choice, config, http } = this;
    if (!choice) return;
    const seen = readVisitor();
    const held = http && readChoice();
    const left = choice.t + lifeOf(config, this.regime, choice) - Date.now() / 1000;
    if (!held || seen || encode(held) !== encode(choice))
      write(config, CHOICE, encode(choice), left);
    if (!http || seen) write(config, VISITOR, seen || secret(), left);
    settle();
  }

  get() {
    const { choice, now, regime, lax } = this;
    return {
      decided: !!choice,
      categories: { ...now.categories },
      services: { ...now.services },
      id: choice && choice.id,
      at: choice && new Date(choice.t * 1000).toISOString(),
      asks: this.config.asks,
      regime: regime.id,
      country: this.config.place.country,
      strict: !lax,
      gpc: this.gpc,
      pending: !!choice && choice.pending,
    };
  }

  /**
   * @param {string} name
   * @param {object} [more]
   */
  emit(name, more) {
    const detail = { ...this.get(), ...more };
    document.dispatchEvent(new CustomEvent('consent:' + name, { detail }));
  }

  google() {
    const asks = this.config.categories.includes('preferences');
    safe(() => signal('update', this.now.categories, !this.lax, asks));
  }

  /** Brings the page in line with the choice; says so once if anything differs. */
  apply() {
    const before = JSON.stringify(this.now);
    this.now = this.judge();
    if (JSON.stringify(this.now) !== before) this.emit('changed');
    this.guard.scan();
  }

  /**
   * What a first view can do without: delivery, deleting, the settings. Fetched when a visitor comes
   * near, and asked for again where it could not be had.
   * @returns {Promise<import('./rest.js').Rest>}
   */
  rest() {
    if (!this.loading) {
      // A browser keeps a module's failure by its address.
      this.loading = Promise.race([
        import(`${this.root}/code/rest.${REST_HASH}.js${this.again}`),
        pause(1e4), // brings no Rest, so it fails like the others
      ]).then(({ Rest }) => new Rest(this));
      this.loading.catch(() => {
        this.loading = undefined;
        this.again += '?';
        if (this.decided[0]) setTimeout(() => this.rest(), 5e3);
      });
    }
    return this.loading;
  }

  /**
   * @param {string} action
   * @param {Flags} categories every asked one, except with `gpc`
   * @param {Flags} services wishes; what is missing follows its category
   * @param {number} [layer]
   * @param {number} [at] when it was decided, milliseconds
   * @returns {Promise<{gone: string[], left: string[]}>} what was deleted, what could not be
   */
  async decide(action, categories, services, layer = 1, at = Date.now()) {
    const { config } = this;
    const previous = this.choice || readChoice();
    /** @type {Flags} */
    const wishes = {};
    for (const { id, category } of config.services) {
      if (category && category in categories)
        wishes[id] = categories[category] && services[id] !== false;
    }
    const kept = LAX && action === 'gpc' ? this.choice : null;
    this.choice = {
      asks: config.asks,
      t: Math.floor(at / 1000),
      id: uuid7(Date.now()),
      pending: true,
      categories: { ...(LAX && kept && kept.categories), ...categories },
      services: { ...(LAX && kept && kept.services), ...wishes },
    };
    /** @type {Decision} */
    const decision = [
      categories,
      wishes,
      this.choice.id,
      action,
      layer,
      at,
      previous && previous.id,
      this.shownAt,
      config.notice,
      this.language.answer,
      this.language.lang,
      location.origin + location.pathname,
    ];
    this.decided.push(decision);
    // Whoever leaves before the rest has come finds it at the next view (rest/record.js, `last`).
    safe(() => localStorage.setItem(keyOf(config.cookie.path) + '.', '' + decision));
    this.keep();
    this.now = this.judge();
    this.google();
    this.emit('changed');
    // The dialog leaves the screen first; a page in the background paints nothing.
    await new Promise((done) => {
      requestAnimationFrame(() => setTimeout(done));
      setTimeout(done, 200);
    });
    this.guard.scan();
    return (await this.rest()).take();
  }

  /** Another tab may have answered. Wider lets go, narrower starts the page anew. */
  resume() {
    const { choice, now } = this;
    this.load();
    if ((this.choice && this.choice.id) === (choice && choice.id)) return false;
    this.apply();
    this.google();
    this.rest().then((rest) => rest.follow(now), () => {});
    return true;
  }
}
