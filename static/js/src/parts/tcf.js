/** IAB Europe's Transparency and Consent Framework 2.3: `window.__tcfapi`, and what it must show. */

import { CmpApi } from '@iabtechlabtcf/cmpapi';
import { settle, write } from '../cookie.js';
import { h } from '../dom.js';
import { bridge } from '../iab/bridge.js';
import { whenGone } from '../iab/gone.js';
import { NOTHING, carried, covered, decode, encode, most, narrowed } from '../iab/tc.js';
import { Panel } from '../iab/tcf-panel.js';
import { speaker } from '../iab/tcf-texts.js';

/** @typedef {import('../page.js').Page} Page */
/** @typedef {import('../iab/tc.js').List} List */
/** @typedef {import('../iab/tc.js').Said} Said */

const COOKIE = 'euconsent-v2';
/** Where the framework speaks: the EU, the EEA, the United Kingdom and Switzerland. */
const PLACES =
  'AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK';

const stored = () => {
  const found = new RegExp(`(?:^|; )${COOKIE}=([\\w.-]+)`).exec(document.cookie);
  return found ? found[1] : '';
};

class Tcf {
  /**
   * @param {Page} page
   * @param {{cmp_id: number, cmp_version?: number, country: string}} options
   * @param {CmpApi} api
   */
  constructor(page, options, api) {
    this.page = page;
    this.options = options;
    this.api = api;
    this.text = '';
    /** @type {Said | null} what was ticked when "save" was clicked */
    this.wish = null;
    this.accepted = false;
    /** @type {Promise<unknown>} */
    this.turn = Promise.resolve();
    /** What was allowed when the string was made. */
    this.flags = { ...page.now.categories };
    /** @type {Panel | null} */
    this.panel = null;
    /** @type {Promise<List> | null} */
    this.fetched = null;
  }

  /** @returns {Promise<List>} the vendors and the standard texts, in the language of the page */
  list() {
    const { root, language } = this.page;
    this.fetched =
      this.fetched ||
      fetch(`${root}/tcf/${language.lang}.json`, { credentials: 'omit' }).then((answer) =>
        answer.ok ? answer.json() : Promise.reject(),
      );
    return this.fetched;
  }

  /** @param {Said} said whether the categories that are allowed now cover all of it */
  fits(said) {
    const { now, config } = this.page;
    return (
      said.purposes.every((id) => covered(id, now.categories, config.categories)) &&
      (!said.features.length || now.categories.marketing === true)
    );
  }

  /**
   * The string for what holds now: what was picked or kept, as far as the categories allow it;
   * else all that they allow.
   * @param {Said | null} picked
   * @param {number} screen
   */
  async compose(picked, screen) {
    const list = await this.list();
    const { page } = this;
    const { categories } = page.now;
    const asked = page.config.categories;
    const said = picked
      ? narrowed(picked, list, categories, asked)
      : most(list, categories, asked);
    return encode(list, page.choice ? said : NOTHING, this.options, screen);
  }

  /** What was said before, where categories alone have changed since. */
  async carry() {
    const before = decode(this.text, this.options.cmp_id);
    const { now, config } = this.page;
    const list = await this.list();
    return before && carried(before, this.flags, list, now.categories, config.categories);
  }

  /**
   * @param {string} text
   * @param {boolean} visible
   */
  tell(text, visible) {
    this.text = text;
    this.api.update(text, visible);
  }

  /** @param {string} text that lives as long as a choice; a refusal that outlives it is told anew */
  keep(text) {
    const { config, choice } = this.page;
    if (!choice) return;
    write(config, COOKIE, text, choice.t + config.life - Date.now() / 1000);
    settle();
  }

  /** A choice made before; a string that is not ours or says too much is made anew. */
  async begin() {
    const { choice } = this.page;
    const text = stored();
    const said = choice ? decode(text, this.options.cmp_id) : null;
    if (said && this.fits(said)) return this.tell(text, false);
    if (!choice) return this.prompted();
    const fresh = await this.compose(said, 1);
    this.keep(fresh);
    this.tell(fresh, false);
  }

  /** One after the other: what was clicked is read at once, the list may be on its way. */
  changed() {
    const { wish, accepted } = this;
    this.wish = null;
    this.accepted = false;
    this.next(() => this.settle(wish, accepted));
  }

  /** @param {() => Promise<unknown>} act */
  next(act) {
    this.turn = this.turn.then(act).catch(() => this.broken());
  }

  /**
   * @param {Said | null} wish
   * @param {boolean} accepted
   */
  async settle(wish, accepted) {
    const text = stored();
    const other = text && text !== this.text ? decode(text, this.options.cmp_id) : null;
    const picked = wish || other || (accepted ? null : await this.carry());
    const fresh = await this.compose(picked, wish ? 2 : 1);
    this.flags = { ...this.page.now.categories };
    this.keep(fresh);
    this.tell(fresh, false);
    if (this.panel) this.panel.show(decode(fresh, this.options.cmp_id) || NOTHING);
  }

  /** What is on the screen: the settings get their panel, the first layer its sentence. */
  async prompted() {
    const dialog = /** @type {HTMLElement | null} */ (document.querySelector('#cmp-dialog'));
    if (!dialog) return;
    const list = await this.list();
    const text = this.text || (await this.compose(null, 1));
    if (!dialog.isConnected) return;
    this.tell(text, true);
    const body = dialog.querySelector('.ctl-body');
    if (body && dialog instanceof HTMLDialogElement && dialog.querySelector('[data-cmp=save]')) {
      this.settings(dialog, body, list);
    } else this.sentence(dialog, list);
  }

  /**
   * @param {HTMLElement} dialog
   * @param {List} list
   */
  sentence(dialog, list) {
    // Inside what scrolls, so that the buttons stay on the screen.
    const text = document.getElementById(dialog.getAttribute('aria-describedby') || '');
    if (!text || dialog.querySelector('#cmp-tcf-first')) return;
    const names = [...Object.values(list.purposes), ...Object.values(list.specialFeatures)];
    const t = speaker(this.page.language.lang);
    const values = {
      n: Object.keys(list.vendors).length,
      list: names.map(({ name }) => name).join('; '),
    };
    text.append(h('p', { id: 'cmp-tcf-first' }, t('first', values)));
  }

  /**
   * @param {HTMLElement} dialog
   * @param {Element} body
   * @param {List} list
   */
  settings(dialog, body, list) {
    const { page } = this;
    const said = decode(this.text, this.options.cmp_id) || NOTHING;
    const panel = new Panel(list, page.config.categories, page.language.lang, said);
    this.panel = panel;
    const put = () => {
      if (panel.node.isConnected) return;
      const sections = [...body.querySelectorAll('input[name]')].map((i) => i.closest('section'));
      const last = sections.pop();
      if (last) last.after(panel.node);
      else body.append(panel.node);
    };
    put();
    new MutationObserver(put).observe(body, { childList: true });
    dialog.addEventListener('change', ({ target }) => {
      const input = /** @type {HTMLInputElement} */ (target);
      if (page.config.categories.includes(input.name)) panel.follow(input);
    });
    // Closing the settings is the end of an action, whether anything was changed or not.
    whenGone(dialog, () => {
      if (this.panel === panel) this.panel = null;
      if (page.choice) this.tell(this.text, false);
    });
  }

  listen() {
    document.addEventListener('consent:shown', () => this.next(() => this.prompted()));
    document.addEventListener('consent:changed', () => this.changed());
    // On the window, so that it is read before the click decides.
    addEventListener(
      'click',
      ({ target }) => {
        const on = (/** @type {string} */ verb) =>
          target instanceof Element && !!target.closest(`[data-cmp=${verb}]`);
        this.wish = on('save') && this.panel ? this.panel.read() : null;
        this.accepted = on('accept');
      },
      true,
    );
    this.next(() => this.begin());
  }

  /** Without the vendor list nothing can be said, and nothing is: vendors read "error". */
  broken() {
    try {
      this.api.disable();
    } catch (e) {}
  }
}

/** @param {Page} page */
export function start(page) {
  const options = (page.config.options || {}).tcf;
  if (!options || !(options.cmp_id > 1)) return;
  const w = /** @type {{[name: string]: any}} */ (/** @type {unknown} */ (window));
  const bridged = w.__tcfapi && w.__tcfapi.stub;
  const api = new CmpApi(options.cmp_id, options.cmp_version || 1, true);
  if (!bridged) {
    bridge('__tcfapi', ({ command, parameter, version }, reply) =>
      w.__tcfapi(command, version, reply, parameter),
    );
  }
  const { country } = page.config.place;
  if (country && !PLACES.split(' ').includes(country)) return api.update(null);
  new Tcf(page, /** @type {any} */ (options), api).listen();
}
