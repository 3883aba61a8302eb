/** What is said outside the settings: the note about a signal, "saved", and that no cookie is kept. */

import { drop, h, words } from '../dom.js';
import { note, tongue } from '../first.js';
import { details } from './layer.js';

/** @typedef {import('../rest.js').Rest} Rest */
/** @typedef {import('../view.js').View} View */

/** A choice that needs no words, a signal's, can come before the page's language is fetched. @param {View} view */
export async function worded(view) {
  for (let i = 0; !view.w && i < 200; i++) await new Promise((done) => setTimeout(done, 50));
}

/** Where the settings do not say it themselves. The line was hidden with its entry until now. @param {View} view */
export function announce({ entry, settings, w }) {
  const line = entry && entry.lastElementChild;
  if (!line || !w || settings) return;
  line.textContent = '';
  setTimeout(() => (line.textContent = w.t('saved')), 150);
}

/** A status is announced where it stood empty before its words came (4.1.3). @param {Rest} rest */
export async function tell(rest) {
  const { page, view } = rest;
  await worded(view);
  if (rest.note || !view.w) return;
  const node = h('div', {
    id: 'cmp-note',
    class: 'ctl-root ctl-note',
    role: 'status',
    ...tongue(page),
  });
  rest.note = node;
  document.body.append(node);
  setTimeout(() => node.append(...note(/** @type {import('../dom.js').Words} */ (view.w), view.conflict)), 100);
}

/** @param {Rest} rest */
export function noted(rest) {
  if (rest.note) drop(rest.note);
  rest.note = null;
  rest.store.update((all) => {
    all.seen = rest.page.config.asks;
  });
}

/** Where no cookie is kept the question comes back, and the dialog says why: once a page. @param {Rest} rest */
export async function warn({ page, view }) {
  await worded(view);
  const more = await details(page);
  const text = words({ ...page.language, texts: (more && more.texts) || {} }).t('blocked');
  const place = document.querySelector('#cmp-dialog #ctl-text');
  if (place && text) place.prepend(h('p', null, h('b', null, text)));
}
