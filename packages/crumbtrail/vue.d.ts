import type { ShallowRef } from 'vue';
import type { State } from './index.js';

/** What holds now (null until the script is there), and whether a category or service is allowed. */
export function useConsent(): {
  state: Readonly<ShallowRef<State | null>>;
  allowed: (id: string) => boolean;
};
