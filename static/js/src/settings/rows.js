/** One line of the table of cookies, and times: what is not stated is said to be so. */

import { link } from '../dom.js';

/** @typedef {import('../dom.js').Words} Words */
/** @typedef {import('../types').Details} Details */
/** @typedef {import('../types').Duration} Duration */
/** @typedef {import('../types').TrackerRow} TrackerRow */

/** @param {Words} w @param {Duration | null | undefined} value */
export function duration(w, value) {
  if (!value) return w.t('not_stated');
  if (value === 'session') return w.t('session');
  return w.t('unit_' + value.unit.replace(/s$/, ''), { n: value.value });
}

/** @param {string} lang @param {string | number} when milliseconds, or as the server writes it */
export function date(lang, when) {
  const style = /** @type {const} */ ({ dateStyle: 'long', timeStyle: 'short' });
  return new Intl.DateTimeFormat(lang, style).format(new Date(when));
}

/**
 * @param {Words} w
 * @param {TrackerRow} row
 * @param {Details['services']} services
 */
export function cells(w, row, services) {
  const unsaid = w.t('not_stated');
  const label = row.published_label ? ` (${w.t('label', { label: row.published_label })})` : '';
  return [
    row.name ? row.name + (row.match === 'prefix' ? '*' : '') : w.t('unnamed'),
    provider(w, row, services),
    (row.purpose || unsaid) + label,
    duration(w, row.duration),
    row.party ? w.t('party_' + row.party) : unsaid,
  ];
}

/**
 * Who gets it, and where they say what they do with it.
 * @param {Words} w
 * @param {TrackerRow} row
 * @param {Details['services']} services
 */
function provider(w, { provider, service, party }, services) {
  const unsaid = w.t('not_stated');
  const found = services.find(({ id }) => id === service);
  if (!provider) return unsaid;
  if (found && found.policy_url) return link(provider, found.policy_url);
  return party === 'first' ? provider : `${provider} (${w.t('policy')}: ${unsaid})`;
}
