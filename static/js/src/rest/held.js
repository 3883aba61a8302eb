/** The log of what is held, and of what was let go: what, why, by which rule. For the owner's eyes. */

import { drop, h } from '../dom.js';

/** @typedef {import('../types').HeldEntry} HeldEntry */
/** @typedef {import('../page.js').Page} Page */

/**
 * @param {Page} page
 * @param {string | null} id a service or category
 */
function why(page, id) {
  const { services, categories } = page.now;
  if (!id || !(id in services || id in categories)) return 'unknown';
  const service = page.config.services.find((one) => one.id === id);
  if (service && !service.category) return 'unclassified';
  if (page.guard.allowed(id)) return 'allowed';
  return page.choice ? 'denied' : 'undecided';
}

/**
 * @param {Page} page
 * @param {Element} node
 * @returns {HeldEntry}
 */
function element(page, node) {
  const { guard } = page;
  const url = guard.url(node) || '';
  const tag = ['data-service', 'data-name', 'data-category', 'data-cookieconsent', 'data-cookiecategory']
    .map((name) => node.getAttribute(name) && `${name}=${node.getAttribute(name)}`)
    .filter(Boolean)
    .join(' ');
  const found = url ? guard.find(url) : undefined;
  const service = node.getAttribute('data-service') || (found && found[1]) || null;
  const reason = guard.may(node) ? 'allowed' : service ? why(page, service) : 'undecided';
  return {
    kind: node.localName,
    what: url || 'inline',
    rule: tag || (found ? found[0] : node.getAttribute('data-held') || ''),
    service,
    why: !service && reason !== 'allowed' && page.choice ? 'denied' : reason,
  };
}

/** @param {Page} page @returns {{held: HeldEntry[], released: HeldEntry[]}} */
export function described(page) {
  const { guard } = page;
  const acts = guard.acts.map(({ kind, what, rule, at }) => {
    const found = guard.find(what);
    const service = found ? found[1] : null;
    return { kind, what, rule: found ? found[0] : rule, service, why: why(page, service), at };
  });
  return {
    held: [...guard.held().map((node) => element(page, node)), ...acts],
    released: [...guard.open].map((node) => element(page, node)),
  };
}

/** @param {Page} page */
export function panel(page) {
  const { held, released } = described(page);
  const line = (/** @type {string} */ state) => (/** @type {HeldEntry} */ entry) =>
    h(
      'tr',
      null,
      [state, entry.kind, entry.what, entry.rule, entry.service || '–', entry.why].map((text) =>
        h('td', null, text),
      ),
    );
  const heads = ['State', 'Kind', 'What', 'Rule', 'Service', 'Why'];
  const close = h('button', { type: 'button', class: 'ctl-button' }, 'Close');
  const node = /** @type {HTMLDialogElement} */ (
    h(
      'dialog',
      { id: 'cmp-debug', class: 'ctl-root ctl-first ctl-log', lang: 'en', 'aria-label': 'What is held on this page' },
      h('h2', { class: 'ctl-title' }, `Held on this page: ${held.length}; let go: ${released.length}`),
      h(
        'div',
        { class: 'ctl-text', tabindex: '0' },
        h(
          'table',
          null,
          h('thead', null, h('tr', null, heads.map((text) => h('th', { scope: 'col' }, text)))),
          h('tbody', null, held.map(line('held')), released.map(line('let go'))),
        ),
      ),
      h('div', { class: 'ctl-actions' }, close),
    )
  );
  close.addEventListener('click', () => drop(node));
  const old = document.querySelector('#cmp-debug');
  if (old) drop(old);
  document.body.append(node);
  node.showModal();
}
