import type { State } from './index.js';

/** What holds now (null until the script is there), and whether a category or service is allowed. */
export function useConsent(): { state: State | null; allowed: (id: string) => boolean };
