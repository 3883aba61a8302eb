/** Holds tagged elements, and lets them go in page order once what they need is allowed. */

/** @typedef {import('./types').Config} Config */
/** @typedef {import('./types').Verdict} Verdict */

const SOURCES = ['data-src', 'data-cookieblock-src', 'data-src-cmplz'];
const CATEGORY = ['data-category', 'data-cookieconsent', 'data-cookiecategory'];
const SERVICE = ['data-service', 'data-name'];
const SELECTOR = ['script[type="text/plain"]', ...SOURCES.map((name) => `[${name}]`)].join();

/** @type {{[alias: string]: string}} */
const ALIAS = {
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

const element = (/** @type {Element} */ node) => /^(SCRIPT|IFRAME|IMG)$/.test(node.tagName);

/**
 * @param {Element} node
 * @returns {string | null} null for an address that is not one of the web
 */
function address(node) {
  const text = first(node, SOURCES) || node.getAttribute('src');
  if (!text) return '';
  const url = new URL(text, document.baseURI);
  return /^https?:$/.test(url.protocol) ? url.href : null;
}

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
    const tagged = (/** @type {Node} */ node) =>
      node instanceof Element && (node.matches(SELECTOR) || !!node.querySelector(SELECTOR));
    new MutationObserver((list) => {
      if (list.some((change) => [...change.addedNodes].some(tagged))) this.scan();
    }).observe(document.documentElement, { childList: true, subtree: true });
  }

  /** @param {string} host */
  service(host) {
    return this.page.config.services.find(({ hosts }) =>
      hosts.some((own) => host === own || host.endsWith('.' + own.replace(/^\*\./, ''))),
    );
  }

  /** @param {string} host */
  pass(host) {
    const service = this.service(host);
    return !!service && this.page.now.services[service.id] === true;
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
    const host = node.getAttribute('data-held') || '';
    if (!words[0] && !service) return !!host && this.pass(host);
    return (
      words.every((word) => this.category(word)) &&
      (!service || this.page.now.services[service] === true)
    );
  }

  /**
   * Where our own tag carries a nonce, so must what we start, or its host must be published.
   * @param {HTMLElement} node
   * @param {string} url
   */
  trusted(node, url) {
    return (
      !this.nonce || node.nonce === this.nonce || (!!url && !!this.service(new URL(url).hostname))
    );
  }

  /**
   * The held node itself goes back in with its type changed: a copy would not run under a
   * strict policy, and a script with an address runs before the next one starts.
   * @param {HTMLScriptElement} node
   */
  async run(node) {
    const url = address(node);
    const { parentNode, nextSibling } = node;
    if (url === null || !parentNode || !this.trusted(node, url)) return;
    const waits = !!url && !node.hasAttribute('async');
    if (url && !node.hasAttribute('src')) node.src = url;
    const type = node.getAttribute('data-type');
    if (type) node.type = type;
    else node.removeAttribute('type');
    if (waits) node.async = false;
    const loaded = new Promise((done) => {
      node.addEventListener('load', done);
      node.addEventListener('error', done);
      setTimeout(done, 1e4);
    });
    node.remove();
    parentNode.insertBefore(node, nextSibling);
    if (waits) await loaded;
  }

  /** @param {Element} node */
  async start(node) {
    if (!this.may(node)) this.open.delete(node);
    else if (node instanceof HTMLScriptElement) await this.run(node);
    else if (node instanceof HTMLIFrameElement || node instanceof HTMLImageElement) {
      const url = address(node);
      if (url) node.src = url;
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

  held() {
    return [...document.querySelectorAll(SELECTOR)].filter(
      (node) => element(node) && !this.open.has(node),
    );
  }

  scan() {
    this.close();
    for (const node of this.held()) {
      if (!this.may(node)) continue;
      this.open.add(node);
      this.chain = this.chain.then(() => this.start(node)).catch(() => {});
    }
  }
}
