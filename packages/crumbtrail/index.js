/** The loader, and `window.consent` with types. Nothing here touches the page when imported. */

import { stub } from './stub.js';

const OURS = /\/v1\/[^/]+\/(.+\/)?[^/]+\.js$/;

/** @type {any} one policy per page; its name is for `trusted-types` in a Content-Security-Policy */
let policy;

const browser = () => typeof document !== 'undefined';

/** @returns {any} the stub or the script, if either is there; an element of that id is neither */
const core = () => {
  const found = browser() && /** @type {any} */ (window).consent;
  return found && typeof found.allowed === 'function' ? found : undefined;
};

/** Whether the script has taken the stub's place. */
const live = () => !!core() && !core().q;

/** @param {string} url */
function trusted(url) {
  const types = /** @type {any} */ (window).trustedTypes;
  try {
    policy = policy || (types && types.createPolicy('crumbtrail', { createScriptURL: String }));
    return policy ? policy.createScriptURL(url) : url;
  } catch (e) {
    return url;
  }
}

/** @param {import('./index.js').LoadOptions} options */
function address({ base, site }) {
  if (typeof base !== 'string' || !/^(https?:\/\/|\/)/.test(base))
    throw new TypeError('crumbtrail: `base` is the address of your server, such as "/_ct"');
  if (typeof site !== 'string' || !/^[a-z0-9][a-z0-9.-]*$/.test(site))
    throw new TypeError('crumbtrail: `site` is the key of your site, such as "shop.example"');
  return `${base.replace(/\/+$/, '')}/v1/${site}/consent.js`;
}

/** @param {import('./index.js').LoadOptions} options */
export function load(options) {
  const url = address(options);
  const there = () => live() || [...document.scripts].some(({ src }) => OURS.test(src));
  if (browser() && !there()) {
    stub();
    insert(url, options);
  }
  return consent;
}

/**
 * A policy that forbids the script leaves everything held, and the page as it is.
 * @param {string} url
 * @param {import('./index.js').LoadOptions} options
 */
function insert(url, { lang, nonce }) {
  const script = document.createElement('script');
  if (nonce) script.nonce = nonce;
  if (lang) script.setAttribute('data-lang', lang);
  script.setAttribute('fetchpriority', 'high');
  script.async = true;
  try {
    script.src = trusted(url);
    document.head.append(script);
  } catch (e) {
    console.error('crumbtrail: the script was refused', e);
  }
}

/** @param {string} name a call that the stub keeps for the script */
const command =
  (name) =>
  (/** @type {unknown[]} */ ...values) => {
    if (!browser()) return;
    if (!core()) stub();
    core()?.[name](...values);
  };

/** @type {import('./index.js').Consent} */
export const consent = {
  allowed: (id) => (core() ? core().allowed(id) : id === 'necessary'),
  get: () => (core() ? core().get() : null),
  set: command('set'),
  acceptAll: command('acceptAll'),
  rejectAll: command('rejectAll'),
  withdraw: command('withdraw'),
  open: command('open'),
  ready: () => new Promise((done) => consent.on('ready', done)),
  on(name, listener) {
    if (!browser()) return () => {};
    if (name === 'ready' && live()) {
      listener(core().get());
      return () => {};
    }
    const heard = (/** @type {any} */ event) => listener(event.detail);
    document.addEventListener(`consent:${name}`, heard, { once: name === 'ready' });
    return () => document.removeEventListener(`consent:${name}`, heard);
  },
  debug: () => (core() ? core().debug() : null),
};
