/** What must outlive the page besides the cookies: undelivered records and what was shown. */

import { text } from './json.js';

/** @typedef {import('./types').Memory} Memory */

/** @type {Memory} */
let fallback = {};
let broken = false;

/** @param {string} path one store per cookie folder, so that demo pages do not share it */
export const keyOf = (path) => 'crumbtrail' + (path && path !== '/' ? ':' + path : '');

/** @param {string} path */
export function memory(path) {
  const key = keyOf(path);
  return {
    /** @returns {Memory} */
    read() {
      try {
        if (!broken) return JSON.parse(localStorage.getItem(key) || '{}');
      } catch (e) {}
      return fallback;
    },
    /** @param {(memory: Memory) => void} change */
    update(change) {
      const now = this.read();
      change(now);
      if (now.queue && !now.queue.length) delete now.queue;
      fallback = now;
      try {
        const said = text(now);
        if (said === '{}') localStorage.removeItem(key);
        else localStorage.setItem(key, said);
      } catch (e) {
        broken = true;
      }
    },
  };
}
