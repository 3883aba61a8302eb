/** Who stores what: the table under a category, and that of what is held back unclassified. */

import { h } from '../dom.js';
import { cells } from './rows.js';

/** @typedef {import('../types').Details} Details */
/** @typedef {import('../types').TrackerRow} TrackerRow */

const COLUMNS = ['name', 'provider', 'purpose', 'duration', 'party'];

/**
 * @param {import('../dom.js').Words} w
 * @param {Details | null} details
 * @param {string} id the category, empty for what is held back unclassified
 * @param {(row: TrackerRow) => boolean} belongs
 */
export function table(w, details, id, belongs) {
  const { services, trackers } = details || { services: [], trackers: [] };
  const rows = trackers.filter(belongs);
  if (!rows.length) return null;
  const heads = COLUMNS.map((key) => w.t('column_' + key));
  const line = (/** @type {TrackerRow} */ row) =>
    h(
      'tr',
      null,
      cells(w, row, services).map((text, i) =>
        h('td', { 'data-label': heads[i] }, h('bdi', null, text)),
      ),
    );
  return h(
    'details',
    { class: id ? '' : 'ctl-card' },
    h('summary', null, id ? w.t('count', { n: rows.length }) : w.t('unclassified')),
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          heads.map((text) => h('th', { scope: 'col' }, text)),
        ),
      ),
      h('tbody', null, rows.map(line)),
    ),
  );
}
