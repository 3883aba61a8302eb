/** Where the browser's maker says how to block and delete cookies. */

import { h, link } from '../dom.js';

const SUPPORT = 'https://support.';

/** @type {[RegExp, string, string][]} what the browser calls itself, its name, its help */
const BROWSERS = [
  [
    /Edg/,
    'Edge',
    SUPPORT +
      'microsoft.com/microsoft-edge/manage-cookies-in-microsoft-edge-168dab11-0753-043d-7c16-ede5947fc64d',
  ],
  [/OP[RT]\//, 'Opera', 'https://help.opera.com/en/latest/web-preferences/#cookies'],
  [
    /Firefox\/|FxiOS\//,
    'Firefox',
    SUPPORT + 'mozilla.org/kb/block-websites-storing-cookies-site-data-firefox',
  ],
  [/Chrome\/|CriOS\//, 'Chrome', SUPPORT + 'google.com/chrome/answer/95647'],
  [/Safari\//, 'Safari', SUPPORT + 'apple.com/guide/safari/manage-cookies-sfri11471/mac'],
];

/**
 * A line with the page for this browser, or with all of them where it is none of these.
 * @param {import('../dom.js').Words} w
 */
export function help(w) {
  const agent = navigator.userAgent;
  const known = !agent.includes('SamsungBrowser');
  const mine = known && BROWSERS.find(([mark]) => mark.test(agent));
  const links = (mine ? [mine] : BROWSERS).map(([, name, url], i) => [
    i ? ', ' : ' ',
    link(name, url),
  ]);
  return h('p', { class: 'ctl-help' }, w.t('help'), links);
}
