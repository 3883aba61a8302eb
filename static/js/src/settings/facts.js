/** Who answers for this, whom to ask and to complain to, where and how long what is kept. */

import { h, link } from '../dom.js';
import { date, duration } from './rows.js';

/** @typedef {import('../dom.js').Words} Words */
/** @typedef {import('../settings.js').Settings} Settings */
/** @typedef {import('../types').Details} Details */

const FIELDS =
  'legal_name trading_name name title address email phone website url registration_number vat_number'.split(
    ' ',
  );
/** UN M49 codes, which `Intl.DisplayNames` has names for; a country is its own code. */
const M49 = { NA: '003', SA: '005', AF: '002', ME: '145', AS: '142', OC: '009' };

/**
 * @param {Settings} settings
 * @param {Details} details
 * @returns {Node[]}
 */
export function facts(settings, details) {
  const { page, w } = settings;
  const { controller, dpo, authority, attribution } = details;
  const { storage_region, min_age } = details.facts || {};
  const block = (/** @type {string} */ key, /** @type {unknown} */ value) => {
    const lines = describe(w, value);
    return lines.length ? [h('section', { class: 'ctl-card' }, h('h3', null, w.t(key)), lines)] : [];
  };
  const at = details.published_at && date(page.language.lang, details.published_at);
  return [
    ...block('controller', controller),
    rights(settings, details),
    ...block('dpo', dpo),
    ...block('authority', [authority, local(page.config.place, details)]),
    h(
      'p',
      { class: 'ctl-small' },
      at && w.t('published', { version: details.version || 1, date: at }) + ' ',
      details.choice_lifetime &&
        w.t('lifetime', { time: duration(w, details.choice_lifetime) }) + ' ',
      details.retention &&
        w.t(kept(details.retention.anchor), { time: duration(w, details.retention) }) + ' ',
      details.decided_for_demo && w.t('demo') + ' ',
      attribution && h('span', { lang: 'en' }, link(attribution.text, attribution.url)),
    ),
    storage_region &&
      small(w.t('region', { region: region(w, page.language.lang, storage_region) })),
    min_age && small(w.t('age', { n: min_age })),
  ].filter((node) => node instanceof Node);
}

/** @param {string} text */
const small = (text) => h('p', { class: 'ctl-small' }, text);

/**
 * The authority at the visitor's own place, where it is another than the site's (GDPR art. 77).
 * @param {{country: string | null, subdivision: string | null}} place
 * @param {Details} details
 */
function local({ country, subdivision }, { authorities, authority }) {
  const all = authorities || {};
  const found = all[`${country}-${subdivision}`] || all[country || ''];
  const same = authority && found && [country, found.name].some((one) => one === authority.country || one === authority.name);
  return same ? undefined : found;
}

/** @param {Words} w @param {string} lang @param {string} code one of the server's REGIONS */
function region(w, lang, code) {
  if (code === 'EEA') return w.t('region_eea');
  const names = new Intl.DisplayNames([lang], { type: 'region' });
  return names.of(/** @type {{[code: string]: string}} */ (M49)[code] || code) || code;
}

/**
 * Whom to ask about one's data, and that it costs nothing.
 * @param {Settings} settings
 * @param {Details} details
 */
function rights({ page, w }, { rights, requests }) {
  const form = `${page.root}/requests?lang=${page.language.lang}`;
  return h(
    'section',
    { class: 'ctl-card' },
    h('h3', null, w.t('rights_contact')),
    describe(w, rights),
    h('p', null, w.t('free') + ' ', requests ? link(w.t('request'), form) : ''),
  );
}

/**
 * @param {string} [anchor] where the time begins for which the record is kept
 * @returns {string} the key of the sentence that says so
 */
function kept(anchor) {
  return anchor && anchor !== 'choice' ? 'retention_' + anchor : 'retention';
}

/**
 * @param {Words} w
 * @param {unknown} value an organisation's fields, lines, or nested groups of them
 * @returns {Node[]}
 */
function describe(w, value, key = '') {
  if (!value) return [];
  if (typeof value !== 'object') {
    const text = String(value);
    const label = key.endsWith('_number') ? w.t(key) : '';
    const url = /^\S+@\S+$/.test(text) ? 'mailto:' + text : text;
    return [h('div', null, label && label + ' ', h('bdi', null, link(text, url)))];
  }
  const fields = /** @type {{[key: string]: unknown}} */ (value);
  const rank = (/** @type {string} */ name) => (FIELDS.indexOf(name) + 99) % 99;
  const seen = new Set();
  return Object.keys(fields)
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((name) => describe(w, fields[name], name))
    .filter((line) => !seen.has(line.textContent) && seen.add(line.textContent));
}
