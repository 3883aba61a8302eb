/**
 * Choices that other tools have stored: strict readers, pure functions of text. Whatever is not
 * exactly what the tool writes, or is not a visitor's own decision, is null.
 */

/**
 * `at` in milliseconds since 1970, null where the tool keeps no time. `categories` and `services`
 * hold true or false by the tool's names; `only` the accepted services of categories that list any.
 * @typedef {{at: number | null, categories: Map<string, boolean>, services: Map<string, boolean>,
 *   only?: Map<string, string[]>}} Old
 */

/** @typedef {(name: string) => string | null} Jar the one value of a cookie or key; null for none */

const NAME = /^[\p{L}\p{N}_][\p{L}\p{N} _.:/&+()-]{0,79}$/u;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/;
const LONGEST = 4096;
const MOST = 200;

/** @param {string | null} text @returns {string | null} */
function decoded(text) {
  if (!text || text.length > LONGEST) return null;
  try {
    return decodeURIComponent(text);
  } catch (e) {
    return null;
  }
}

/** @param {string | null} text @returns {Map<string, unknown> | null} */
function object(text) {
  try {
    const found = JSON.parse(decoded(text) || '');
    if (!found || typeof found !== 'object' || Array.isArray(found)) return null;
    return new Map(Object.entries(found));
  } catch (e) {
    return null;
  }
}

/** @param {Map<string, unknown> | null} found @returns {Map<string, boolean> | null} */
function flags(found) {
  if (!found || !found.size || found.size > MOST) return null;
  for (const [name, value] of found) {
    if (!NAME.test(name) || typeof value !== 'boolean') return null;
  }
  return /** @type {Map<string, boolean>} */ (found);
}

/** @param {unknown} value @returns {value is string[]} */
const names = (value) =>
  Array.isArray(value) &&
  value.length <= MOST &&
  value.every((name) => typeof name === 'string' && NAME.test(name));

/** @param {unknown} text */
const moment = (text) => (typeof text === 'string' && ISO.test(text) && Date.parse(text)) || null;

/** @param {Iterable<string>} list @returns {Map<string, boolean>} */
const granted = (list) => new Map([...list].map((name) => [name, true]));

/**
 * vanilla-cookieconsent, versions 2 and 3.
 * @param {Jar} jar
 * @param {{name?: string, revision?: number}} [options]
 * @returns {Old | null}
 */
export function vanilla(jar, { name = 'cc_cookie', revision = 0 } = {}) {
  const said = object(jar(name));
  if (!said) return null;
  const categories = said.get('categories');
  const id = said.get('consentId') || said.get('consent_uuid');
  const at =
    moment(said.get('lastConsentTimestamp') || said.get('consentTimestamp')) ||
    moment(said.get('last_consent_update') || said.get('consent_date'));
  if (!names(categories) || typeof id !== 'string' || !at) return null;
  if ((said.get('revision') || 0) !== revision) return null;
  const listed = said.get('services') || {};
  if (typeof listed !== 'object' || Array.isArray(listed)) return null;
  /** @type {Map<string, string[]>} */
  const only = new Map();
  for (const [category, services] of Object.entries(listed)) {
    if (!NAME.test(category) || !names(services)) return null;
    if (services.length) only.set(category, services);
  }
  return { at, categories: granted(categories), services: new Map(), only };
}

/**
 * Cookiebot writes an object without quotes round its keys. An implied consent and a stamp of -1
 * (no consent was needed) are nobody's decision.
 * @param {Jar} jar
 * @param {{name?: string}} [options]
 * @returns {Old | null}
 */
export function cookiebot(jar, { name = 'CookieConsent' } = {}) {
  const text = decoded(jar(name));
  const inside = text && /^\{(.*)\}$/.exec(text);
  if (!inside) return null;
  /** @type {Map<string, string>} */
  const said = new Map();
  const pair = /([a-z]{1,20}):('[^']{0,200}'|[a-z0-9.-]{1,30})(?:,|$)/gy;
  while (pair.lastIndex < inside[1].length) {
    const found = pair.exec(inside[1]);
    if (!found || said.has(found[1])) return null;
    said.set(found[1], found[2].replace(/^'|'$/g, ''));
  }
  const asked = ['preferences', 'statistics', 'marketing'];
  const at = said.get('utc') || '';
  const stamp = said.get('stamp') || '';
  if (said.get('method') !== 'explicit' || !/^\d{13}$/.test(at)) return null;
  if (!/^[\w+/=-]{8,}$/.test(stamp) || said.get('necessary') !== 'true') return null;
  if (!asked.every((id) => /^(true|false)$/.test(said.get(id) || ''))) return null;
  return {
    at: Number(at),
    categories: new Map(asked.map((id) => [id, said.get(id) === 'true'])),
    services: new Map(),
  };
}

/**
 * Klaro: services alone, and no time.
 * @param {Jar} jar
 * @param {{name?: string}} [options]
 * @returns {Old | null}
 */
export function klaro(jar, { name = 'klaro' } = {}) {
  const services = flags(object(jar(name)));
  return services && { at: null, categories: new Map(), services };
}

/**
 * OneTrust: the groups in one cookie, when the visitor answered in another. The first one's own
 * date moves with every visit.
 * @param {Jar} jar
 * @returns {Old | null}
 */
export function onetrust(jar) {
  const text = jar('OptanonConsent');
  const at = moment(decoded(jar('OptanonAlertBoxClosed')));
  if (!text || text.length > LONGEST || !at) return null;
  const said = new URLSearchParams(text);
  const groups = said.getAll('groups');
  if (groups.length !== 1 || said.get('AwaitingReconsent') === 'true') return null;
  if (said.get('interactionCount') === '0') return null;
  /** @type {Map<string, boolean>} */
  const categories = new Map();
  for (const one of groups[0].split(',')) {
    const found = /^([\w.-]{1,40}):([01])$/.exec(one);
    if (!found || categories.has(found[1]) || categories.size > MOST) return null;
    categories.set(found[1], found[2] === '1');
  }
  return { at, categories, services: new Map() };
}

/**
 * tarteaucitron: `!service=true!other=false`; `wait` is no answer.
 * @param {Jar} jar
 * @param {{name?: string}} [options]
 * @returns {Old | null}
 */
export function tarteaucitron(jar, { name = 'tarteaucitron' } = {}) {
  const text = decoded(jar(name));
  if (!text || !/^(?:![\w-]{1,60}=(?:true|false|wait))+$/.test(text)) return null;
  /** @type {Map<string, boolean>} */
  const services = new Map();
  for (const one of text.slice(1).split('!')) {
    const [service, state] = one.split('=');
    if (services.has(service) || services.size > MOST) return null;
    if (state !== 'wait') services.set(service, state === 'true');
  }
  return services.size ? { at: null, categories: new Map(), services } : null;
}

/**
 * CookieYes: `consentid:…,consent:yes,action:yes,necessary:yes,…`. Without `action:yes` the
 * visitor has not answered.
 * @param {Jar} jar
 * @returns {Old | null}
 */
export function cookieyes(jar) {
  const text = decoded(jar('cookieyes-consent'));
  if (!text) return null;
  /** @type {Map<string, string>} */
  const said = new Map();
  for (const one of text.split(',')) {
    const found = /^([a-zA-Z][\w-]{0,40}):([\w=+/-]{0,100})$/.exec(one);
    if (!found || said.has(found[1])) return null;
    said.set(found[1], found[2]);
  }
  if (said.get('action') !== 'yes' || said.get('necessary') !== 'yes') return null;
  /** @type {Map<string, boolean>} */
  const categories = new Map();
  for (const [name, value] of said) {
    if (['consentid', 'consent', 'action', 'necessary', 'lastRenewedDate'].includes(name)) continue;
    if (!/^(yes|no)$/.test(value)) return null;
    categories.set(name, value === 'yes');
  }
  const at = said.get('lastRenewedDate') || '';
  return { at: /^\d{13}$/.test(at) ? Number(at) : null, categories, services: new Map() };
}

/**
 * Complianz: a cookie a category, and the services that differ from theirs.
 * @param {Jar} jar
 * @returns {Old | null}
 */
export function complianz(jar) {
  if (jar('cmplz_banner-status') !== 'dismissed') return null;
  /** @type {Map<string, boolean>} */
  const categories = new Map();
  for (const id of ['preferences', 'statistics', 'marketing']) {
    const said = jar('cmplz_' + id);
    if (said === null) continue;
    if (said !== 'allow' && said !== 'deny') return null;
    categories.set(id, said === 'allow');
  }
  const listed = jar('cmplz_consented_services');
  const services = listed && decoded(listed) !== '{}' ? flags(object(listed)) : new Map();
  return categories.size && services ? { at: null, categories, services } : null;
}
