/**
 * Lets go of what is held, once it is allowed. Held are elements in the page, tagged or seized by
 * the stub (`data-held`), and the acts in `consent.held`; nothing is let go twice.
 */

import { drop } from './dom.js';

/** @typedef {import('./types').Config} Config */
/** @typedef {import('./types').Held} Held */
/** @typedef {import('./types').Verdict} Verdict */

const SOURCES = ['data-src', 'data-cookieblock-src', 'data-src-cmplz'];
const OTHERS = ['srcset', 'href', 'data', 'poster'];
const CATEGORY = ['data-category', 'data-cookieconsent', 'data-cookiecategory'];
const SERVICE = ['data-service', 'data-name'];
const SELECTOR =
  'script[type="text/plain"],' +
  [...SOURCES, 'data-held'].map((name) => `[${name}]`) +
  OTHERS.map((name) => `,[data-category][data-${name}],[data-service][data-${name}]`).join('');

/** @type {any} */
const ALIAS = {
  __proto__: null,
  analytics: 'statistics',
  measurement: 'statistics',
  performance: 'statistics',
  ads: 'marketing',
  advertising: 'marketing',
  targeting: 'marketing',
  functional: 'preferences',
};

/**
 * @param {Element} node
 * @param {string[]} names
 */
const first = (node, names) => {
  for (const name of names) if (node.hasAttribute(name)) return node.getAttribute(name) || '';
  return '';
};

/** @returns {string | null} null for an address that is not one of the web */
const web = (/** @type {string} */ text) => {
  const url = new URL(text, document.baseURI);
  return /^https?:$/.test(url.protocol) ? url.href : null;
};

/** Between two releases the page has its turn. @param {number} [ms] */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Guard {
  /**
   * @param {{config: Config, now: Verdict, choice: unknown}} page
   * @param {string} nonce of our own element
   */
  constructor(page, nonce) {
    this.page = page;
    this.nonce = nonce;
    /** @type {Set<Element>} */
    this.open = new Set();
    /** @type {Promise<unknown>} */
    this.chain = Promise.resolve();
    /** What must get by: our own deleting of a stored name is no storing. */
    this.off = false;
    this.ran = false;
    /** @type {Held[]} */
    this.acts = (window.consent && window.consent.held) || [];
    /** @type {() => void} called at each change of the page, and after each look at what is held */
    this.seen = this.after = () => {};
    const tagged = (/** @type {Node} */ node) =>
      node instanceof Element && (node.matches(SELECTOR) || !!node.querySelector(SELECTOR));
    new MutationObserver((list) => {
      this.seen();
      if (list.some((change) => [...change.addedNodes].some(tagged))) this.scan();
    }).observe(document.documentElement, { childList: true, subtree: true });
  }

  /**
   * The published service of an address, or of a stored `#name`, and the rule that says so.
   * @param {string} what
   * @returns {[rule: string, service: string | null] | undefined}
   */
  find(what) {
    const { services, trackers } = this.page.config;
    if (what[0] === '#') {
      const name = what.slice(1);
      const found = trackers.find(([rule, match]) =>
        match === 'prefix' ? name.startsWith(rule) : name === rule,
      );
      return found && [found[0], found[4] && (found[3] || found[4])];
    }
    const { hostname, pathname } = new URL(what, document.baseURI);
    const text = `.${hostname + pathname}/`;
    for (const { id, hosts } of services) {
      for (const rule of hosts) {
        const at = text.indexOf(`.${rule.replace(/^\*\./, '')}/`.replace('*/', ''));
        if (at >= 0 && at <= hostname.length) return [rule, id];
      }
    }
    return undefined;
  }

  /** What holds it now; the stub asks this of everything it sees. @param {string} what */
  rule(what) {
    const found = this.off ? undefined : this.find(what);
    return found && !this.allowed(found[1]) ? found : undefined;
  }

  /** @param {string | null} id a service or category */
  allowed(id) {
    const { services, categories } = this.page.now;
    return !!id && (id in services ? services : categories)[id] === true;
  }

  /** @param {string} word a category, an alias, or its negation, which needs a refusal */
  category(word) {
    const not = word[0] === '!';
    const id = word.slice(not ? 1 : 0);
    const given = this.page.now.categories[ALIAS[id] || id];
    return not ? given === false && !!this.page.choice : given === true;
  }

  /** @param {Element} node */
  may(node) {
    const words = first(node, CATEGORY)
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean);
    const service = first(node, SERVICE);
    if (!words[0] && !service) {
      const url = node.hasAttribute('data-held') && this.url(node);
      const found = url && this.find(url);
      return !!found && this.allowed(found[1]);
    }
    return words.every((word) => this.category(word)) && (!service || this.allowed(service));
  }

  /** Where it would come from; '' for text of its own. @param {Element} node */
  url(node) {
    const names = ['src', ...OTHERS.map((name) => 'data-' + name)];
    const text = first(node, [...SOURCES, ...names]);
    return text && web(text.trim().split(/[\s,]/)[0]);
  }

  /**
   * Where our own tag carries a nonce, so must what we start, or its host must be published.
   * @param {HTMLElement} node
   * @param {string} url
   */
  trusted(node, url) {
    return !this.nonce || node.nonce === this.nonce || (url && this.find(url));
  }

  /**
   * The held node itself goes back in with its type changed: a copy would not run under a
   * strict policy, and a script with an address runs before the next one starts.
   * @param {HTMLScriptElement} node
   */
  async run(node) {
    const url = this.url(node);
    const { parentNode, nextSibling } = node;
    if (url === null || !parentNode || !this.trusted(node, url)) return;
    const waits = !!url && !node.hasAttribute('async');
    if (url && !node.hasAttribute('src')) node.src = url;
    const type = node.getAttribute('data-type');
    if (type && type !== 'text/plain') node.type = type;
    else node.removeAttribute('type');
    if (waits) node.async = false;
    const loaded = new Promise((done) => {
      node.addEventListener('load', done);
      node.addEventListener('error', done);
      setTimeout(done, 1e4);
    });
    drop(node);
    parentNode.insertBefore(node, nextSibling);
    if (waits) await loaded;
  }

  /** @param {Element} node */
  async start(node) {
    if (!this.may(node)) this.open.delete(node);
    else if (node instanceof HTMLScriptElement) await this.run(node);
    else {
      const url = this.url(node);
      const { dataset } = /** @type {HTMLElement} */ (node);
      for (const name of OTHERS) if (dataset[name]) node.setAttribute(name, dataset[name]);
      if (url && first(node, SOURCES)) node.setAttribute('src', url);
      const media = /** @type {any} */ (node.closest('video,audio'));
      if (media) media.load();
    }
  }

  /** What can be taken back is: a frame is emptied and waits again. */
  close() {
    for (const node of this.open) {
      if (node instanceof HTMLIFrameElement && !this.may(node)) {
        node.src = 'about:blank';
        this.open.delete(node);
      }
    }
  }

  /** @returns {Element[]} */
  held() {
    return [...document.querySelectorAll(SELECTOR)].filter((node) => !this.open.has(node));
  }

  /** Whether nothing published is closed. */
  all() {
    const { services, categories } = this.page.now;
    return [services, categories].every((flags) => Object.values(flags).every(Boolean));
  }

  /** Whether a frame is held, which shows. */
  framed() {
    return this.held().some((node) => node.localName === 'iframe');
  }

  /** Held acts, in the order in which they were tried. */
  async acted() {
    for (const act of this.acts.splice(0)) {
      const found = this.find(act.what);
      if (found && this.allowed(found[1])) {
        this.ran = true;
        act.go();
        await pause();
      } else if (this.page.choice && act.fail) act.fail(new TypeError('Held: no consent'));
      else this.acts.push(act);
    }
  }

  scan() {
    this.close();
    for (const node of this.held()) {
      if (!this.may(node)) continue;
      this.ran = true;
      this.open.add(node);
      this.chain = this.chain.then(() => this.start(node)).then(() => pause(), () => {});
    }
    if (this.acts[0]) this.chain = this.chain.then(() => this.acted()).catch(() => {});
    this.after();
  }
}
