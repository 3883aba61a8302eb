export interface LoadOptions {
  /** Where your Crumbtrail server answers: `https://consent.example.com`, or a path such as `/_ct`. */
  base: string;
  /** The key of your site. */
  site: string;
  /** A language for the banner, where it is not that of `<html lang>`. */
  lang?: string;
  /** The nonce of this page's Content-Security-Policy. */
  nonce?: string;
}

/** By id: `necessary`, `preferences`, `statistics`, `marketing`, or a service of your inventory. */
export type Flags = Record<string, boolean>;

/** What holds now. */
export interface State {
  /** Whether the visitor has chosen. */
  decided: boolean;
  categories: Flags;
  services: Flags;
  /** The record of the choice. */
  id: string | null;
  /** When it was made, RFC 3339. */
  at: string | null;
  asks: number;
  /** The row of the rules that hold at the visitor's place. */
  regime: string;
  country: string | null;
  /** Whether everything is asked before it runs. */
  strict: boolean;
  /** Whether the browser sends Global Privacy Control. */
  gpc: boolean;
  /** Whether the record has not reached the server yet. */
  pending: boolean;
}

export interface Saved extends State {
  record: { id: string; received_at?: string; receipt?: string; [field: string]: unknown };
}

export interface Events {
  ready: State;
  shown: State;
  changed: State;
  saved: Saved;
}

export interface Consent {
  /** Whether a category or a service is allowed. On a server, and before anything is known: only `necessary`. */
  allowed(id: string): boolean;
  /** What holds now; null on a server and until the script is there. */
  get(): State | null;
  /** Sets categories and services; what is not named stays as it is. */
  set(wishes: Flags): void;
  acceptAll(): void;
  rejectAll(): void;
  withdraw(): void;
  /** Opens the settings. */
  open(): void;
  /** Once the script is there. Never on a server, and never where the script cannot be loaded. */
  ready(): Promise<State>;
  /** Calls you at each event (at `ready` once, also if it was before); returns how to stop it. */
  on<Name extends keyof Events>(name: Name, listener: (state: Events[Name]) => void): () => void;
  /** What is held, and why. */
  debug(): unknown;
}

export const consent: Consent;

/** Puts the script on the page, unless it is there; on a server it does nothing. */
export function load(options: LoadOptions): Consent;
