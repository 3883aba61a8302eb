/** What a first view can do without: delivery, deleting, the settings, embeds, the log of what is held. */

import { readChoice } from './cookie.js';
import { memory } from './memory.js';
import { yields } from './rest/aside.js';
import { Delivery } from './rest/deliver.js';
import { embeds, placed } from './rest/embeds.js';
import { described, panel } from './rest/held.js';
import { close, details, open } from './rest/layer.js';
import { noted, tell, warn, worded } from './rest/notes.js';
import { delivered, recover, remember, renamed, take } from './rest/sending.js';
import { strays, watch } from './rest/strays.js';
import { follow, swept, tidy } from './rest/tidy.js';
import { allowed } from './rest/young.js';
import css from './rest.css';
import { adopt } from './sheet.js';
import { hold } from './ways.js';

/** @typedef {import('./types').Verdict} Verdict */
/** @typedef {import('./page.js').Page} Page */

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
      (id, reply) => delivered(this, id, reply),
      (old, fresh) => renamed(page, old, fresh),
      () => page.visitor(),
    );
    this.decide = this.view.decide;
    this.view.decide = (...wish) => allowed(this, ...wish);
    if (window.consent.hooks) hold(window.consent.hooks);
    adopt(css, guard.nonce);
    guard.after = () =>
      void worded(this.view)
        .then(() => embeds(page, () => details(page)))
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

  /** `consent.debug()` in full, and the same to look at under `#consent-debug`. */
  explain() {
    const { page } = this;
    const brief = window.consent.debug;
    window.consent.debug = () => ({ ...brief(), ...described(page), queue: this.post.queue });
    const look = () => location.hash === '#consent-debug' && panel(page);
    addEventListener('hashchange', look);
    look();
  }

  /** The browser drops the cookie of a choice that ended; what it allowed goes all the same. */
  start() {
    const { page } = this;
    if (readChoice() || this.store.read().ran) void tidy(page);
    remember(this);
    if (page.decided[0]) this.take().catch(() => {});
    recover(this);
    const { choice, honours, config } = page;
    const denied = honours && choice && choice.categories.marketing === false;
    if (denied && this.store.read().seen !== config.asks) tell(this);
    if (!navigator.cookieEnabled) void warn(this).catch(() => {});
  }

  /** Takes over what was decided. */
  take() {
    return take(this);
  }

  /** Another tab has answered. @param {Verdict} before */
  follow(before) {
    return follow(this.page, before);
  }

  /** @param {boolean} [all] what is not necessary, allowed or not: the choice stands, and so does its record */
  swept(all) {
    return swept(this.page, all);
  }

  details() {
    return details(this.page);
  }

  open() {
    return open(this);
  }

  /** @param {boolean} [decided] whether a choice made the question moot */
  close(decided) {
    close(this, decided);
  }

  /**
   * @param {string} verb
   * @param {Element} node
   */
  act(verb, node) {
    const { settings } = this.view;
    const id = node.getAttribute('data-for');
    if (verb === 'save' && settings) {
      const { categories, services } = settings.switches.read();
      this.view.decide('save', categories, services, 2);
    } else if (verb === 'close') this.close();
    else if (verb === 'noted') noted(this);
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
}
