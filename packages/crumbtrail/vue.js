import { onMounted, onScopeDispose, shallowReadonly, shallowRef } from 'vue';
import { allows, snapshot, subscribe } from './state.js';

/** Follows the choice while the component lives. */
export function useConsent() {
  const state = shallowRef(/** @type {import('./index.js').State | null} */ (null));
  const look = () => {
    state.value = snapshot();
  };
  let end = () => {};
  onMounted(() => {
    end = subscribe(look);
    look();
  });
  onScopeDispose(() => end());
  return {
    state: shallowReadonly(state),
    allowed: (/** @type {string} */ id) => allows(state.value, id),
  };
}
