/** Carries a choice made with another tool over, once, as far as it can be known to be one. */

import * as old from './old.js';
import { own } from './words.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('../../types').Config} Config */
/** @typedef {import('../../types').Flags} Flags */
/** @typedef {import('./old.js').Jar} Jar */
/** @typedef {import('./old.js').Old} Old */
/** @typedef {import('./words.js').Words} Words */

const DAY = 864e5;

/**
 * A tool's reader, its cookies (or keys), how many days it keeps them unless told otherwise.
 * @type {{[tool: string]: {read: (jar: Jar, options: any) => Old | null, names: string[], days: number}}}
 */
const TOOLS = {
  'vanilla-cookieconsent': { read: old.vanilla, names: ['cc_cookie'], days: 182 },
  cookiebot: { read: old.cookiebot, names: ['CookieConsent'], days: 365 },
  klaro: { read: old.klaro, names: ['klaro'], days: 120 },
  onetrust: { read: old.onetrust, names: ['OptanonConsent', 'OptanonAlertBoxClosed'], days: 365 },
  tarteaucitron: { read: old.tarteaucitron, names: ['tarteaucitron'], days: 365 },
  cookieyes: { read: old.cookieyes, names: ['cookieyes-consent'], days: 365 },
  complianz: {
    read: old.complianz,
    names: ['banner-status', 'preferences', 'statistics', 'marketing', 'functional']
      .concat('consented_services', 'policy_id', 'saved_categories', 'saved_services')
      .map((name) => 'cmplz_' + name),
    days: 365,
  },
};

/** The one value a name has; two that differ are none. @param {string} name */
export function stored(name) {
  const found = new Set(
    document.cookie
      .split('; ')
      .filter((pair) => pair.startsWith(name + '='))
      .map((pair) => pair.slice(name.length + 1)),
  );
  try {
    const kept = localStorage.getItem(name);
    if (kept !== null && !found.size) found.add(kept);
  } catch (e) {}
  return found.size === 1 ? [...found][0] : null;
}

/** @param {string} name @returns {boolean} whether it is gone */
export function forget(name) {
  const labels = location.hostname.split('.');
  for (let i = -1; i < labels.length; i++) {
    const domain = i < 0 ? '' : '; Domain=' + labels.slice(i).join('.');
    for (const path of ['/', location.pathname]) {
      document.cookie = `${name}=; Path=${path}; Max-Age=0${domain}`;
    }
  }
  try {
    localStorage.removeItem(name);
  } catch (e) {}
  return stored(name) === null;
}

/**
 * What was granted, in our words: nothing that was not said, nothing over a refusal.
 * @param {Config} config
 * @param {Words} words
 * @param {Old} said
 * @returns {{categories: Flags, services: Flags}}
 */
export function translated(config, words, said) {
  /** @type {Map<string, boolean[]>} */
  const votes = new Map();
  const vote = (/** @type {string} */ id, /** @type {boolean} */ given) =>
    votes.set(id, [...(votes.get(id) || []), given]);
  for (const [name, given] of said.categories) vote(words.category(name), given);
  /** @type {Map<string, boolean>} */
  const known = new Map();
  for (const [name, given] of said.services) {
    const id = words.service(name);
    if (id) known.set(id, given && known.get(id) !== false);
  }
  const single = !said.categories.size;
  for (const { id, category } of config.services) {
    if (single && category && known.has(id)) vote(category, known.get(id) === true);
  }
  /** @type {Flags} */
  const categories = {};
  for (const id of config.categories) {
    const cast = votes.get(id) || [];
    categories[id] = cast.length > 0 && !cast.includes(false);
  }
  /** @type {Map<string, Set<string>>} */
  const only = new Map();
  for (const [name, list] of said.only || []) {
    only.set(words.category(name), new Set(list.map((one) => words.service(one))));
  }
  /** @type {Flags} */
  const services = {};
  for (const { id, category } of config.services) {
    const list = category && only.get(category);
    const given = list ? list.has(id) : single ? known.get(id) === true : known.get(id) !== false;
    if (category && category in categories) services[id] = categories[category] && given;
  }
  return { categories, services };
}

/**
 * When the choice was made, at the latest it can have been; null where it is over.
 * @param {Old} said
 * @param {number} days its tool keeps it
 * @param {number} life of a choice here, in seconds
 * @param {number} now milliseconds
 */
export function made(said, days, life, now) {
  const at = said.at === null ? now - days * DAY : said.at;
  return at > now + DAY / 24 || now - at >= life * 1000 ? null : Math.min(at, now);
}

/**
 * @param {Page} page
 * @param {Words} words
 * @param {any} options
 */
export function carry(page, words, options) {
  if (page.choice || !page.config.categories.length) return;
  for (const tool of options.migrate || []) {
    const known = own(TOOLS, tool);
    if (!known) continue;
    const { read, names, days } = known;
    const name = (options.names || {})[tool];
    const said = read(stored, { name, revision: options.revision });
    if (!said) continue;
    const kept = Number((options.days || {})[tool]) || days;
    const at = made(said, kept, page.config.life, Date.now());
    if (at === null) continue;
    const { categories, services } = translated(page.config, words, said);
    if (page.get().gpc && 'marketing' in categories) categories.marketing = false;
    // Theirs goes first: a choice that stayed would go on being read after a withdrawal here, and
    // one that cannot be deleted could be carried over twice.
    if (!(name ? [name] : names).map(forget).every(Boolean)) continue;
    const decide = /** @type {(...values: unknown[]) => unknown} */ (page.decide);
    decide.call(page, 'migrate', categories, services, 1, at);
    // The question is moot; a dialog that was quicker goes.
    if (page.view && page.view.prompt) page.view.unprompt();
    dated(page, at);
    return;
  }
}

/** It lives on from when it was made, not from today. @param {Page} page @param {number} at */
function dated(page, at) {
  const t = Math.floor(at / 1000);
  if (!page.choice || page.choice.t === t) return;
  page.choice.t = t;
  page.keep();
}
