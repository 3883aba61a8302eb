/** Entry: nothing here may throw into the page, and whatever fails leaves everything held. */

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
  return (said || document.documentElement.lang || '').toLowerCase().split('-')[0];
}

async function main() {
  const [, base, site] = /^(.*)\/v1\/([^/]+)\//.exec(own ? own.src : '') || [];
  if (!site || (window.consent && !window.consent.q)) return;
  const lang = wished();
  /** @returns {Promise<Config>} */
  const fetched = async () => {
    const answer = await fetch(`${base}/v1/${site}/notice?lang=${lang}`, { credentials: 'omit' });
    return answer.ok ? answer.json() : Promise.reject();
  };
  const config = typeof CMP_CONFIG === 'undefined' ? await fetched() : CMP_CONFIG;
  const page = new Page(config, `${base}/v1/${site}`, (own && own.nonce) || '');
  const view = new View(page);
  view.begin();
  config.parts?.map((part) =>
    import(`${page.root}/code/${part}.js`).then((code) => code.start(page)).catch(() => {}),
  );
  if (lang !== config.lang && config.languages.includes(lang)) {
    page.language = await fetched().catch(() => config);
  }
  view.show();
}

main().catch(() => {});
