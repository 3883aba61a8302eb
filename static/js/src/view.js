/** What is on the screen when: the first layer, the settings, the lasting entry, the signal's note. */

import { Api } from './api.js';
import { h, ready, words } from './dom.js';
import { bar, entry, first, note, tongue } from './first.js';
import { safe } from './page.js';
import css from './style.css';
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

export class View {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {HTMLElement | null} */
    this.prompt = null;
    /** @type {import('./settings.js').Settings | null} */
    this.settings = null;
    /** @type {HTMLElement | null} */
    this.note = null;
    /** @type {HTMLElement | null} */
    this.entry = null;
    /** @type {Element | null} */
    this.opener = null;
    this.conflict = false;
    this.opening = false;
  }

  /** Everything that needs no words: what is open opens at once. */
  begin() {
    const { page } = this;
    const signalled = this.obey();
    if (!signalled) {
      const { answered } = page;
      page.keep();
      if (page.choice || page.lax) page.google();
      if (answered) page.tidy();
    }
    page.guard.scan();
    new Api(page, this).install();
    safe(() => void page.recover());
    document.addEventListener('click', (event) => safe(() => this.clicked(event)), true);
    addEventListener('hashchange', () => safe(() => this.addressed()));
    for (const name of ['pageshow', 'visibilitychange']) {
      addEventListener(name, () => safe(() => this.resume()), true);
    }
    document.addEventListener('consent:saved', () =>
      safe(() => this.settings && this.settings.mark()),
    );
    page.emit('ready');
  }

  /** The browser's signal as a choice: once per visitor and `asks`; an informed accept outlives it. */
  obey() {
    const { page } = this;
    const { choice } = page;
    if (!page.honours) return false;
    const granted = !!choice && choice.categories.marketing !== false;
    const current = !!choice && choice.asks >= page.config.asks;
    if (choice && current && (!granted || page.store.read().told === choice.id)) return false;
    this.conflict = granted;
    page.store.update((all) => {
      delete all.seen;
    });
    page.decide('gpc', { marketing: false }, {});
    return true;
  }

  /** The first words on the page. */
  async show() {
    await ready();
    safe(() => this.style());
    this.w = words(this.page.language);
    this.place();
    this.ask();
    const { choice, honours, store, config } = this.page;
    if (
      honours &&
      choice &&
      choice.categories.marketing === false &&
      store.read().seen !== config.asks
    ) {
      this.tell();
    }
    this.addressed();
  }

  style() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  ask() {
    const { page } = this;
    const kind = prompt(page.config, page.regime, page.choice);
    if (!kind || this.prompt || this.settings || !this.w) return;
    this.present((kind === 'bar' ? bar : first)(page, this.w));
    setTimeout(() => void this.code(), 2000);
  }

  /** @param {HTMLElement} node */
  present(node) {
    this.prompt = node;
    document.body.prepend(node);
    if (this.entry) this.entry.hidden = true;
    this.page.shownAt = new Date().toISOString();
    this.page.emit('shown');
  }

  /** The lasting entry, unless the page brings its own; the words of a law always stay. */
  place() {
    const { page, w } = this;
    if (!w || this.entry) return;
    this.entry = entry(page, w);
    document.body.append(this.entry);
    const yields = () => {
      const own = [...document.querySelectorAll(OWN_ENTRY)].some(
        (node) => !node.closest('.ctl-root'),
      );
      const button = this.entry && this.entry.querySelector('button');
      if (button) button.hidden = own && !page.config.regime.link;
    };
    yields();
    addEventListener('load', yields);
  }

  tell() {
    const { page, w } = this;
    if (!w || this.note) return;
    this.note = h('div', {
      id: 'cmp-note',
      class: 'ctl-root ctl-note',
      role: 'status',
      ...tongue(page),
    });
    document.body.append(this.note);
    this.note.append(...note(w, this.conflict));
  }

  addressed() {
    if (/^#(consent|cookie-settings)$/.test(location.hash)) this.open();
  }

  /** @param {Event} event */
  clicked(event) {
    if (!(event.target instanceof Element)) return;
    for (const selector of Object.keys(BUTTONS)) {
      const node = event.target.closest(selector);
      if (!node) continue;
      const verb = BUTTONS[selector] || node.getAttribute('data-cmp') || '';
      if (!this.act(verb)) continue;
      event.preventDefault();
      return;
    }
  }

  /** @param {string} verb */
  act(verb) {
    const layer = this.settings ? 2 : 1;
    if (verb === 'preferences') this.open();
    else if (verb === 'accept') this.all(true, 'accept_all', layer);
    else if (verb === 'reject') this.all(false, 'reject_all', layer);
    else if (verb === 'withdraw') this.all(false, 'withdraw', layer);
    else if (verb === 'save' && this.settings) {
      const { categories, services } = this.settings.read();
      this.decide('save', categories, services, 2);
    } else if (verb === 'close') this.close();
    else if (verb === 'dismiss') this.all(false, verb, layer);
    else if (verb === 'noted') this.noted();
    else if (verb === 'delete' && this.settings) this.settings.erase();
    else return false;
    return true;
  }

  /**
   * @param {boolean} given
   * @param {string} action
   * @param {number} layer
   */
  all(given, action, layer) {
    /** @type {Flags} */
    const categories = {};
    for (const id of this.page.config.categories) categories[id] = given;
    this.decide(action, categories, {}, layer);
  }

  /**
   * The dialog goes first, then what was allowed may start.
   * @param {string} action
   * @param {Flags} categories
   * @param {Flags} services
   * @param {number} layer
   */
  decide(action, categories, services, layer) {
    const { page, settings } = this;
    const informed = !!settings || !page.honours;
    if (!informed && categories.marketing) {
      this.open();
      return;
    }
    const stays = !!settings && action !== 'accept_all';
    if (!stays) this.close(true);
    this.unprompt();
    const swept = page.decide(action, categories, services, layer);
    if (page.honours && categories.marketing && page.choice) {
      const { id } = page.choice;
      page.store.update((all) => {
        all.told = id;
      });
      this.noted();
    }
    if (stays && settings) settings.saved(swept);
    else this.announce('saved');
  }

  unprompt() {
    const inside = this.prompt && this.prompt.contains(document.activeElement);
    if (this.prompt) this.prompt.remove();
    this.prompt = null;
    if (this.entry) this.entry.hidden = !!this.settings;
    if (inside && this.opener instanceof HTMLElement) this.opener.focus();
  }

  /** @param {string} key */
  announce(key) {
    const line = this.entry && this.entry.querySelector('[role=status]');
    if (line && this.w) line.textContent = this.w.t(key);
  }

  /** The second layer is a file of its own, fetched when wanted or while the first layer waits. */
  code() {
    return import(`${this.page.root}/code/settings.${SETTINGS_HASH}.js`).catch(() => null);
  }

  /** @returns {Promise<void>} */
  async open() {
    const { page } = this;
    if (this.settings || this.opening || !this.w) return;
    this.opening = true;
    const opener = document.activeElement;
    const [code, details] = await Promise.all([this.code(), page.details()]);
    this.opening = false;
    if (!code) return this.fallback();
    this.opener = opener;
    if (this.prompt) this.prompt.remove();
    this.prompt = null;
    this.settings = new code.Settings(page, details, () => this.close());
    if (this.entry) this.entry.hidden = true;
    page.shownAt = new Date().toISOString();
    page.emit('shown');
  }

  /** Without the second layer a visitor can still refuse or withdraw. */
  fallback() {
    const { page, w } = this;
    if (this.prompt || !w) return;
    this.present(first(page, w));
    const target = document.querySelector('#cmp-dialog button');
    if (target instanceof HTMLElement) target.focus();
  }

  /** @param {boolean} [decided] whether a choice made the question moot */
  close(decided) {
    const { settings, opener } = this;
    if (!settings) return;
    this.settings = null;
    settings.remove();
    if (this.entry) this.entry.hidden = false;
    if (/^#(consent|cookie-settings)$/.test(location.hash)) {
      history.replaceState(history.state, '', location.pathname + location.search);
    }
    if (!decided) this.ask();
    const back = opener && opener.isConnected && opener !== document.body ? opener : null;
    const target =
      back || document.querySelector('#cmp-dialog [data-cmp=preferences],#cmp-entry button');
    if (target instanceof HTMLElement) target.focus();
  }

  noted() {
    const { store, config } = this.page;
    if (this.note) this.note.remove();
    this.note = null;
    store.update((all) => {
      all.seen = config.asks;
    });
  }

  resume() {
    if (document.visibilityState === 'visible' && this.page.resume() && this.page.choice)
      this.unprompt();
  }
}
