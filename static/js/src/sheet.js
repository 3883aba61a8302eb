/** A style sheet of ours: adopted, or an element with our nonce where the browser adopts none. */

import { drop, h } from './dom.js';

/**
 * @param {string} css
 * @param {string} nonce of our own element
 * @returns {() => void} takes it away
 */
export function adopt(css, nonce) {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    return () => {
      document.adoptedStyleSheets = [...document.adoptedStyleSheets].filter((one) => one !== sheet);
    };
  } catch (e) {
    const node = h('style', null, css);
    if (nonce) node.nonce = nonce;
    (document.head || document.documentElement).append(node);
    return () => drop(node);
  }
}
