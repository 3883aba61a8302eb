/** The visitor's own record: which it is, the two verbs on it, and the way to the visitor's own page. */

import { h } from '../dom.js';
import { button } from '../first.js';
import { help } from './help.js';
import { date } from './rows.js';

/** @typedef {import('../dom.js').Words} Words */
/** @typedef {import('../page.js').Page} Page */

/**
 * @param {Page} page
 * @param {Words} w
 * @param {string} kept what the site keeps of an address
 * @returns {{node: HTMLElement, mark: () => void}} and what brings it up to date: the buttons stay, so focus does too
 */
export function own(page, w, kept) {
  const withdraw = button('withdraw', w.t('withdraw'));
  const way = mine(page, w);
  const line = h('p');
  const node = h(
    'div',
    null,
    h(
      'section',
      { class: 'ctl-card' },
      h('h3', null, w.t('record')),
      line,
      h('p', null, w.t('stored') + ' ' + w.t('address_' + kept)),
      h('div', { class: 'ctl-actions' }, withdraw, button('delete', w.t('delete'))),
      way,
      help(w),
    ),
  );
  const mark = () => {
    const { choice, language } = page;
    withdraw.hidden = way.hidden = !choice;
    if (!choice) {
      line.textContent = w.t('no_record');
      return;
    }
    line.replaceChildren(
      w.t('record_id') + ' ',
      h('code', null, choice.id),
      ' · ' + date(language.lang, choice.t * 1000) + (choice.pending ? ' · ' + w.t('pending') : ''),
    );
  };
  mark();
  return { node, mark };
}

/**
 * The secret goes in the body, and into the form only while it is sent; where the server keeps it
 * in a cookie, nothing goes at all.
 * @param {Page} page
 * @param {Words} w
 */
function mine(page, w) {
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
    visitor.value = page.visitor() || '';
    setTimeout(() => (visitor.value = ''));
  });
  return form;
}
