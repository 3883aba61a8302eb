/** What the server is told of a choice: as it was decided here, on the page before, or as the cookie alone has it. */

import { secret } from '../ids.js';
import { keyOf } from '../memory.js';

/** @typedef {import('../types').Choice} Choice */
/** @typedef {import('../types').Decision} Decision */
/** @typedef {import('../types').Flags} Flags */
/** @typedef {import('../page.js').Page} Page */

const device = () => {
  const touch = matchMedia('(pointer: coarse)').matches;
  return innerWidth < 600 ? 'phone' : touch && innerWidth < 1400 ? 'tablet' : 'desktop';
};

/**
 * @param {Page} page
 * @param {import('../types').Memory['age']} age what the visitor last said of it
 * @param {Decision} decision
 * @returns {import('../types').Pending['body']}
 */
export function body(page, age, decision) {
  const [categories, services, id, action, layer, at, previous, shownAt, notice, answer, language, url] = decision;
  const iso = new Date(at).toISOString();
  return {
    v: 1,
    id,
    visitor: page.visitor() || (page.http ? undefined : secret()),
    notice,
    action,
    categories,
    services,
    language,
    layer,
    page: url,
    at: iso,
    shown_at: shownAt || iso,
    answer: answer || undefined,
    device: device(),
    signals: { gpc: page.gpc, dnt: navigator.doNotTrack === '1' },
    previous: previous || undefined,
    age,
  };
}

/** Where a decision is kept that no queue has taken over yet. @param {Page} page */
const key = (page) => keyOf(page.config.cookie.path) + '.';

/** @param {Page} page */
export function forget(page) {
  try {
    localStorage.removeItem(key(page));
  } catch (e) {}
}

/**
 * The decision of a page that was left before it could hand it over.
 * @param {Page} page
 * @returns {Decision | null}
 */
export function last(page) {
  const choice = /** @type {Choice} */ (page.choice);
  let kept = '';
  try {
    kept = localStorage.getItem(key(page)) || '';
  } catch (e) {}
  const [, , id, action, layer, at, previous, shownAt, notice, answer, language, ...url] =
    kept.split(',');
  if (id !== choice.id || !url[0]) return null;
  const categories = action === 'gpc' ? { marketing: false } : choice.categories;
  const services = action === 'gpc' ? {} : choice.services;
  return [categories, services, id, action, +layer, +at, previous, shownAt, notice, answer, language, url.join(',')];
}

/** The same from the cookie alone; what it does not say is not made up. @param {Page} page @returns {Decision} */
export function told({ choice, config, language }) {
  const { t, id, categories: said, services: wished } = /** @type {Choice} */ (choice);
  /** @type {Flags} */
  const categories = {};
  /** @type {Flags} */
  const services = {};
  for (const name of config.categories) categories[name] = !!said[name];
  for (const { id: name, category } of config.services) {
    if (category && category in categories) services[name] = categories[category] && !!wished[name];
  }
  const action = Object.values(categories).includes(true) ? 'api' : 'reject_all';
  const { answer, lang } = language;
  const url = location.origin + location.pathname;
  return [categories, services, id, action, 1, t * 1000, null, '', config.notice, answer, lang, url];
}
