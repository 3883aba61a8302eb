/** Entry: nothing here may throw into the page, and whatever fails leaves everything held. */

import { pause } from './guard.js';
import { Page } from './page.js';
import { View } from './view.js';

/** @typedef {import('./types').Config} Config */

const own = /** @type {HTMLScriptElement | null} */ (
  document.currentScript || document.querySelector('script[src*="/v1/"][src$=".js"]')
);

/** @returns {string} the language of the page, or of our element where it says one */
function wished() {
  const stub = document.querySelector('script[data-site]');
  const said = [own, stub].map((node) => node && node.getAttribute('data-lang')).find(Boolean);
  return (said || document.documentElement.lang || '').toLowerCase().replace(/^n[no]\b/, 'nb');
}

async function main() {
  const [, base, site] = /^(.*)\/v1\/([^/]+)\//.exec(own ? own.src : '') || [];
  if (!site || (window.consent?.get && !window.consent.q)) return;
  const root = `${base}/v1/${site}`;
  const lang = wished();
  /** @returns {Promise<Config>} */
  const fetched = async () => {
    const answer = await fetch(`${root}/notice?lang=${lang}`, { credentials: 'omit' });
    return answer.ok ? answer.json() : Promise.reject();
  };
  const config = typeof CMP_CONFIG === 'undefined' ? await fetched() : CMP_CONFIG;
  const prepared = /** @type {any} */ (document);
  if (prepared.prerendering)
    await new Promise((done) => prepared.addEventListener('prerenderingchange', done, { once: true }));
  const page = new Page(config, root, (own && own.nonce) || '');
  const view = new View(page);
  view.begin();
  const parts = (config.parts || []).map((part) =>
    import(`${root}/code/${part}.js`).then(({ start }) => start(page)).catch(() => {}),
  );
  const { lang: given, languages } = config;
  if (lang !== given && languages.some((tag) => tag !== given && lang.startsWith(tag.slice(0, 2)))) {
    page.language = await fetched().catch(() => config);
  }
  // A part may bring an answer given to another tool: then nobody is asked.
  if (config.parts) await Promise.race([Promise.all(parts), pause(1e3)]);
  view.show();
}

main().catch(() => {});
