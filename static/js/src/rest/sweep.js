/** Deletes what was stored for categories and services that are no longer allowed. */

/** @typedef {import('../types').Config} Config */
/** @typedef {import('../types').Tracker} Tracker */
/** @typedef {import('../types').Verdict} Verdict */

/**
 * @param {Tracker} tracker
 * @param {string} name
 */
function matches([pattern, match], name) {
  const wanted = (pattern || '').toLowerCase();
  const seen = name.toLowerCase();
  return !!wanted && (match === 'prefix' ? seen.startsWith(wanted) : seen === wanted);
}

/**
 * Trackers of a decided, denied category or service; the unclassified are held, not deleted,
 * unless the visitor asked for all that is not necessary.
 * @param {Config} config
 * @param {Verdict} now
 * @param {boolean} [all]
 */
const unwanted = (config, now, all) =>
  config.trackers.filter(
    ([, , , service, category]) =>
      category !== 'necessary' &&
      (all ||
        (category &&
          (!now.categories[category] || (service && now.services[service] === false)))),
  );

const names = () =>
  document.cookie
    .split('; ')
    .filter(Boolean)
    .map((pair) => pair.split('=')[0]);

/** Expires one cookie on this host, every parent domain and every folder up the path. */
function expire(/** @type {string} */ name) {
  const labels = location.hostname.split('.');
  const domains = [''];
  for (let i = 0; i < labels.length; i++) domains.push('; Domain=' + labels.slice(i).join('.'));
  const paths = ['/'];
  let folder = '/';
  for (const part of location.pathname.split('/').slice(1)) {
    paths.push(folder + part, folder + part + '/');
    folder += part + '/';
  }
  const extras =
    location.protocol === 'https:' ? ['; Secure', '; Secure; SameSite=None; Partitioned'] : [''];
  for (const domain of domains) {
    for (const path of paths) {
      for (const extra of extras)
        document.cookie = `${name}=; Path=${path}; Max-Age=0${domain}${extra}`;
    }
  }
}

/**
 * @param {Tracker[]} list
 * @returns {Promise<string[]>}
 */
async function databases(list) {
  /** @type {string[]} */
  const gone = [];
  if (!list.length || !indexedDB.databases) return gone;
  for (const { name } of await indexedDB.databases()) {
    if (name && list.some((tracker) => matches(tracker, name))) {
      indexedDB.deleteDatabase(name);
      gone.push(name);
    }
  }
  return gone;
}

/**
 * @param {Config} config
 * @param {Verdict} now
 * @param {boolean} [all] whatever is not necessary, allowed or not
 * @returns {Promise<{gone: string[], left: string[]}>} what was deleted, what could not be
 */
export async function sweep(config, now, all) {
  const list = unwanted(config, now, all);
  const ofKind = (/** @type {string} */ kind) => list.filter((tracker) => tracker[2] === kind);
  const hit = (/** @type {Tracker[]} */ some, /** @type {string} */ name) =>
    some.some((tracker) => matches(tracker, name));
  const cookies = ofKind('cookie');
  const found = [...new Set(names().filter((name) => hit(cookies, name)))];
  found.forEach(expire);
  const after = names();
  const left = found.filter((name) => after.includes(name));
  const gone = found.filter((name) => !after.includes(name));
  for (const kind of /** @type {const} */ (['local', 'session'])) {
    try {
      const store = window[`${kind}Storage`];
      const keys = Object.keys(store).filter((key) => hit(ofKind(kind + '_storage'), key));
      keys.forEach((key) => store.removeItem(key));
      gone.push(...keys);
    } catch (e) {}
  }
  gone.push(...(await databases(ofKind('indexeddb')).catch(() => [])));
  return { gone, left };
}
