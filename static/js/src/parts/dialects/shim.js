/** What the stand-ins for other tools' globals have in common. */

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('../../types').Flags} Flags */

/** @typedef {{decided: boolean, categories: Flags, services: Flags}} State */

/** A page's own callback may throw; the rest goes on, and the page's console says why. @param {() => unknown} fn */
export function safely(fn) {
  try {
    fn();
  } catch (error) {
    console.error(error);
  }
}

/** @param {unknown} fn @param {unknown[]} values */
export const call = (fn, ...values) => {
  if (typeof fn === 'function') safely(() => fn(...values));
};

/** @param {string} text */
export const note = (text) => console.info('Crumbtrail: ' + text);

/**
 * @param {EventTarget} target
 * @param {string} name
 * @param {unknown} [detail]
 */
export const tell = (target, name, detail) =>
  safely(() => target.dispatchEvent(new CustomEvent(name, { detail })));

/**
 * Puts `made` under a name, keeping what an early stub has collected. Another tool that is still
 * on the page keeps its name.
 * @param {string} name
 * @param {object} made
 * @returns {any} the stub's object, now ours; null where the other tool is there
 */
export function take(name, made) {
  const there = /** @type {any} */ (window)[name];
  if (there && !there.early) {
    note(name + ' is there already; its stand-in was left out.');
    return null;
  }
  const object = there || {};
  Object.defineProperties(object, Object.getOwnPropertyDescriptors(made));
  /** @type {any} */ (window)[name] = object;
  return object;
}

/** @param {string} url @param {{[name: string]: string}} [attributes] @returns {Promise<boolean>} */
export const load = (url, attributes = {}) =>
  new Promise((done) => {
    const script = document.createElement('script');
    for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
    script.onload = () => done(true);
    script.onerror = () => done(false);
    script.src = url;
    document.head.append(script);
  });

/** Tells the stand-ins of every change, with what was before. */
export class Watch {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    /** @type {((now: State, before: State) => void)[]} */
    this.listeners = [];
    this.before = this.state();
    document.addEventListener('consent:changed', () => {
      const before = this.before;
      this.before = this.state();
      for (const listener of this.listeners) safely(() => listener(this.before, before));
    });
  }

  /** @returns {State} */
  state() {
    const { decided, categories, services } = this.page.get();
    return { decided, categories, services };
  }

  /** @param {(now: State, before: State) => void} listener */
  on(listener) {
    this.listeners.push(listener);
  }

  /** @param {(open: 'dialog' | 'settings', node: Element) => void} shown @param {() => void} [hidden] */
  dialog(shown, hidden) {
    let open = false;
    const look = () => {
      const node = document.getElementById('cmp-dialog');
      if (node && !open) safely(() => shown(node.tagName === 'DIALOG' ? 'settings' : 'dialog', node));
      if (!node && open && hidden) safely(hidden);
      open = !!node;
    };
    const begin = () => {
      new MutationObserver(look).observe(document.body, { childList: true });
      look();
    };
    if (document.body) begin();
    else document.addEventListener('DOMContentLoaded', () => safely(begin));
  }
}
