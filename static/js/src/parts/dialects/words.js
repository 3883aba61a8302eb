/** Their words for ours: categories, services. What nobody knows stays as it is, and is held. */

/** @typedef {import('../../types').Config} Config */

/** consent/moving/found.py has the same table. @type {{[word: string]: string}} */
export const ALIAS = {
  essential: 'necessary',
  'strictly-necessary': 'necessary',
  required: 'necessary',
  ignore: 'necessary',
  functional: 'preferences',
  functionality: 'preferences',
  personalization: 'preferences',
  preference: 'preferences',
  analytics: 'statistics',
  analytic: 'statistics',
  measurement: 'statistics',
  performance: 'statistics',
  statistic: 'statistics',
  'statistics-anonymous': 'statistics',
  ads: 'marketing',
  ad: 'marketing',
  advertising: 'marketing',
  advertisement: 'marketing',
  targeting: 'marketing',
  social: 'marketing',
  'social-media': 'marketing',
  c0001: 'necessary',
  c0002: 'statistics',
  c0003: 'preferences',
  c0004: 'marketing',
  c0005: 'marketing',
};

/** @param {string} text */
export const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');

/** googleAnalytics, Google Analytics and google-analytics are one name. @param {string} text */
const bare = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

/**
 * Never what a prototype has: the keys come from pages and from old cookies.
 * @template T
 * @param {{[key: string]: T} | undefined} table
 * @param {string} key
 * @returns {T | undefined}
 */
export const own = (table, key) =>
  table && Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined;

export class Words {
  /**
   * @param {Config} config
   * @param {{categories?: {[theirs: string]: string}, services?: {[theirs: string]: string}}} options
   */
  constructor(config, { categories, services }) {
    this.config = config;
    this.categories = categories || {};
    this.services = services || {};
  }

  /**
   * @param {string} word theirs
   * @returns {string} one of our categories that the site asks about, or `necessary`, or ''
   */
  category(word) {
    const plain = slug(word.replace(/^cookieyes-/i, ''));
    const id =
      own(this.categories, word) || own(this.categories, plain) || own(ALIAS, plain) || plain;
    return id === 'necessary' || this.config.categories.includes(id) ? id : '';
  }

  /**
   * @param {string} name theirs
   * @returns {string} the id of a service in the notice, or ''
   */
  service(name) {
    const wanted = own(this.services, name) || name;
    const plain = bare(wanted);
    const found =
      this.config.services.find(({ id }) => id === wanted) ||
      this.config.services.find((one) => plain && [one.id, one.name].map(bare).includes(plain));
    return found ? found.id : '';
  }

  /** Their names that stand for one of our categories, as the owner has written them. @param {string} id */
  names(id) {
    return Object.keys(this.categories).filter((name) => this.categories[name] === id);
  }
}
