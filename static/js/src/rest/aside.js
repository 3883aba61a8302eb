/** Nothing of ours stands on what has the keyboard's focus (WCAG 2.2: 2.4.11, and 2.4.12 where it can be). */

/** Each way to stand, in the order they are tried: as it is, less high, less high at the top. */
const WAYS = [[], ['ctl-less'], ['ctl-less', 'ctl-over']];

/**
 * @param {DOMRect} a
 * @param {DOMRect} b
 * @returns {number} how much of one lies under the other, CSS px squared
 */
function shared(a, b) {
  const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** @param {Element} target what has the focus */
function clear(target) {
  for (const node of document.querySelectorAll('div.ctl-first,.ctl-note,.ctl-entry')) {
    const stand = (/** @type {string[]} */ way) => {
      node.classList.remove(...WAYS[2]);
      node.classList.add(...way);
      return shared(node.getBoundingClientRect(), target.getBoundingClientRect());
    };
    if (node.contains(target)) {
      stand([]);
      continue;
    }
    /** @type {string[]} */
    let best = [];
    let least = Infinity;
    for (const way of WAYS) {
      const hidden = stand(way);
      if (hidden < least) [best, least] = [way, hidden];
    }
    stand(best);
  }
}

/** The browser scrolls to what it focuses in the same task; where it then stands is what counts. */
export function yields() {
  document.addEventListener('focusin', ({ target }) => {
    setTimeout(() => {
      if (target instanceof Element && target === document.activeElement && target.matches(':focus-visible'))
        clear(target);
    });
  });
}
