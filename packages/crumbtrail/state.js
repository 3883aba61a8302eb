/** What the hooks share: one object per state, so that the same state is the same object. */

import { consent } from './index.js';

/** @typedef {import('./index.js').State} State */

/** @type {State | null} */
let last = null;

/** @returns {State | null} */
export function snapshot() {
  const now = consent.get();
  if (JSON.stringify(now) !== JSON.stringify(last)) last = now;
  return last;
}

/** @param {() => void} listener */
export function subscribe(listener) {
  const ends = [
    consent.on('ready', listener),
    consent.on('changed', listener),
    consent.on('saved', listener),
  ];
  return () => ends.forEach((end) => end());
}

/**
 * The same on a server and at the first render in a browser.
 * @param {State | null} state
 * @param {string} id
 */
export const allows = (state, id) =>
  state ? state.categories[id] === true || state.services[id] === true : id === 'necessary';
