import type { State } from './index.js';

export function snapshot(): State | null;
export function subscribe(listener: () => void): () => void;
export function allows(state: State | null, id: string): boolean;
