import { useSyncExternalStore } from 'react';
import { allows, snapshot, subscribe } from './state.js';

const unknown = () => null;

/** Renders again whenever the choice changes. */
export function useConsent() {
  const state = useSyncExternalStore(subscribe, snapshot, unknown);
  return { state, allowed: (/** @type {string} */ id) => allows(state, id) };
}
