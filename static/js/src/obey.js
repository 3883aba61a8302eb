/** The browser's signal as a choice, where a law says it is one. */

import { memory } from './memory.js';

/**
 * Once per visitor and `asks`; an informed accept outlives it.
 * @param {import('./page.js').Page} page
 * @param {import('./view.js').View} view
 * @returns {boolean} whether it was taken as a choice now
 */
export function obey(page, view) {
  const { choice } = page;
  if (!page.honours) return false;
  const store = memory(page.config.cookie.path);
  const granted = !!choice && choice.categories.marketing !== false;
  const current = !!choice && choice.asks >= page.config.asks;
  if (choice && current && (!granted || store.read().told === choice.id)) return false;
  view.conflict = granted;
  store.update((all) => {
    delete all.seen;
  });
  page.decide('gpc', { marketing: false }, {}).catch(() => {});
  return true;
}
