/** Opens and closes the second layer: fetched when it is wanted, and the focus goes back to where it was. */

import { drop } from '../dom.js';

/** @typedef {import('../page.js').Page} Page */
/** @typedef {import('../rest.js').Rest} Rest */

/**
 * What the second layer needs besides its code.
 * @param {Page} page
 * @returns {Promise<import('../types').Details | null>} null where it cannot be had
 */
export async function details({ root, language }) {
  try {
    const answer = await fetch(`${root}/${language.lang}/details.json`, {
      credentials: 'omit',
      signal: AbortSignal.timeout && AbortSignal.timeout(5e3),
    });
    return answer.ok ? await answer.json() : null;
  } catch (e) {
    return null;
  }
}

/** @param {Rest} rest */
export async function open(rest) {
  const { page, view } = rest;
  if (view.settings || rest.opening) return;
  rest.opening = true;
  const opener = document.activeElement;
  try {
    const code = import(`${page.root}/code/settings.${SETTINGS_HASH}.js`);
    const [{ Settings }, more] = await Promise.all([code, details(page)]);
    view.opener = opener;
    if (view.prompt) drop(view.prompt);
    view.prompt = null;
    view.settings = new Settings(rest, more);
  } finally {
    rest.opening = false;
  }
  view.last(false);
  page.shownAt = new Date().toISOString();
  page.emit('shown');
}

/** @param {Rest} rest @param {boolean} [decided] whether a choice made the question moot */
export function close({ view }, decided) {
  const { settings, opener } = view;
  if (!settings) return;
  view.settings = null;
  settings.remove();
  view.last(true);
  if (/^#(consent|cookie-settings)$/.test(location.hash)) {
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  if (!decided) view.ask();
  const back = opener && opener.isConnected && opener !== document.body ? opener : null;
  const target =
    back || document.querySelector('#cmp-dialog [data-cmp=preferences],#cmp-entry button');
  if (target instanceof HTMLElement) target.focus();
}
