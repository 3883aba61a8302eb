/** What can be switched: each category, each service, and whether somebody is too young to allow anything. */

import { h } from '../dom.js';
import { table } from './table.js';

/** @typedef {import('../settings.js').Settings} Settings */
/** @typedef {import('../types').Flags} Flags */

export class Switches {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    /** @type {{[id: string]: HTMLInputElement}} */
    this.categories = {};
    /** @type {{[id: string]: HTMLInputElement}} */
    this.services = {};
    /** @type {HTMLInputElement | undefined} */
    this.young = undefined;
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

  /** Off is no answer. @param {number} least the age from which a visitor decides @param {boolean} under */
  age(least, under) {
    const { w } = this.settings;
    const { input, row } = this.toggle(w.t('age_under', { n: least }), 'age', under, false);
    this.young = input;
    input.addEventListener('change', () => this.closed());
    return h('section', { class: 'ctl-card' }, row, h('p', null, w.t('age_off')));
  }

  /** What the switch about the age says holds for all others. */
  closed() {
    if (!this.young) return;
    const under = this.young.checked;
    for (const input of [...Object.values(this.categories), ...Object.values(this.services)]) {
      input.disabled = under;
      if (under) input.checked = false;
    }
  }

  /** @param {string} id */
  category(id) {
    const { page, w, details } = this.settings;
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
      table(w, details, id, (row) => row.category === id),
    );
  }

  /**
   * @param {import('../types').Service} service
   * @param {HTMLInputElement} parent
   */
  service({ id, name }, parent) {
    const { page, details } = this.settings;
    const { services } = details || { services: [] };
    const { provider } = services.find((one) => one.id === id) || {};
    const label = provider && provider !== name ? `${name} (${provider})` : name;
    const { input, row } = this.toggle(label, 's.' + id, page.now.services[id], false);
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

  /** @param {{categories: Flags, services: Flags}} flags */
  tick({ categories, services }) {
    for (const id in this.categories) this.categories[id].checked = categories[id];
    for (const id in this.services) this.services[id].checked = services[id];
  }
}
