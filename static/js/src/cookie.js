/** The choice cookie and the visitor's secret: the only places that touch `document.cookie`. */

/** @typedef {import('./types').Choice} Choice */
/** @typedef {import('./types').Config} Config */

export const CHOICE = 'crumbtrail';
export const VISITOR = 'crumbtrail_visitor';

const UUID = /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/;

/** What the browser does not keep lasts for the page view. @type {{[name: string]: string}} */
const lost = {};

const jar = () => {
  try {
    return document.cookie;
  } catch (e) {
    return '';
  }
};

/**
 * All values a cookie name has; one name may live on several domains and paths.
 * @param {string} name
 * @returns {string[]}
 */
function values(name) {
  return (jar() + (lost[name] || ''))
    .split('; ')
    .filter((pair) => pair.startsWith(name + '='))
    .map((pair) => pair.slice(name.length + 1));
}

/**
 * @param {string} text
 * @returns {Choice | null} null for anything that is not exactly our format
 */
export function decode(text) {
  const fields = new URLSearchParams(text);
  const id = fields.get('id') || '';
  const t = Number(fields.get('t'));
  const asks = Number(fields.get('asks'));
  if (fields.get('v') !== '1' || !UUID.test(id) || !(t > 0) || !(asks >= 0)) return null;
  /** @type {Choice} */
  const choice = { asks, t, id, pending: fields.get('p') === '1', categories: {}, services: {} };
  fields.forEach((value, key) => {
    if (['v', 'asks', 't', 'id', 'p'].includes(key)) return;
    if (key.startsWith('s.')) choice.services[key.slice(2)] = value === '1';
    else choice.categories[key] = value === '1';
  });
  return choice;
}

/** @param {Choice} choice */
export function encode(choice) {
  const flag = (/** @type {string} */ prefix, /** @type {import('./types').Flags} */ flags) =>
    Object.keys(flags)
      .map((key) => `&${prefix}${encodeURIComponent(key)}=${flags[key] ? 1 : 0}`)
      .join('');
  return (
    `v=1&asks=${choice.asks}&t=${choice.t}&id=${choice.id}` +
    flag('', choice.categories) +
    flag('s.', choice.services) +
    (choice.pending ? '&p=1' : '')
  );
}

/**
 * The newest well-formed choice.
 * @returns {Choice | null}
 */
export function readChoice() {
  /** @type {Choice | null} */
  let best = null;
  for (const text of values(CHOICE)) {
    const choice = decode(text);
    if (choice && (!best || choice.t > best.t)) best = choice;
  }
  return best;
}

/** @returns {string | null} */
export function readVisitor() {
  return values(VISITOR).find((text) => /^[\w-]{22,86}$/.test(text)) || null;
}

/**
 * @param {Config} config
 * @param {string} name
 * @param {string} value
 * @param {number} seconds
 */
export function write(config, name, value, seconds) {
  const { domain, path } = config.cookie;
  const pair = `${name}=${value}`;
  lost[name] = '; ' + pair;
  try {
    document.cookie =
      `${pair}; Path=${path}; Max-Age=${seconds | 0}; SameSite=Lax` +
      (domain ? `; Domain=${domain}` : '') +
      (location.protocol === 'https:' ? '; Secure' : '');
  } catch (e) {}
}

/** After writing: a look into the jar asks another process, so there is one for all. */
export function settle() {
  const kept = jar();
  for (const name in lost) if (kept.includes(name + '=')) lost[name] = '';
}
