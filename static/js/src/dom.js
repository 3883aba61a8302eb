/** Elements and texts. No markup strings, so it works under Trusted Types and strict CSP. */

/** @typedef {import('./types').Config} Config */

/** @typedef {any} Child text, a node, a list of them, or nothing */

/**
 * @param {string} tag
 * @param {{[name: string]: string | boolean | null | undefined} | null} [attributes]
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) node.setAttribute(name, '');
    else if (value) node.setAttribute(name, value);
  }
  put(node, children);
  return node;
}

/**
 * @param {Node} node
 * @param {Child[]} children
 */
function put(node, children) {
  for (const child of children) {
    if (Array.isArray(child)) put(node, child);
    else if (child)
      node.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

/**
 * A link to another page, or only its words where the address is not a web address.
 * @param {string} text
 * @param {unknown} url
 */
export function link(text, url) {
  return /^(https?:\/\/|mailto:|tel:|\/)/.test(String(url || ''))
    ? h('a', { href: String(url), rel: 'noopener noreferrer', target: '_blank' }, text)
    : text;
}

/** Pages have been seen with a `remove` of their own. @param {Node} node */
export const drop = (node) => {
  if (node.parentNode) node.parentNode.removeChild(node);
};

/** @typedef {ReturnType<typeof words>} Words */

/** @param {Config} config */
export function words(config) {
  const { texts, lang } = config;

  /**
   * @param {string} key
   * @param {{[name: string]: string | number}} [values]
   * @returns {string}
   */
  const t = (key, values = {}) => {
    let text = texts[key] || texts['more_' + key];
    if (text && typeof text === 'object') {
      text = text[new Intl.PluralRules(lang).select(Number(values.n))] || text.other;
    }
    return (text || '').replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
  };

  /** A category's name or purpose; words of our own for one this build does not know. */
  const category = (/** @type {string} */ id) => t('category_' + id) || id;
  return { t, category };
}

/** @returns {Promise<void>} once there is a body to stand in */
export const ready = () =>
  new Promise((done) => {
    const look = () => {
      if (!document.body) return false;
      observer.disconnect();
      done();
      return true;
    };
    const observer = new MutationObserver(look);
    if (!look()) observer.observe(document.documentElement, { childList: true });
  });
