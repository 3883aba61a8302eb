/** The first layer, the slim bar, the lasting entry and the note about the browser's signal. */

import { h, link } from './dom.js';

/** @typedef {import('./dom.js').Words} Words */
/** @typedef {import('./page.js').Page} Page */

/**
 * All choices look alike: one class, one size.
 * @param {string} verb
 * @param {string} text
 * @param {string} [look]
 * @param {string | boolean} [lang] of the text, where it is not the dialog's
 */
export const button = (verb, text, look = 'ctl-button', lang) =>
  h('button', { type: 'button', class: look, 'data-cmp': verb, lang }, text);

/** @param {Page} page */
export const tongue = ({ language: { lang } }) => ({
  lang,
  dir: 'ar he'.includes(lang) ? 'rtl' : 'ltr',
});

/** @param {Page} page */
export function box(page, look = '') {
  return {
    id: 'cmp-dialog',
    class: 'ctl-root ' + look,
    role: 'dialog',
    'aria-labelledby': 'ctl-title',
    'aria-describedby': 'ctl-text',
    ...tongue(page),
  };
}

/** @param {Page} page @param {Words} w */
const policy = (page, w) =>
  page.language.policy_url ? [' ', link(w.t('policy'), page.language.policy_url)] : [];

/** The words of a law, which are English wherever they are used. @param {Page} page */
const law = (page) => (LAX && page.lax && page.regime.link) || '';

/** The lasting entry's name: the link the law words, where it does. @param {Page} page @param {Words} w */
const label = (page, w) => law(page) || w.t('entry');

/** Where things run until refused. @param {Page} page @param {Words} w */
const offer = ({ language: { name, categories } }, w) =>
  w.t('bar', { name, purposes: categories.map(w.category).join(', ') });

/** @param {Page} page @param {Words} w */
export function first(page, w) {
  const { categories, partners, who } = page.language;
  return h(
    'div',
    box(page, 'ctl-first'),
    page.regime.close &&
      h(
        'button',
        {
          type: 'button',
          class: 'ctl-x',
          'data-cmp': 'dismiss',
          'aria-label': w.t('close') + ': ' + w.t('reject'),
        },
        '×',
      ),
    h('h2', { id: 'ctl-title', class: 'ctl-title' }, w.t('title')),
    h(
      'div',
      { id: 'ctl-text', class: 'ctl-text', tabindex: '0' },
      h('p', null, LAX && page.lax ? offer(page, w) : w.t('intro', { name: who })),
      h(
        'ul',
        null,
        categories.map((id) =>
          h('li', null, h('b', null, w.category(id)), ' – ', w.t('purpose_' + id)),
        ),
      ),
      h(
        'p',
        null,
        partners ? w.t('partners', { n: partners }) + ' ' : '',
        w.t('rights', { entry: label(page, w) }),
        ' ',
        w.t('refusal'),
        policy(page, w),
      ),
    ),
    h(
      'div',
      { class: 'ctl-actions' },
      button('reject', w.t('reject')),
      button('accept', w.t('accept')),
      button('preferences', w.t('preferences'), 'ctl-button ctl-plain'),
    ),
  );
}

/** @param {Page} page @param {Words} w */
export function bar(page, w) {
  return h(
    'div',
    box(page, 'ctl-first ctl-bar'),
    h('h2', { id: 'ctl-title', class: 'ctl-title' }, w.t('title')),
    h('p', { id: 'ctl-text', class: 'ctl-text' }, offer(page, w), policy(page, w)),
    h(
      'div',
      { class: 'ctl-actions' },
      // First, because agents read the law's words ("Do Not Sell …") as a refusal and take the last.
      button('preferences', law(page) || w.t('preferences'), 'ctl-button ctl-plain', law(page) && 'en'),
      button('reject', w.t('opt_out')),
      button('accept', w.t('ok')),
    ),
  );
}

/** @param {Page} page @param {Words} w */
export function entry(page, w) {
  const name = label(page, w);
  return h(
    'div',
    {
      id: 'cmp-entry',
      class: 'ctl-root ctl-entry',
      role: 'region',
      'aria-label': name,
      ...tongue(page),
    },
    button('preferences', name, 'ctl-pill', law(page) && 'en'),
    h('span', { role: 'status', class: 'ctl-hidden' }),
  );
}

/** @param {Words} w @param {boolean} conflict */
export const note = (w, conflict) => [
  h('p', null, h('b', null, w.t('gpc_done')), ' ', w.t(conflict ? 'gpc_conflict' : 'gpc_why')),
  h(
    'div',
    { class: 'ctl-actions' },
    button('noted', w.t('close')),
    button('preferences', w.t('preferences'), 'ctl-button ctl-plain'),
  ),
];
