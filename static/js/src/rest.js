/** What a first view can do without: delivery, deleting, the settings, embeds, the log of what is held. */

import { yields } from './aside.js';
import { readChoice } from './cookie.js';
import { Delivery } from './deliver.js';
import { drop, h, words } from './dom.js';
import { embeds, placed } from './embeds.js';
import { note, tongue } from './first.js';
import { described, panel } from './held.js';
import { secret } from './ids.js';
import { keyOf, memory } from './memory.js';
import css from './rest.css';
import { adopt } from './sheet.js';
import { strays, watch } from './strays.js';
import { sweep } from './sweep.js';
import { hold } from './ways.js';

/** @typedef {import('./types').Choice} Choice */
/** @typedef {import('./types').Decision} Decision */
/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./types').Verdict} Verdict */
/** @typedef {import('./page.js').Page} Page */

/** How long the page of a choice may take to send it, milliseconds. */
const OWN_PAGE = 2e4;

const device = () => {
  const touch = matchMedia('(pointer: coarse)').matches;
  return innerWidth < 600 ? 'phone' : touch && innerWidth < 1400 ? 'tablet' : 'desktop';
};

export class Rest {
  /** @param {Page} page */
  constructor(page) {
    const { guard, config, root, http } = page;
    this.page = page;
    this.view = /** @type {import('./view.js').View} */ (page.view);
    this.store = memory(config.cookie.path);
    /** @type {HTMLElement | null} */
    this.note = null;
    this.opening = false;
    this.post = new Delivery(
      root + '/consents',
      http,
      this.store,
      (id, reply) => this.delivered(id, reply),
      (old, fresh) => this.renamed(old, fresh),
      () => page.visitor(),
    );
    this.decide = this.view.decide;
    this.view.decide = (...wish) => this.allowed(...wish);
    if (window.consent.hooks) hold(window.consent.hooks);
    adopt(css, guard.nonce);
    guard.after = () =>
      void this.worded()
        .then(() => embeds(page, () => this.details()))
        .catch(() => {});
    guard.after();
    document.addEventListener('consent:saved', () => this.view.settings && this.view.settings.mark());
    yields();
    watch(() => this.single());
    this.single();
    this.explain();
    this.start();
  }

  /** What the visitor last said of their age, in the settings. */
  get age() {
    return this.store.read().age;
  }

  set age(said) {
    this.store.update((all) => {
      all.age = said;
    });
  }

  /**
   * Whoever said that they are too young allows nothing: the server would store a refusal. Without
   * the settings before their eyes they are shown why.
   * @param {string} action
   * @param {Flags} categories
   * @param {Flags} services
   * @param {number} [layer]
   */
  allowed(action, categories, services, layer) {
    const { view } = this;
    const young = view.settings && view.settings.young;
    if (young) this.age = young.checked ? 'under' : this.age && 'over';
    const wide = Object.values({ ...services, ...categories }).includes(true);
    if (this.age !== 'under' || !wide) return this.decide.call(view, action, categories, services, layer);
    if (!view.settings) return view.open();
    const none = Object.fromEntries(Object.keys(categories).map((id) => [id, false]));
    return this.decide.call(view, 'save', none, {}, layer);
  }

  /** Of each of ours there is one; settings that went with the page's body are closed. */
  single() {
    const open = this.view.settings;
    if (open && !open.node.isConnected) this.close();
    if (this.note && !this.note.isConnected) document.body.append(this.note);
    const { prompt, settings, entry } = this.view;
    const living = [prompt, settings && settings.node, entry, this.note];
    strays((node) => living.includes(/** @type {HTMLElement} */ (node)) || placed(node) || node.id === 'cmp-debug');
    this.page.guard.after();
  }

  /** The browser drops the cookie of a choice that ended; what it allowed goes all the same. */
  start() {
    const { page } = this;
    if (readChoice() || this.store.read().ran) this.tidy();
    this.remember();
    if (page.decided[0]) this.take().catch(() => {});
    this.recover();
    const { choice, honours, config } = page;
    const denied = honours && choice && choice.categories.marketing === false;
    if (denied && this.store.read().seen !== config.asks) this.tell();
    if (!navigator.cookieEnabled) void this.warn().catch(() => {});
  }

  /** Where no cookie is kept the question comes back, and the dialog says why: once a page. */
  async warn() {
    await this.worded();
    const details = await this.details();
    const { language } = this.page;
    const text = words({ ...language, texts: (details && details.texts) || {} }).t('blocked');
    const place = document.querySelector('#cmp-dialog #ctl-text');
    if (place && text) place.prepend(h('p', null, h('b', null, text)));
  }

  remember() {
    const { choice } = this.page;
    this.store.update((all) => {
      all.ran = (choice && Object.values(choice.categories).includes(true)) || undefined;
    });
  }

  /** Takes over what was decided; each is delivered once. */
  take() {
    const { page } = this;
    for (const decision of page.decided.splice(0)) {
      const [categories, , id, action] = decision;
      if (page.honours && categories.marketing && action !== 'gpc') {
        this.store.update((all) => {
          all.told = id;
        });
        this.noted();
      }
      this.remember();
      const held = readChoice();
      // Another tab may have found it and been quicker.
      const sent = held && held.id === id && !held.pending;
      if (!sent && !this.post.has(id)) this.post.add(this.body(decision));
      if (action === 'gpc') this.tell();
      else this.announce();
    }
    this.forget();
    return this.tidy();
  }

  /**
   * @param {Decision} decision
   * @returns {import('./types').Pending['body']}
   */
  body([categories, services, id, action, layer, at, previous, shownAt, notice, answer, language, page]) {
    const { gpc, http } = this.page;
    const iso = new Date(at).toISOString();
    return {
      v: 1,
      id,
      visitor: this.page.visitor() || (http ? undefined : secret()),
      notice,
      action,
      categories,
      services,
      language,
      layer,
      page,
      at: iso,
      shown_at: shownAt || iso,
      answer: answer || undefined,
      device: device(),
      signals: { gpc, dnt: navigator.doNotTrack === '1' },
      previous: previous || undefined,
      age: this.age,
    };
  }

  /** Where a decision is kept that no queue has taken over yet. */
  get key() {
    return keyOf(this.page.config.cookie.path) + '.';
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch (e) {}
  }

  /**
   * The decision of a page that was left before it could hand it over.
   * @returns {Decision | null}
   */
  last() {
    const choice = /** @type {Choice} */ (this.page.choice);
    let kept = '';
    try {
      kept = localStorage.getItem(this.key) || '';
    } catch (e) {}
    const [, , id, action, layer, at, previous, shownAt, notice, answer, language, ...page] =
      kept.split(',');
    if (id !== choice.id || !page[0]) return null;
    const categories = action === 'gpc' ? { marketing: false } : choice.categories;
    const services = action === 'gpc' ? {} : choice.services;
    return [categories, services, id, action, +layer, +at, previous, shownAt, notice, answer, language, page.join(',')];
  }

  /** The same from the cookie alone; what it does not say is not made up. @returns {Decision} */
  told() {
    const { choice, config, language } = this.page;
    const { t, id, categories: said, services: wished } = /** @type {Choice} */ (choice);
    /** @type {Flags} */
    const categories = {};
    /** @type {Flags} */
    const services = {};
    for (const name of config.categories) categories[name] = !!said[name];
    for (const { id: name, category } of config.services) {
      if (category && category in categories) services[name] = categories[category] && !!wished[name];
    }
    const action = Object.values(categories).includes(true) ? 'api' : 'reject_all';
    const { answer, lang } = language;
    const page = location.origin + location.pathname;
    return [categories, services, id, action, 1, t * 1000, null, '', config.notice, answer, lang, page];
  }

  /**
   * A record whose body was lost with the page or the storage is written anew. From the cookie alone
   * not at once: a page that knows better may be about to send it.
   */
  async recover() {
    const { choice } = this.page;
    if (choice && choice.pending && !this.post.has(choice.id)) {
      const kept = this.last();
      const young = choice.t * 1000 + OWN_PAGE - Date.now();
      if (kept) {
        const sent = this.post.add(this.body(kept));
        this.forget();
        await sent;
      } else if (young > 0 && young <= OWN_PAGE) setTimeout(() => void this.again(), young);
      else return this.post.add(this.body(this.told()));
    }
    return this.post.run();
  }

  /** Whether or not it has been sent by now. */
  again() {
    const { page } = this;
    const held = readChoice();
    if (held && page.choice && held.id === page.choice.id) page.choice.pending = held.pending;
    return this.recover();
  }

  /**
   * @param {string} id
   * @param {any} reply
   */
  delivered(id, reply) {
    const { page } = this;
    const { choice } = page;
    const held = readChoice();
    // The answer to an older choice may have set its cookie over a newer one.
    if (choice && (choice.id === id || (held && held.id === id && held.t <= choice.t))) {
      const before = page.now;
      if (choice.id === id) {
        choice.pending = false;
        if (reply.denied) this.shut(choice);
      }
      page.keep();
      page.apply();
      if (reply.denied) {
        page.google();
        void this.follow(before).catch(() => {});
      }
    }
    page.emit('saved', { record: { id, ...reply } });
  }

  /** The server stored a refusal: the visitor once said that they are too young. @param {Choice} choice */
  shut(choice) {
    this.age = 'under';
    for (const flags of [choice.categories, choice.services])
      for (const id in flags) flags[id] = false;
  }

  /**
   * @param {string} old
   * @param {string} fresh
   */
  renamed(old, fresh) {
    const { page } = this;
    if (!page.choice || page.choice.id !== old) return;
    page.choice.id = fresh;
    page.keep();
  }

  /** @param {boolean} [all] */
  async swept(all) {
    const { config, now, guard } = this.page;
    guard.off = true;
    try {
      return await sweep(config, now, all);
    } finally {
      guard.off = false;
    }
  }

  /** Deletes what is no longer allowed; twice more, for scripts that are still running. */
  async tidy() {
    const done = await this.swept();
    for (const pause of [400, 3000]) setTimeout(() => void this.swept().catch(() => {}), pause);
    return done;
  }

  /** Another tab has answered: what ran here on a wider choice ends with this view. @param {Verdict} before */
  async follow(before) {
    const { now, guard } = this.page;
    await this.tidy();
    const narrower = /** @type {const} */ (['categories', 'services']).some((kind) =>
      Object.keys(before[kind]).some((id) => before[kind][id] && !now[kind][id]),
    );
    if (narrower && guard.ran) location.reload();
  }

  /** Deletes what is not necessary, allowed or not. The choice stands, and so does its record. */
  erase() {
    return this.swept(true);
  }

  /**
   * What the second layer needs besides its code.
   * @returns {Promise<import('./types').Details | null>} null where it cannot be had
   */
  async details() {
    const { root, language } = this.page;
    try {
      const answer = await fetch(`${root}/${language.lang}/details.json`, {
        credentials: 'omit',
        signal: AbortSignal.timeout && AbortSignal.timeout(5e3),
      });
      return answer.ok ? await answer.json() : null;
    } catch (e) {
      return null;
    }
  }

  async open() {
    const { page, view } = this;
    if (view.settings || this.opening) return;
    this.opening = true;
    const opener = document.activeElement;
    try {
      const code = import(`${page.root}/code/settings.${SETTINGS_HASH}.js`);
      const [{ Settings }, details] = await Promise.all([code, this.details()]);
      view.opener = opener;
      if (view.prompt) drop(view.prompt);
      view.prompt = null;
      view.settings = new Settings(this, details);
    } finally {
      this.opening = false;
    }
    view.last(false);
    page.shownAt = new Date().toISOString();
    page.emit('shown');
  }

  /** @param {boolean} [decided] whether a choice made the question moot */
  close(decided) {
    const { settings, opener } = this.view;
    if (!settings) return;
    this.view.settings = null;
    settings.remove();
    this.view.last(true);
    if (/^#(consent|cookie-settings)$/.test(location.hash)) {
      history.replaceState(history.state, '', location.pathname + location.search);
    }
    if (!decided) this.view.ask();
    const back = opener && opener.isConnected && opener !== document.body ? opener : null;
    const target =
      back || document.querySelector('#cmp-dialog [data-cmp=preferences],#cmp-entry button');
    if (target instanceof HTMLElement) target.focus();
  }

  /**
   * @param {string} verb
   * @param {Element} node
   */
  act(verb, node) {
    const { settings } = this.view;
    const id = node.getAttribute('data-for');
    if (verb === 'save' && settings) {
      const { categories, services } = settings.read();
      this.view.decide('save', categories, services, 2);
    } else if (verb === 'close') this.close();
    else if (verb === 'noted') this.noted();
    else if (verb === 'delete' && settings) settings.erase();
    else if (verb === 'embed' && id) this.allow(id);
  }

  /** One service or category, asked for beside what it would show. @param {string} wanted */
  allow(wanted) {
    const { config, now } = this.page;
    const { category } = config.services.find(({ id }) => id === wanted) || { category: wanted };
    if (!category) return;
    const categories = { ...now.categories, [category]: true };
    delete categories.necessary;
    const services = { ...now.services, [wanted]: true };
    this.view.decide('save', categories, category === wanted ? {} : services, 1);
  }

  /** A choice that needs no words, a signal's, can come before the page's language is fetched. */
  async worded() {
    for (let i = 0; !this.view.w && i < 200; i++) await new Promise((done) => setTimeout(done, 50));
  }

  /** Where the settings do not say it themselves. The line was hidden with its entry until now. */
  announce() {
    const { entry, settings, w } = this.view;
    const line = entry && entry.lastElementChild;
    if (!line || !w || settings) return;
    line.textContent = '';
    setTimeout(() => (line.textContent = w.t('saved')), 150);
  }

  /** A status is announced where it stood empty before its words came (4.1.3). */
  async tell() {
    const { page, view } = this;
    await this.worded();
    if (this.note || !view.w) return;
    const node = h('div', {
      id: 'cmp-note',
      class: 'ctl-root ctl-note',
      role: 'status',
      ...tongue(page),
    });
    this.note = node;
    document.body.append(node);
    setTimeout(() => node.append(...note(/** @type {import('./dom.js').Words} */ (view.w), view.conflict)), 100);
  }

  noted() {
    if (this.note) drop(this.note);
    this.note = null;
    this.store.update((all) => {
      all.seen = this.page.config.asks;
    });
  }

  /** `consent.debug()` in full, and the same to look at under `#consent-debug`. */
  explain() {
    const { page } = this;
    const brief = window.consent.debug;
    window.consent.debug = () => ({ ...brief(), ...described(page), queue: this.post.queue });
    const look = () => location.hash === '#consent-debug' && panel(page);
    addEventListener('hashchange', look);
    look();
  }
}
