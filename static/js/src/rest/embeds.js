/** Where an embed would stand and is held: who it comes from, and a button that allows just that. */

import { drop, h, words } from '../dom.js';
import { button, tongue } from '../first.js';

/** @typedef {import('../page.js').Page} Page */
/** @typedef {import('../types').Details} Details */

/** @type {Map<Element, HTMLElement>} each held frame and what stands in its place */
const places = new Map();
/** @type {Promise<Details | null> | undefined} */
let details;

/** Whether it stands for a frame of this page. @param {Element} node */
export const placed = (node) => [...places.values()].includes(/** @type {HTMLElement} */ (node));

/** @param {Page} page @param {Element} frame */
function wanted(page, frame) {
  const { guard, config } = page;
  const url = guard.url(frame);
  const found = url ? guard.find(url) : undefined;
  const service = frame.getAttribute('data-service') || frame.getAttribute('data-name');
  const id = service || (found && found[1]);
  const known = config.services.find((one) => one.id === id);
  if (known) return { id: known.category ? known.id : '', name: known.name };
  const category = (frame.getAttribute('data-category') || '').split(/[\s,]/)[0];
  const name = url ? new URL(url).host : '';
  return { id: config.categories.includes(category) ? category : '', name };
}

/** @param {Page} page @param {HTMLElement} frame @param {Details | null} more */
function place(page, frame, more) {
  const texts = { ...page.language.texts, ...((more && more.texts) || {}) };
  const w = words({ ...page.language, texts });
  const { id, name } = wanted(page, frame);
  const { width, height } = frame.getBoundingClientRect();
  const node = h(
    'div',
    { class: 'ctl-root ctl-embed', ...tongue(page), role: 'group', 'aria-label': name },
    h('p', null, w.t('embed', { name })),
    id ? button('embed', w.t('embed_load')) : '',
  );
  const load = node.querySelector('button');
  if (load) load.setAttribute('data-for', id);
  if (width) node.style.width = width + 'px';
  if (height) node.style.minHeight = height + 'px';
  return node;
}

/**
 * Puts a place where a frame is held, and takes it away where one was let go.
 * @param {Page} page
 * @param {() => Promise<Details | null>} fetched
 */
export async function embeds(page, fetched) {
  const held = new Set(page.guard.held().filter((node) => node.localName === 'iframe'));
  for (const [frame, node] of places) {
    if (held.has(frame)) continue;
    const focused = node.contains(document.activeElement);
    drop(node);
    places.delete(frame);
    const shown = /** @type {HTMLElement} */ (frame);
    shown.hidden = false;
    if (focused) {
      shown.tabIndex = -1;
      shown.focus();
    }
  }
  const fresh = [...held].filter((frame) => !places.has(frame));
  if (!fresh[0]) return;
  details = details || fetched();
  const more = await details;
  for (const frame of /** @type {HTMLElement[]} */ (fresh)) {
    if (places.has(frame) || page.guard.open.has(frame) || !frame.isConnected || frame.hidden) continue;
    const node = place(page, frame, more);
    places.set(frame, node);
    frame.before(node);
    frame.hidden = true;
  }
}
