/** One text, or its plural forms by CLDR category. */
export type Text = string | { [form: string]: string };

export interface Regime {
  id: string;
  model: string;
  show: 'dialog' | 'bar' | 'link';
  categories: { [id: string]: 'opt-in' | 'opt-out' | 'notice' };
  gpc?: boolean;
  gpc_confirm?: boolean;
  link?: string;
  months?: number;
  reprompt_months?: number;
  google?: 'denied' | 'granted';
  tz?: string[];
  /** The first layer has an X. */
  close?: true;
}

export interface Service {
  id: string;
  name: string;
  category: string | null;
  hosts: string[];
}

/** name, match, kind, service, category */
export type Tracker = [string, string, string, string | null, string | null];

export interface Config {
  v: number;
  site: string;
  build: string;
  day: string;
  notice: string;
  version: number;
  asks: number;
  answer: string | null;
  lang: string;
  languages: string[];
  regime: Regime;
  signals: { gpc: boolean };
  place: { country: string | null; subdivision: string | null; source: string };
  life: number;
  cookie: { domain: string | null; path: string; http: string | null };
  categories: string[];
  services: Service[];
  trackers: Tracker[];
  name: string;
  who: string;
  policy_url: string | null;
  partners: number;
  texts: { [key: string]: Text };
  /** `<name>.<digest>` of each part that the site has switched on. */
  parts?: string[];
  /** Rules that the server makes of the site's theme (theme/sheet.py), after our own. */
  css?: string;
  /** Options of those that have any. */
  options?: { [part: string]: { [option: string]: any } };
}

export interface Flags {
  [id: string]: boolean;
}

/** What the choice cookie says. */
export interface Choice {
  asks: number;
  t: number;
  id: string;
  pending: boolean;
  categories: Flags;
  services: Flags;
}

export interface Verdict {
  categories: Flags;
  services: Flags;
}

export interface Pending {
  body: { [field: string]: unknown; id: string };
  after: number;
  tries: number;
}

/**
 * categories, services, id, action, layer, when (milliseconds), id of the choice before it, when the
 * question was shown, digest of the notice, digest of the answer, language, page. Its spelling as a
 * string is kept until the record is in the queue, so the flags, which the cookie has too, come first.
 */
export type Decision = [
  Flags,
  Flags,
  string,
  string,
  number,
  number,
  string | null,
  string,
  string,
  string | null,
  string,
  string,
];

/** An act that waits: `go` does it, `fail` tells its caller that it will not be done. */
export interface Held {
  kind: string;
  /** An address, or `#name` of something stored. */
  what: string;
  rule: string;
  id?: string;
  at: number;
  go: () => void;
  fail?: (error: Error) => void;
}

export interface HeldEntry {
  kind: string;
  what: string;
  rule: string;
  service: string | null;
  why: string;
  at?: number;
}

export interface Memory {
  queue?: Pending[];
  told?: string;
  seen?: number;
  /** Something was allowed; outlives the choice, so that its traces can be deleted. */
  ran?: boolean;
  /** What the visitor said of their age: too young for anything that is not necessary, or not. */
  age?: 'under' | 'over';
}

export interface Details {
  controller?: { [field: string]: unknown } | null;
  contacts?: { [field: string]: unknown } | null;
  dpo?: { [field: string]: unknown } | null;
  authority?: { [field: string]: unknown } | null;
  /** By country, or country and part: where a visitor from there may complain. */
  authorities?: { [place: string]: { name: string; url: string } };
  facts?: {
    storage_region?: string;
    ip_mode?: string;
    min_age?: number;
    ask_age?: boolean;
    sells_or_shares?: boolean;
  };
  rights?: { [field: string]: unknown } | null;
  requests?: boolean;
  published_at?: string;
  version?: number;
  choice_lifetime?: Duration | null;
  retention?: Retention | null;
  decided_for_demo?: boolean;
  services: {
    id: string;
    name: string;
    category: string | null;
    provider: string | null;
    policy_url: string | null;
  }[];
  trackers: TrackerRow[];
  texts?: { [key: string]: Text };
  attribution?: { text: string; url: string } | null;
}

/** How long the record is kept; without an anchor, counted from the choice. */
export type Retention = { value: number; unit: string; anchor?: string };

export type Duration = 'session' | { value: number; unit: string };

export interface TrackerRow {
  name: string | null;
  match: string;
  kind: string;
  party: string | null;
  service: string | null;
  provider: string | null;
  category: string | null;
  published_label: string | null;
  purpose: string | null;
  duration: Duration | null;
}

/** What declaration.js carries: see docs/declaration.md. */
export interface Declaration {
  name: string;
  lang: string;
  dir: string;
  title: string;
  version_text: string;
  demo: string | null;
  policy: string;
  policy_url: string | null;
  columns: { id: string; text: string }[];
  categories: {
    name: string;
    purpose: string | null;
    trackers: {
      cells: { text: string; lang?: string; url?: string; note?: string; code?: boolean }[];
    }[];
  }[];
  css: string;
  intro?: string;
  more?: string;
  none?: string;
  words_lang?: string;
}

declare global {
  const CMP_CONFIG: Config | undefined;
  const CMP_DECLARATION: Declaration;
  const SETTINGS_HASH: string;
  const REST_HASH: string;
  /** Whether this build knows regimes that let things run until refused. */
  const LAX: boolean;
  interface Window {
    consent: any;
    dataLayer: unknown[];
    gtag: any;
  }
  interface Navigator {
    globalPrivacyControl?: boolean;
  }
}
