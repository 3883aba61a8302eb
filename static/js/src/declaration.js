/**
 * The declaration where an owner's page wants it: the script carries the table in the words the
 * server chose and puts it where its tag stands, in a shadow tree, so that neither the page's
 * styles nor ours reach the other.
 */

import { h, link } from './dom.js';

/** @typedef {import('./types').Declaration} Declaration */

const told = CMP_DECLARATION;
const tag = /** @type {HTMLScriptElement | null} */ (
  document.currentScript || document.querySelector('script[src*="/declaration.js"]')
);

/** Whether the page is in another language than the table. @param {string} wish */
const other = (wish) => {
  const said = wish.toLowerCase();
  return said !== told.lang && !said.startsWith(told.lang + '-');
};

/**
 * Asks again in the page's language, once. Where Trusted Types forbid it, the table stays as it is.
 * @param {HTMLScriptElement} from
 * @param {string} lang
 */
function again(from, lang) {
  const url = new URL(from.src);
  if (url.searchParams.has('lang')) return false;
  url.searchParams.set('lang', lang);
  try {
    const next = document.createElement('script');
    next.async = true;
    next.nonce = from.nonce;
    next.dataset.into = from.dataset.into || '';
    next.src = url.href;
    from.after(next);
    return true;
  } catch (e) {
    return false;
  }
}

/** @param {Declaration['categories'][number]['trackers'][number]['cells'][number]} cell */
const shown = ({ text, lang, url, note, code }) => [
  h('span', { lang }, url ? link(text, url) : h(code ? 'code' : 'bdi', null, text)),
  note ? h('small', null, note) : '',
];

/** @param {Declaration['categories'][number]} group */
function table({ name, purpose, trackers }) {
  const lang = told.words_lang;
  const heads = told.columns.map(({ text }) => text);
  const head = heads.map((text) => h('th', { role: 'columnheader', scope: 'col', lang }, text));
  const cell = (/** @type {any} */ one, /** @type {number} */ i) =>
    h(
      i ? 'td' : 'th',
      { role: i ? 'cell' : 'rowheader', scope: i ? '' : 'row', 'data-label': heads[i] },
      shown(one),
    );
  return h(
    'table',
    { role: 'table' },
    h('caption', { lang }, name, purpose && h('span', null, purpose)),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
    h(
      'tbody',
      { role: 'rowgroup' },
      trackers.map(({ cells }) => h('tr', { role: 'row' }, cells.map(cell))),
    ),
  );
}

function whole() {
  const { name, version_text, demo, policy, policy_url, intro, more, none, words_lang } = told;
  return h(
    'section',
    { class: 'cmp-declaration', lang: told.lang, dir: told.dir, 'aria-label': told.title },
    h(
      'p',
      { class: 'cmp-head' },
      h('bdi', null, name),
      ` · ${version_text} ${demo || ''} `,
      policy_url && link(policy, policy_url),
    ),
    intro && h('p', { lang: words_lang }, intro),
    told.categories.map(table),
    told.categories.length ? '' : h('p', { lang: words_lang }, none || ''),
    more && h('p', { lang: words_lang }, more),
  );
}

/** @param {ShadowRoot} root @param {string} nonce */
function dress(root, nonce) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(told.css);
    root.adoptedStyleSheets = [sheet];
  } catch (e) {
    const node = h('style', null, told.css);
    if (nonce) node.nonce = nonce;
    root.append(node);
  }
}

function put() {
  const into = tag && tag.dataset.into && document.querySelector(tag.dataset.into);
  const host = h('div');
  const root = host.attachShadow({ mode: 'open' });
  dress(root, (tag && tag.nonce) || '');
  root.append(whole());
  if (into) into.append(host);
  else if (tag && tag.parentNode && tag.parentNode !== document.head) tag.after(host);
  else document.body.append(host);
}

const wish = (tag && tag.dataset.lang) || document.documentElement.lang;
if (!(tag && tag.src && wish && other(wish) && again(tag, wish))) {
  const into = tag && tag.dataset.into;
  if (document.body && (!into || document.querySelector(into))) put();
  else addEventListener('DOMContentLoaded', put);
}
