/** One page view: the choice that holds, what it opens, and what is said to the outside. */

import { CHOICE, VISITOR, encode, readChoice, readVisitor, write } from './cookie.js';
import { Delivery } from './deliver.js';
import { signal } from './google.js';
import { Guard } from './guard.js';
import { secret, uuid7 } from './ids.js';
import { memory } from './memory.js';
import { sweep } from './sweep.js';
import { isLax, lifeOf, regimeNow, sameSite, unexpired, verdict } from './verdict.js';

/** @typedef {import('./types').Choice} Choice */
/** @typedef {import('./types').Config} Config */
/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./types').Verdict} Verdict */

/** @param {() => unknown} fn */
export const safe = (fn) => {
  try {
    fn();
  } catch (e) {}
};

const device = () => {
  const touch = matchMedia('(pointer: coarse)').matches;
  return innerWidth < 600 ? 'phone' : touch && innerWidth < 1400 ? 'tablet' : 'desktop';
};

export class Page {
  /**
   * @param {Config} config
   * @param {string} root `<base>/v1/<site>`
   * @param {string} nonce of our own element
   */
  constructor(config, root, nonce) {
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone || '';
    this.config = config;
    this.root = root;
    this.language = config;
    this.regime = regimeNow(config, Date.now(), zone);
    this.lax = isLax(this.regime);
    this.gpc = config.signals.gpc || navigator.globalPrivacyControl === true;
    this.http = sameSite(config.cookie, location);
    this.store = memory(config.cookie.path);
    this.shownAt = '';
    /** @type {Choice | null} */
    this.choice = null;
    this.load();
    this.now = this.judge();
    this.guard = new Guard(this, nonce);
    this.post = new Delivery(
      root + '/consents',
      this.http,
      this.store,
      (id, reply) => this.delivered(id, reply),
      (old, fresh) => this.renamed(old, fresh),
    );
  }

  /** Whether the browser's signal is itself a choice here. */
  get honours() {
    return this.gpc && this.lax && this.config.categories.includes('marketing');
  }

  load() {
    this.choice = unexpired(this.config, this.regime, readChoice(), Date.now());
  }

  /** @returns {Verdict} */
  judge() {
    return verdict(this.config, this.regime, this.choice, Date.now());
  }

  /** Whether this visitor has a choice, or had one: the browser drops the cookie of one that ended. */
  get answered() {
    return !!readChoice() || !!this.store.read().ran;
  }

  /**
   * Writes both cookies again, so that a browser's cap on script cookies counts from today. What
   * HTTP has set is left alone: the cap would bind it from then on.
   */
  keep() {
    const { choice, config, http } = this;
    this.store.update((all) => {
      all.ran = (choice && Object.values(choice.categories).includes(true)) || undefined;
    });
    if (!choice) return;
    const seen = readVisitor();
    const held = readChoice();
    const left = choice.t + lifeOf(config, this.regime, choice) - Date.now() / 1000;
    if (!http || seen || !held || encode(held) !== encode(choice))
      write(config, CHOICE, encode(choice), left);
    if (!http || seen) write(config, VISITOR, seen || secret(), left);
  }

  /**
   * What the second layer needs besides its code.
   * @returns {Promise<import('./types').Details | null>} null where it cannot be had
   */
  async details() {
    try {
      const answer = await fetch(`${this.root}/${this.language.lang}/details.json`, {
        credentials: 'omit',
        signal: AbortSignal.timeout && AbortSignal.timeout(5e3),
      });
      return answer.ok ? await answer.json() : null;
    } catch (e) {
      return null;
    }
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
    safe(() => document.dispatchEvent(new CustomEvent('consent:' + name, { detail })));
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
   * @param {string} action
   * @param {Flags} categories every asked one, except with `gpc`
   * @param {Flags} services wishes; what is missing follows its category
   * @param {number} [layer]
   */
  decide(action, categories, services, layer = 1) {
    const { config } = this;
    const previous = this.choice || readChoice();
    const at = Date.now();
    /** @type {Flags} */
    const wishes = {};
    for (const { id, category } of config.services) {
      if (category && category in categories)
        wishes[id] = categories[category] && services[id] !== false;
    }
    const kept = action === 'gpc' && this.choice ? this.choice : { categories: {}, services: {} };
    this.choice = {
      asks: config.asks,
      t: Math.floor(at / 1000),
      id: uuid7(at),
      pending: true,
      categories: { ...kept.categories, ...categories },
      services: { ...kept.services, ...wishes },
    };
    this.keep();
    this.now = this.judge();
    this.google();
    this.emit('changed');
    setTimeout(() => this.guard.scan());
    this.post.add(this.body(action, categories, wishes, layer, at, previous));
    return this.tidy();
  }

  /**
   * @param {string} action
   * @param {Flags} categories
   * @param {Flags} services
   * @param {number} layer
   * @param {number} at
   * @param {Choice | null} previous
   * @returns {import('./types').Pending['body']}
   */
  body(action, categories, services, layer, at, previous) {
    const { config, choice } = this;
    const iso = new Date(at).toISOString();
    return {
      v: 1,
      id: choice ? choice.id : uuid7(at),
      visitor: readVisitor() || (this.http ? undefined : secret()),
      notice: config.notice,
      action,
      categories,
      services,
      language: this.language.lang,
      layer,
      page: location.origin + location.pathname,
      at: iso,
      shown_at: this.shownAt || iso,
      answer: this.language.answer || undefined,
      device: device(),
      signals: { gpc: this.gpc, dnt: navigator.doNotTrack === '1' },
      previous: previous ? previous.id : undefined,
    };
  }

  /** Deletes what is no longer allowed; twice more, for scripts that are still running. */
  async tidy() {
    const done = await sweep(this.config, this.now);
    for (const pause of [400, 3000]) setTimeout(() => sweep(this.config, this.now), pause);
    return done;
  }

  /** Deletes what is not necessary, allowed or not. The choice stands, and so does its record. */
  erase() {
    return sweep(this.config, this.now, true);
  }

  /**
   * @param {string} id
   * @param {object} reply
   */
  delivered(id, reply) {
    const { choice } = this;
    const held = readChoice();
    // The answer to an older choice may have set its cookie over a newer one.
    if (choice && (choice.id === id || (held && held.id === id && held.t <= choice.t))) {
      if (choice.id === id) choice.pending = false;
      this.keep();
      this.apply();
    }
    this.emit('saved', { record: { id, ...reply } });
  }

  /**
   * @param {string} old
   * @param {string} fresh
   */
  renamed(old, fresh) {
    if (!this.choice || this.choice.id !== old) return;
    this.choice.id = fresh;
    this.keep();
  }

  /** Another tab may have answered. */
  resume() {
    const id = this.choice && this.choice.id;
    this.load();
    if ((this.choice && this.choice.id) === id) return false;
    this.apply();
    this.google();
    this.tidy();
    return true;
  }

  /** A record whose body was lost with the browser's storage is written anew from the cookie. */
  recover() {
    const { choice } = this;
    if (!choice || !choice.pending || this.post.has(choice.id)) return this.post.run();
    const given = this.config.categories.map((id) => !!choice.categories[id]);
    /** @type {Flags} */
    const categories = {};
    /** @type {Flags} */
    const services = {};
    for (const id of this.config.categories) categories[id] = !!choice.categories[id];
    for (const { id, category } of this.config.services) {
      if (category && category in categories)
        services[id] = categories[category] && !!choice.services[id];
    }
    const action = given.includes(true) ? 'api' : 'reject_all';
    return this.post.add(this.body(action, categories, services, 1, choice.t * 1000, null));
  }
}
