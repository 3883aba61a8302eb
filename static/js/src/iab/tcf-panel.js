/**
 * What the framework's policies want a visitor to read before they say yes: every purpose, special
 * feature and partner, with the standard texts, and a switch for each that can be chosen.
 */

import { h, link } from '../dom.js';
import { categoryOf } from './tc.js';
import { speaker } from './tcf-texts.js';

/** @typedef {import('./tc.js').List} List */
/** @typedef {import('./tc.js').Said} Said */

const DAY = 86400;
const KINDS = /** @type {(keyof Said)[]} */ ([
  'purposes',
  'interests',
  'features',
  'vendors',
  'vendorInterests',
]);

export class Panel {
  /**
   * @param {List} list
   * @param {string[]} asked categories
   * @param {string} language
   * @param {Said} said
   */
  constructor(list, asked, language, said) {
    this.list = list;
    this.asked = asked;
    this.t = speaker(language);
    /** @type {{[kind: string]: Map<number, HTMLInputElement>}} */
    this.ticks = Object.fromEntries(KINDS.map((kind) => [kind, new Map()]));
    this.vendors = Object.values(list.vendors).sort((a, b) => a.name.localeCompare(b.name));
    this.node = this.build(language === list.language ? null : list.language);
    this.show(said);
    this.node.addEventListener('change', (event) => this.picked(event));
  }

  /** @param {string | null} lang of the standard texts, where it is not that of the page */
  build(lang) {
    const { t, list, vendors } = this;
    const n = vendors.length;
    return h(
      'section',
      { class: 'ctl-card', id: 'cmp-tcf' },
      h('h3', null, `${t('title')} (${n})`),
      h('p', null, t('intro', { n })),
      h('p', null, t('nothing')),
      h('p', null, t('interest')),
      h(
        'div',
        { lang },
        this.fold('purposes', Object.values(list.purposes).map((one) => this.purpose(one))),
        this.fold('features', Object.values(list.specialFeatures).map((one) => this.feature(one))),
        this.fold('fixed', [
          ...Object.values(list.specialPurposes).map((one) => this.about(one)),
          ...Object.values(list.features).map((one) => this.about(one)),
        ]),
        this.fold('partners', vendors.map((one) => this.vendor(one))),
      ),
    );
  }

  /**
   * @param {string} key
   * @param {HTMLElement[]} children
   */
  fold(key, children) {
    return h(
      'details',
      { 'data-tcf': key },
      h('summary', null, `${this.t(key)} (${children.length})`),
      children,
    );
  }

  /**
   * @param {keyof Said} kind
   * @param {number} id
   * @param {string} label
   * @param {string} name whose switch it is
   */
  tick(kind, id, label, name) {
    const input = /** @type {HTMLInputElement} */ (
      h('input', {
        type: 'checkbox',
        role: 'switch',
        class: 'ctl-switch',
        'data-tcf': `${kind}.${id}`,
        'aria-label': `${label}: ${name}`,
      })
    );
    this.ticks[kind].set(id, input);
    return h('label', { class: 'ctl-row' }, h('span', null, label), input);
  }

  /** @param {any} one a purpose, feature or their special kinds */
  about({ name, description, illustrations }) {
    return h(
      'div',
      { class: 'ctl-service' },
      h('h4', null, h('b', null, name)),
      h('p', null, description),
      (illustrations || []).map((/** @type {string} */ text) =>
        h('p', { class: 'ctl-small' }, this.t('example') + text),
      ),
    );
  }

  /** @param {any} one */
  purpose(one) {
    const { t, vendors } = this;
    const n = vendors.filter(({ purposes }) => purposes.includes(one.id)).length;
    const m = vendors.filter(({ legIntPurposes }) => legIntPurposes.includes(one.id)).length;
    const node = this.about(one);
    node.append(h('p', { class: 'ctl-small' }, t('counted', { n, m })));
    node.append(this.tick('purposes', one.id, t('yes'), one.name));
    if (m) node.append(this.tick('interests', one.id, t('legitimate'), one.name));
    return node;
  }

  /** @param {any} one */
  feature(one) {
    const node = this.about(one);
    node.append(this.tick('features', one.id, this.t('yes'), one.name));
    return node;
  }

  /** @param {any} one */
  vendor(one) {
    const { t, list } = this;
    const names = (/** @type {number[]} */ ids, /** @type {{[id: string]: any}} */ of) =>
      (ids || []).map((id) => (of[id] || { name: id }).name);
    const line = (/** @type {string} */ key, /** @type {string[]} */ words) =>
      words.length ? h('p', { class: 'ctl-small' }, t(key) + words.join('; ')) : '';
    const { privacy, legIntClaim } = (one.urls || [])[0] || { privacy: one.policyUrl };
    return h(
      'div',
      { class: 'ctl-service' },
      h('h4', null, h('b', null, one.name)),
      line('by_consent', names(one.purposes, list.purposes)),
      line('by_interest', names(one.legIntPurposes, list.purposes)),
      line('also', [
        ...names(one.specialPurposes, list.specialPurposes),
        ...names(one.features, list.features),
        ...names(one.specialFeatures, list.specialFeatures),
      ]),
      line('data', names(one.dataDeclaration, list.dataCategories)),
      h('p', { class: 'ctl-small' }, this.times(one)),
      h(
        'p',
        { class: 'ctl-small' },
        link(t('policy'), privacy),
        legIntClaim ? [' · ', link(t('claim'), legIntClaim)] : '',
      ),
      one.purposes.length ? this.tick('vendors', one.id, t('yes'), one.name) : '',
      one.legIntPurposes.length
        ? this.tick('vendorInterests', one.id, t('legitimate'), one.name)
        : '',
    );
  }

  /** How long a vendor keeps what, in a line. */
  times(/** @type {any} */ one) {
    const { t } = this;
    const words = [];
    const days = (one.dataRetention || {}).stdRetention;
    if (days !== undefined) words.push(t('kept', { n: days }));
    if (one.usesCookies) {
      const n = Math.ceil((one.cookieMaxAgeSeconds || 0) / DAY);
      words.push((n > 0 ? t('cookies', { n }) : t('session')) + (one.cookieRefresh ? t('refresh') : ''));
    }
    if (one.usesNonCookieAccess) words.push(t('other'));
    return words.join(' · ');
  }

  /** @param {Said} said */
  show(said) {
    for (const kind of KINDS) {
      for (const [id, input] of this.ticks[kind]) input.checked = said[kind].includes(id);
    }
  }

  /** @returns {Said} exactly what is ticked */
  read() {
    return /** @type {Said} */ (
      Object.fromEntries(
        KINDS.map((kind) => [
          kind,
          [...this.ticks[kind]].filter(([, { checked }]) => checked).map(([id]) => id),
        ]),
      )
    );
  }

  /** @returns {HTMLInputElement[]} the switches of the categories, beside the panel */
  categories() {
    const dialog = this.node.closest('dialog');
    return this.asked.flatMap((id) => [
      .../** @type {NodeListOf<HTMLInputElement>} */ (
        (dialog || this.node).querySelectorAll(`input[name="${id}"]`)
      ),
    ]);
  }

  /** A yes to a purpose is a yes to its category; without any partner it would mean nothing. */
  picked(/** @type {Event} */ { target }) {
    const { checked, dataset } = /** @type {HTMLInputElement} */ (target);
    const [kind, id] = (dataset.tcf || '').split('.');
    if (!checked || !/^(purposes|interests|features)$/.test(kind)) return;
    const wanted = kind === 'features' ? 'marketing' : categoryOf(+id, this.asked);
    for (const input of this.categories()) {
      if (input.name === wanted && !(kind === 'purposes' && id === '1')) input.checked = true;
    }
    const vendors = kind === 'interests' ? this.ticks.vendorInterests : this.ticks.vendors;
    if (![...vendors.values()].some((input) => input.checked)) {
      for (const input of vendors.values()) input.checked = true;
    }
  }

  /** @param {HTMLInputElement} category that was switched */
  follow({ name, checked }) {
    for (const kind of /** @type {(keyof Said)[]} */ (['purposes', 'interests'])) {
      for (const [id, input] of this.ticks[kind]) {
        if (id !== 1 && categoryOf(id, this.asked) === name) input.checked = checked;
      }
    }
    const any = this.categories().some((input) => input.checked);
    const first = this.ticks.purposes.get(1);
    if (first) first.checked = any;
    if (name === 'marketing' && !checked) {
      for (const input of this.ticks.features.values()) input.checked = false;
    }
    for (const kind of ['vendors', 'vendorInterests']) {
      const ticks = [...this.ticks[kind].values()];
      if (!any || !ticks.some((input) => input.checked)) {
        for (const input of ticks) input.checked = any;
      }
    }
  }
}
