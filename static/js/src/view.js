/** What is on the screen when: the first layer and the lasting entry; the rest does the others. */

import { install } from './api.js';
import { drop, ready, words } from './dom.js';
import { bar, entry, first } from './first.js';
import { keyOf } from './memory.js';
import { obey } from './obey.js';
import { safe } from './page.js';
import css from './style.css';
import barCss from './bar.css';
import { prompt } from './verdict.js';

/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./page.js').Page} Page */

const OWN_ENTRY =
  '[data-cmp=preferences],a[href$="#cookie-settings"],a[href$="#consent"],[data-cc=show-preferencesModal]';

/** @type {{[selector: string]: string}} */
const BUTTONS = {
  '[data-cmp]': '',
  [OWN_ENTRY]: 'preferences',
  '[data-cc=accept-all]': 'accept',
  '[data-cc=accept-necessary]': 'reject',
};
const OURS = /^#(consent|cookie-settings)$/;

export class View {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {HTMLElement | null} */
    this.prompt = null;
    /** @type {import('./settings.js').Settings | null} */
    this.settings = null;
    /** @type {HTMLElement | null} */
    this.entry = null;
    /** @type {Element | null} */
    this.opener = null;
    this.conflict = false;
    page.view = this;
  }

  /** Everything that needs no words: what is open opens at once. */
  begin() {
    const { page } = this;
    if (!(LAX && obey(page, this))) {
      page.keep();
      if (page.choice || (LAX && page.lax)) page.google();
    }
    page.guard.scan();
    install(page, this);
    document.addEventListener('click', (event) => safe(() => this.clicked(event)), true);
    addEventListener('hashchange', () => this.addressed());
    addEventListener('online', () => this.later());
    for (const name of ['pageshow', 'visibilitychange']) {
      addEventListener(name, () => safe(() => this.resume()), true);
    }
    page.emit('ready');
  }

  /** The first words on the page. */
  async show() {
    const { page } = this;
    await ready();
    // What ran until a choice ended is deleted before the question returns.
    let old = '';
    safe(() => (old = localStorage[keyOf(page.config.cookie.path)]));
    if (old && !page.choice) await page.rest().then((rest) => rest.swept()).catch(() => {});
    safe(() => this.style());
    this.w = words(page.language);
    page.guard.seen = () => safe(() => document.body && this.stand());
    this.ask();
    this.last(!this.prompt);
    this.addressed();
    const { choice, guard, lax } = page;
    const all = choice && !choice.pending && guard.all();
    if ((LAX && lax) || (!all && window.consent.hooks)) this.later();
    else if (choice ? !all : guard.framed() || !navigator.cookieEnabled)
      (window.requestIdleCallback || setTimeout)(() => this.later());
  }

  later() {
    this.page.rest();
  }

  style() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync((LAX ? css + barCss : css) + (this.page.config.css || ''));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  ask() {
    const { page } = this;
    const kind = prompt(page.config, page.regime, page.choice);
    if (!kind || this.prompt || this.settings || !this.w) return;
    this.present((LAX && kind === 'bar' ? bar : first)(page, this.w));
  }

  /** @param {HTMLElement} node */
  present(node) {
    this.prompt = node;
    for (const near of ['pointerover', 'focusin'])
      node.addEventListener(near, () => this.later(), { once: true });
    this.stand();
    this.last(false);
    this.page.shownAt = new Date().toISOString();
    this.page.emit('shown');
  }

  /** Ours stays where a page puts a new body in the place of the old one. */
  stand() {
    if (this.prompt && !this.prompt.isConnected) document.body.prepend(this.prompt);
    if (this.entry && !this.entry.isConnected) document.body.append(this.entry);
  }

  /**
   * The lasting entry, made when it is first to be seen, unless the page brings its own; the words of
   * a law always stay.
   * @param {boolean} shown
   */
  last(shown) {
    const { page, w } = this;
    if (this.entry) this.entry.hidden = !shown;
    if (this.entry || !shown || !w) return;
    this.entry = entry(page, w);
    const button = this.entry.firstElementChild;
    const yields = () => {
      const own = [...document.querySelectorAll(OWN_ENTRY)].some(
        (node) => !node.closest('.ctl-root'),
      );
      /** @type {HTMLElement} */ (button).hidden = own && !(LAX && page.config.regime.link);
    };
    this.stand();
    yields();
    addEventListener('load', yields);
  }

  addressed() {
    if (OURS.test(location.hash)) this.open();
    if (/debug$/.test(location.hash)) this.later();
  }

  /** @param {Event} event */
  clicked(event) {
    if (!(event.target instanceof Element)) return;
    for (const selector of Object.keys(BUTTONS)) {
      const node = event.target.closest(selector);
      if (!node) continue;
      event.preventDefault();
      this.act(BUTTONS[selector] || node.getAttribute('data-cmp') || '', node);
      return;
    }
  }

  /**
   * @param {string} verb
   * @param {Element} node
   */
  act(verb, node) {
    if (verb === 'preferences') this.open();
    else if (verb === 'accept') this.all(true, 'accept_all');
    else if (verb === 'reject') this.all(false, 'reject_all');
    else if (verb === 'withdraw' || verb === 'dismiss') this.all(false, verb);
    else safe(() => void this.page.rest().then((rest) => rest.act(verb, node), () => {}));
  }

  /**
   * @param {boolean} given
   * @param {string} action
   */
  all(given, action) {
    /** @type {Flags} */
    const categories = {};
    for (const id of this.page.config.categories) categories[id] = given;
    this.decide(action, categories, {});
  }

  /** What a page's own script wishes; what it leaves out stays as it is. @param {Flags} wishes */
  wish(wishes) {
    const { config, now } = this.page;
    /** @type {Flags} */
    const next = {};
    for (const id of config.categories) next[id] = !!{ ...now.categories, ...wishes }[id];
    /** @type {Flags} */
    const kept = {};
    for (const { id, category } of config.services) {
      if (category && now.categories[category]) kept[id] = now.services[id];
    }
    this.decide('api', next, { ...kept, ...wishes }, 1);
  }

  /**
   * The dialog goes first, then what was allowed may start.
   * @param {string} action
   * @param {Flags} categories
   * @param {Flags} services
   * @param {number} [layer]
   */
  decide(action, categories, services, layer = this.settings ? 2 : 1) {
    const { page, settings } = this;
    if (LAX && !settings && page.honours && categories.marketing) return this.open();
    const stays = settings && action !== 'accept_all';
    if (settings && !stays) settings.close(true);
    this.unprompt();
    const swept = page.decide(action, categories, services, layer);
    if (stays) settings.saved(swept);
    swept.catch(() => {});
  }

  unprompt() {
    const { prompt, opener } = this;
    const inside = prompt && prompt.contains(document.activeElement);
    this.prompt = null;
    if (prompt) drop(prompt);
    this.last(!this.settings);
    if (inside && opener instanceof HTMLElement) opener.focus();
  }

  /** Without the second layer a visitor can still refuse or withdraw. */
  open() {
    const { page, w } = this;
    // Asked for before there are words: as soon as there are.
    if (!w) return void setTimeout(() => this.open(), 50);
    page
      .rest()
      .then((rest) => rest.open())
      .catch(() => {
        if (this.prompt) return;
        const dialog = first(page, w);
        this.present(dialog);
        /** @type {HTMLElement} */ (dialog.querySelector('button')).focus();
      });
  }

  resume() {
    if (document.visibilityState === 'visible' && this.page.resume() && this.page.choice)
      this.unprompt();
  }
}
