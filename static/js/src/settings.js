/** The second layer: a choice per category and per service, who stores what, and one's own record. */

import { drop, h, words } from './dom.js';
import { box, button } from './first.js';
import { facts } from './facts.js';
import { help } from './help.js';
import { cells } from './rows.js';
import css from './settings.css';
import { adopt } from './sheet.js';

/** @typedef {import('./dom.js').Words} Words */
/** @typedef {import('./rest.js').Rest} Rest */
/** @typedef {import('./types').Details} Details */
/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./types').TrackerRow} TrackerRow */

const COLUMNS = ['name', 'provider', 'purpose', 'duration', 'party'];

/** @type {(() => void) | undefined} */
let added;

export class Settings {
  /**
   * @param {Rest} rest
   * @param {Details | null} details null where they could not be had
   */
  constructor(rest, details) {
    this.rest = rest;
    this.page = rest.page;
    this.details = details;
    this.w = this.spoken();
    /** @type {{[id: string]: HTMLInputElement}} */
    this.categories = {};
    /** @type {{[id: string]: HTMLInputElement}} */
    this.services = {};
    this.status = h('p', { role: 'status', class: 'ctl-status' });
    this.record = h('div');
    /** @type {HTMLInputElement | undefined} */
    this.young = undefined;
    /** @type {HTMLElement | undefined} */
    this.line = undefined;
    /** @type {HTMLElement | undefined} */
    this.verbs = undefined;
    /** @type {HTMLElement | undefined} */
    this.way = undefined;
    this.body = h('div', { class: 'ctl-body', tabindex: '-1' });
    this.node = /** @type {HTMLDialogElement} */ (this.build());
    this.node.addEventListener('cancel', (event) => {
      event.preventDefault();
      rest.close();
    });
    this.node.addEventListener('keydown', (event) => this.cycle(event));
    this.fill();
    this.style();
    document.body.prepend(this.node);
    this.node.showModal();
    const title = this.node.querySelector('h2');
    if (title) title.focus();
  }

  /** The first answer's words, and those that came with the details. */
  spoken() {
    const { language } = this.page;
    const more = (this.details && this.details.texts) || {};
    return words({ ...language, texts: { ...language.texts, ...more } });
  }

  get facts() {
    return (this.details && this.details.facts) || {};
  }

  /** Whether somebody is too young to allow anything, where the site asks; off is no answer. */
  age() {
    const { w, facts } = this;
    if (!facts.ask_age) return '';
    const under = this.rest.age === 'under';
    const { input, row } = this.toggle(w.t('age_under', { n: facts.min_age || 0 }), 'age', under, false);
    this.young = input;
    input.addEventListener('change', () => this.closed());
    return h('section', { class: 'ctl-card' }, row, h('p', null, w.t('age_off')));
  }

  /** What the switch above says holds for all below. */
  closed() {
    if (!this.young) return;
    const under = this.young.checked;
    for (const input of [...Object.values(this.categories), ...Object.values(this.services)]) {
      input.disabled = under;
      if (under) input.checked = false;
    }
  }

  /** @param {string | number} when */
  date(when) {
    const style = /** @type {const} */ ({ dateStyle: 'long', timeStyle: 'short' });
    return new Intl.DateTimeFormat(this.page.language.lang, style).format(new Date(when));
  }

  style() {
    if (added) added();
    added = adopt(css, this.page.guard.nonce);
  }

  build() {
    const { page, w } = this;
    return h(
      'dialog',
      { ...box(page, 'ctl-settings'), 'aria-modal': 'true' },
      h(
        'div',
        { class: 'ctl-head' },
        h('h2', { id: 'ctl-title', class: 'ctl-title', tabindex: '-1' }, w.t('settings') || w.t('entry')),
        button('close', w.t('close'), 'ctl-button ctl-plain'),
      ),
      this.body,
      this.status,
      h(
        'div',
        { class: 'ctl-actions ctl-foot' },
        button('reject', w.t('reject')),
        button('accept', w.t('accept')),
        button('save', w.t('save')),
      ),
    );
  }

  fill() {
    const { page, w, details } = this;
    this.record.replaceChildren();
    this.body.replaceChildren(
      h(
        'p',
        { id: 'ctl-text' },
        w.t('settings_text', { name: page.language.name }) || w.t('title'),
      ),
      page.gpc ? h('p', { class: 'ctl-told' }, w.t(this.told())) : '',
      this.age(),
      ...['necessary', ...page.config.categories].map((id) => this.category(id)),
      this.table('', (row) => !row.category || !(row.category in page.now.categories)) || '',
      this.record,
      ...(details ? facts(this, details) : this.missing()),
    );
    this.own();
    this.closed();
  }

  /** The details again, without losing what is ticked. */
  missing() {
    const again = h('button', { type: 'button', class: 'ctl-button ctl-plain' }, this.w.t('again'));
    again.addEventListener('click', async () => {
      this.details = await this.rest.details();
      const ticked = this.read();
      this.w = this.spoken();
      this.fill();
      this.tick(ticked);
    });
    return [h('p', { role: 'alert' }, this.w.t('unavailable')), again];
  }

  told() {
    const { page } = this;
    if (!page.honours) return 'gpc_strict';
    return page.now.categories.marketing ? 'gpc_overruled' : 'gpc_told';
  }

  /**
   * The value is the name in the choice cookie: agents that answer for a visitor find it by that.
   * @param {string} label
   * @param {string} value
   * @param {boolean} on
   * @param {boolean} fixed
   */
  toggle(label, value, on, fixed) {
    const input = /** @type {HTMLInputElement} */ (
      h('input', {
        type: 'checkbox',
        role: 'switch',
        class: 'ctl-switch',
        value,
        checked: on,
        disabled: fixed,
      })
    );
    return { input, row: h('label', { class: 'ctl-row' }, h('span', null, label), input) };
  }

  /** @param {string} id */
  category(id) {
    const { page, w } = this;
    const fixed = id === 'necessary';
    const { input, row } = this.toggle(w.category(id), id, page.now.categories[id], fixed);
    const own = page.config.services.filter((service) => service.category === id);
    input.name = id; // parts find it by this
    if (!fixed) this.categories[id] = input;
    const rows = fixed ? [] : own.map((service) => this.service(service, input));
    input.addEventListener('change', () => {
      for (const service of own) this.services[service.id].checked = input.checked;
    });
    return h(
      'section',
      { class: 'ctl-card' },
      h('h3', null, row),
      h('p', null, w.t('purpose_' + id)),
      rows,
      this.table(id, (row) => row.category === id),
    );
  }

  /**
   * @param {import('./types').Service} service
   * @param {HTMLInputElement} parent
   */
  service({ id, name }, parent) {
    const { services } = this.details || { services: [] };
    const { provider } = services.find((one) => one.id === id) || {};
    const label = provider && provider !== name ? `${name} (${provider})` : name;
    const { input, row } = this.toggle(label, 's.' + id, this.page.now.services[id], false);
    this.services[id] = input;
    input.addEventListener('change', () => {
      if (input.checked) parent.checked = true;
    });
    return h('div', { class: 'ctl-service' }, row);
  }

  /** @returns {{categories: Flags, services: Flags}} exactly what is ticked */
  read() {
    /** @type {{categories: Flags, services: Flags}} */
    const out = { categories: {}, services: {} };
    for (const id in this.categories) out.categories[id] = this.categories[id].checked;
    for (const id in this.services) out.services[id] = this.services[id].checked;
    return out;
  }

  /**
   * @param {string} id the category, empty for what is held back unclassified
   * @param {(row: TrackerRow) => boolean} belongs
   */
  table(id, belongs) {
    const { w } = this;
    const { services, trackers } = this.details || { services: [], trackers: [] };
    const rows = trackers.filter(belongs);
    if (!rows.length) return null;
    const heads = COLUMNS.map((key) => w.t('column_' + key));
    const line = (/** @type {TrackerRow} */ row) =>
      h(
        'tr',
        null,
        cells(w, row, services).map((text, i) =>
          h('td', { 'data-label': heads[i] }, h('bdi', null, text)),
        ),
      );
    return h(
      'details',
      { class: id ? '' : 'ctl-card' },
      h('summary', null, id ? w.t('count', { n: rows.length }) : w.t('unclassified')),
      h(
        'table',
        null,
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            heads.map((text) => h('th', { scope: 'col' }, text)),
          ),
        ),
        h('tbody', null, rows.map(line)),
      ),
    );
  }

  /** The visitor's own record, and the two verbs on it; the buttons stay, so focus does too. */
  own() {
    const { w } = this;
    if (!this.record.firstChild) {
      this.verbs = h(
        'div',
        { class: 'ctl-actions' },
        button('withdraw', w.t('withdraw')),
        button('delete', w.t('delete')),
      );
      this.way = this.mine();
      this.line = h('p');
      this.record.append(
        h(
          'section',
          { class: 'ctl-card' },
          h('h3', null, w.t('record')),
          this.line,
          h('p', null, w.t('stored') + ' ' + w.t('address_' + (this.facts.ip_mode || 'none'))),
          this.verbs,
          this.way,
          help(w),
        ),
      );
    }
    this.mark();
  }

  /**
   * The way to the visitor's own page. The secret goes in the body, and into the form only while
   * it is sent; where the server keeps it in a cookie, nothing goes at all.
   */
  mine() {
    const { page, w } = this;
    const hidden = (/** @type {string} */ name, /** @type {string} */ value) =>
      /** @type {HTMLInputElement} */ (h('input', { type: 'hidden', name, value }));
    const visitor = hidden('visitor', '');
    const form = h(
      'form',
      {
        class: 'ctl-mine',
        method: 'post',
        action: page.root + '/me',
        target: '_blank',
        rel: 'noopener',
      },
      visitor,
      hidden('lang', page.language.lang),
      hidden('back', location.origin + location.pathname),
      h('button', { type: 'submit', class: 'ctl-button ctl-plain' }, w.t('mine')),
    );
    form.addEventListener('submit', () => {
      visitor.value = this.page.visitor() || '';
      setTimeout(() => (visitor.value = ''));
    });
    return form;
  }

  /** Brings the line about the record up to date. */
  mark() {
    const { w, line, verbs, way } = this;
    const { choice } = this.page;
    if (!line || !verbs || !way) return;
    const [withdraw] = verbs.children;
    /** @type {HTMLElement} */ (withdraw).hidden = way.hidden = !choice;
    if (!choice) {
      line.textContent = w.t('no_record');
      return;
    }
    line.replaceChildren(
      w.t('record_id') + ' ',
      h('code', null, choice.id),
      ' · ' + this.date(choice.t * 1000) + (choice.pending ? ' · ' + w.t('pending') : ''),
    );
  }

  /** @param {{categories: Flags, services: Flags}} flags */
  tick({ categories, services }) {
    for (const id in this.categories) this.categories[id].checked = categories[id];
    for (const id in this.services) this.services[id].checked = services[id];
  }

  /** @param {Promise<{gone: string[], left: string[]}>} swept */
  saved(swept) {
    this.tick(this.page.now);
    this.mark();
    this.status.textContent = this.w.t('saved');
    this.report(swept, this.w.t('saved'));
  }

  erase() {
    this.report(this.rest.erase(), '');
  }

  /**
   * @param {Promise<{gone: string[], left: string[]}>} swept
   * @param {string} before
   */
  async report(swept, before) {
    const { gone, left } = await swept;
    const { t } = this.w;
    const { categories } = this.page.config;
    const allowed = categories.some((id) => this.page.now.categories[id]);
    this.status.textContent = [
      before,
      gone.length
        ? t('deleted', { n: gone.length, names: gone.join(', ') })
        : before
          ? ''
          : t('nothing_deleted'),
      left.length ? t('undeleted', { names: left.join(', ') }) : '',
      before || !allowed ? '' : t('comes_back'),
      before && !gone.length && !left.length ? '' : t('elsewhere'),
    ]
      .filter(Boolean)
      .join(' ');
    // What was said takes room from the body: the button pressed must not vanish under it.
    const { activeElement } = document;
    if (this.body.contains(activeElement) && activeElement)
      activeElement.scrollIntoView({ block: 'nearest' });
  }

  /** @param {KeyboardEvent} event keeps Tab inside where the browser would leave the page */
  cycle(event) {
    if (event.key !== 'Tab') return;
    const all = [
      ...this.node.querySelectorAll('button,input:not(:disabled),a,summary,[tabindex="0"]'),
    ];
    const from = event.shiftKey ? 0 : all.length - 1;
    if (
      document.activeElement !== all[from] &&
      !(event.shiftKey && document.activeElement === this.node.querySelector('h2'))
    )
      return;
    event.preventDefault();
    /** @type {HTMLElement} */ (all[all.length - 1 - from]).focus();
  }

  /** @param {boolean} [decided] */
  close(decided) {
    this.rest.close(decided);
  }

  remove() {
    drop(this.node);
  }
}
