/** The second layer: a choice per category and per service, who stores what, and one's own record. */

import { drop, h, words } from './dom.js';
import { box, button } from './first.js';
import { facts } from './settings/facts.js';
import { cycle } from './settings/keys.js';
import { outcome } from './settings/outcome.js';
import { own } from './settings/own.js';
import { Switches } from './settings/switches.js';
import { table } from './settings/table.js';
import css from './settings.css';
import { adopt } from './sheet.js';

/** @typedef {import('./rest.js').Rest} Rest */
/** @typedef {import('./types').Details} Details */

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
    this.switches = new Switches(this);
    this.mark = () => {};
    this.status = h('p', { role: 'status', class: 'ctl-status' });
    this.body = h('div', { class: 'ctl-body', tabindex: '-1' });
    this.node = /** @type {HTMLDialogElement} */ (this.build());
    this.node.addEventListener('cancel', (event) => {
      event.preventDefault();
      rest.close();
    });
    this.node.addEventListener('keydown', (event) => cycle(this.node, event));
    this.fill();
    if (added) added();
    added = adopt(css, this.page.guard.nonce);
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
    const { page, w, details, switches } = this;
    const { ask_age, min_age, ip_mode } = (details && details.facts) || {};
    const record = own(page, w, ip_mode || 'none');
    this.mark = record.mark;
    this.body.replaceChildren(
      h(
        'p',
        { id: 'ctl-text' },
        w.t('settings_text', { name: page.language.name }) || w.t('title'),
      ),
      page.gpc ? h('p', { class: 'ctl-told' }, w.t(this.told())) : '',
      ask_age ? switches.age(min_age || 0, this.rest.age === 'under') : '',
      ...['necessary', ...page.config.categories].map((id) => switches.category(id)),
      table(w, details, '', (row) => !row.category || !(row.category in page.now.categories)) || '',
      record.node,
      ...(details ? facts(this, details) : this.missing()),
    );
    switches.closed();
  }

  /** The details again, without losing what is ticked. */
  missing() {
    const again = h('button', { type: 'button', class: 'ctl-button ctl-plain' }, this.w.t('again'));
    again.addEventListener('click', async () => {
      this.details = await this.rest.details();
      const ticked = this.switches.read();
      this.w = this.spoken();
      this.fill();
      this.switches.tick(ticked);
    });
    return [h('p', { role: 'alert' }, this.w.t('unavailable')), again];
  }

  told() {
    const { page } = this;
    if (!page.honours) return 'gpc_strict';
    return page.now.categories.marketing ? 'gpc_overruled' : 'gpc_told';
  }

  /** @param {Promise<{gone: string[], left: string[]}>} swept */
  saved(swept) {
    this.switches.tick(this.page.now);
    this.mark();
    this.status.textContent = this.w.t('saved');
    this.report(swept, this.w.t('saved'));
  }

  erase() {
    this.report(this.rest.swept(true), '');
  }

  /**
   * @param {Promise<{gone: string[], left: string[]}>} swept
   * @param {string} before
   */
  async report(swept, before) {
    const done = await swept;
    const { config, now } = this.page;
    const allowed = config.categories.some((id) => now.categories[id]);
    this.status.textContent = outcome(this.w, done, before, allowed);
    // What was said takes room from the body: the button pressed must not vanish under it.
    const { activeElement } = document;
    if (this.body.contains(activeElement) && activeElement)
      activeElement.scrollIntoView({ block: 'nearest' });
  }

  /** @param {boolean} [decided] */
  close(decided) {
    this.rest.close(decided);
  }

  remove() {
    drop(this.node);
  }
}
