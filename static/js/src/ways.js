/**
 * The rarer ways out and into the browser's stores, held like the stub's own; put in place with the
 * first files after the first answer. What cannot be done later (a socket, a worker, a database) is
 * refused as an unreachable one would be.
 */

/** @typedef {any} Any */

const TAG = /<(script|iframe|img|link|source|video|audio|track|embed|object)\b[^>]*>/gi;
const ADDRESS = /\s(src|srcset|href|data|poster)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi;

/** @param {Any} hooks of the stub */
export function hold({ wrap, holds, put, test, first, all }) {
  const w = /** @type {Any} */ (window);
  const bare = (/** @type {string} */ text) => text.replace(/^["']|["']$/g, '');
  const mended = (/** @type {Any} */ html) =>
    typeof html === 'string' && html.includes('//')
      ? html.replace(TAG, (tag) =>
          tag.replace(ADDRESS, (whole, name, value) => {
            const rule = test(bare(value));
            return rule ? ` data-held="${rule[0]}" data-${name}=${value}` : whole;
          }),
        )
      : html;
  const writes = (/** @type {Any} */ native, /** @type {Any} */ self, /** @type {Any[]} */ a) =>
    native.apply(self, a.map(mended));
  const inserts = (/** @type {Any} */ native, /** @type {Any} */ self, /** @type {Any[]} */ a) => {
    a.forEach(all);
    return native.apply(self, a);
  };
  wrap('Element', 'innerHTML outerHTML insertAdjacentHTML', writes);
  wrap('ShadowRoot', 'innerHTML', writes);
  wrap('Document', 'write writeln', writes);
  wrap('Node', 'appendChild insertBefore replaceChild', inserts);
  for (const name of ['Element', 'DocumentFragment', 'Document', 'CharacterData'])
    wrap(
      name,
      'append prepend before after replaceWith replaceChildren insertAdjacentElement',
      inserts,
    );
  for (const [name, list] of [
    ['Media', 'src'],
    ['Source', 'src srcset'],
    ['Embed', 'src'],
    ['Object', 'data'],
    ['Video', 'poster'],
    ['Track', 'src'],
  ])
    wrap(`HTML${name}Element`, list, holds(name.toLowerCase(), first, undefined));

  const urls = new WeakMap();
  wrap('XMLHttpRequest', 'open', (/** @type {Any} */ native, /** @type {Any} */ self, /** @type {Any[]} */ a) => {
    urls.set(self, a[1]);
    return native.apply(self, a);
  });
  wrap('XMLHttpRequest', 'send', (/** @type {Any} */ native, /** @type {Any} */ self, /** @type {Any[]} */ a) => {
    const url = urls.get(self);
    const rule = test(url);
    if (!rule) return native.apply(self, a);
    const fail = () => {
      for (const name of ['error', 'loadend']) self.dispatchEvent(new ProgressEvent(name));
    };
    put('xhr', url, rule, () => native.apply(self, a), fail);
  });
  wrap('ServiceWorkerContainer', 'register', holds('serviceworker', first, Promise));

  const named = (/** @type {Any[]} */ a) => '#' + ((a[0] && a[0].name) || a[0]);
  wrap('CookieStore', 'set', holds('cookie', named, Promise));
  wrap('Storage', 'setItem', holds('storage', named, undefined));
  wrap('CacheStorage', 'open', holds('cache', named, Promise));
  wrap('IDBFactory', 'open', (/** @type {Any} */ native, /** @type {Any} */ self, /** @type {Any[]} */ a) => {
    const rule = test(named(a));
    if (!rule) return native.apply(self, a);
    put('indexeddb', named(a), rule, () => {}, () => {});
    throw new DOMException('Held: no consent', 'SecurityError');
  });
  for (const name of ['WebSocket', 'EventSource', 'Worker', 'SharedWorker']) {
    if (w[name]) w[name] = new Proxy(w[name], { construct: refused(name, test, put) });
  }
}

/** @param {string} name @param {Any} test @param {Any} put */
const refused = (name, test, put) => (/** @type {Any} */ target, /** @type {Any[]} */ a, /** @type {Any} */ derived) => {
  const rule = test(a[0]);
  if (!rule) return Reflect.construct(target, a, derived);
  const dead = /** @type {Any} */ (new EventTarget());
  dead.close = dead.send = dead.postMessage = dead.terminate = dead.start = () => {};
  dead.port = dead;
  dead.readyState = name === 'EventSource' ? 2 : 3;
  dead.url = String(a[0]);
  put(name.toLowerCase(), a[0], rule, () => {}, () => {});
  setTimeout(() => {
    const event = new Event('error');
    if (dead.onerror) dead.onerror(event);
    dead.dispatchEvent(event);
  });
  return dead;
};
