/**
 * Pages written for another consent tool: their markup is turned into ours in place, their choice
 * is carried over once, their globals are answered. Each of the three only as the owner wants it.
 */

import { carry } from './dialects/carry.js';
import { complianz, cookieyes } from './dialects/complianz.js';
import { cookiebot } from './dialects/cookiebot.js';
import { klaro } from './dialects/klaro.js';
import { Markup } from './dialects/markup.js';
import { onetrust } from './dialects/onetrust.js';
import { safely, Watch } from './dialects/shim.js';
import { tarteaucitron } from './dialects/tarteaucitron.js';
import { vanilla } from './dialects/vanilla.js';
import { own, Words } from './dialects/words.js';

/** @typedef {import('../page.js').Page} Page */

/** @type {{[name: string]: (page: Page, words: Words, watch: Watch) => void}} */
const SHIMS = {
  'vanilla-cookieconsent': vanilla,
  cookiebot,
  klaro,
  onetrust,
  tarteaucitron,
  cookieyes,
  complianz,
};

/** @param {Page} page */
export function start(page) {
  const waits = /** @type {any} */ (document).prerendering;
  if (!waits) return begin(page);
  // Nobody looks yet, and nothing may be decided.
  document.addEventListener('prerenderingchange', () => safely(() => begin(page)), { once: true });
}

/** @param {Page} page */
function begin(page) {
  const options = (page.config.options && page.config.options.dialects) || {};
  const words = new Words(page.config, options);
  safely(() => carry(page, words, options));
  const watch = new Watch(page);
  safely(() => new Markup(page, words).begin(watch));
  for (const name of options.shims || []) {
    const shim = own(SHIMS, name);
    if (shim) safely(() => shim(page, words, watch));
  }
}
