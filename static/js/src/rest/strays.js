/**
 * Copies of ours. A page that keeps a copy of its body and puts that back (Turbo and its like) brings
 * back what stood there of ours too: the copies go, and a frame that one hid is seen again.
 */

import { drop } from '../dom.js';

const OURS = ['#cmp-dialog', '#cmp-entry', '#cmp-note', '.ctl-embed'].map((one) => '.ctl-root' + one).join(',');

/** @param {(node: Element) => boolean} own whether it is one of the living */
export function strays(own) {
  for (const node of document.querySelectorAll(OURS)) {
    if (own(node)) continue;
    const next = node.nextElementSibling;
    if (node.matches('.ctl-embed') && next instanceof HTMLIFrameElement) next.hidden = false;
    drop(node);
  }
}

/**
 * Calls back when something of ours may have come in with a piece of the page, or gone with its body.
 * @param {() => void} act
 */
export function watch(act) {
  let { body } = document;
  const ours = (/** @type {Node} */ node) =>
    node instanceof Element && (node.matches(OURS) || !!node.querySelector(OURS));
  new MutationObserver((list) => {
    const other = document.body && document.body !== body;
    body = document.body;
    if (other || list.some((change) => [...change.addedNodes].some(ours))) act();
  }).observe(document.documentElement, { childList: true, subtree: true });
}
