// Runs in every frame before the page's own scripts: says who stores what. Values stay here; only
// their length is told. Functions keep their behaviour; what they throw, they throw.
(() => {
  'use strict';
  const tell = window['%NAME%'];
  if (typeof tell !== 'function' || !window.Document) return;
  const Fault = Error;
  const { stringify } = JSON;
  const { apply } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const MOST = 5; // of one thing in WINDOW milliseconds: some pages write in a loop
  const WINDOW = 1000;
  const told = new Map();

  const trace = () => {
    const before = Fault.stackTraceLimit;
    Fault.stackTraceLimit = 16;
    const text = String(new Fault().stack);
    Fault.stackTraceLimit = before;
    return text;
  };
  const saw = (kind, name, more, stack) => {
    try {
      const key = `${kind} ${name} ${more && more.attributes}`;
      const now = Date.now();
      let one = told.get(key);
      if (!one || now - one[0] > WINDOW) told.set(key, (one = [now, 0]));
      if (++one[1] > MOST) return;
      tell(stringify({ kind, name: String(name).slice(0, 256), ...more, origin: self.origin, stack: stack || trace() }));
    } catch {
      // the page goes on
    }
  };
  const wrap = (owner, name, make) => {
    const found = owner && getOwnPropertyDescriptor(owner, name);
    if (found && typeof found.value === 'function' && found.configurable)
      defineProperty(owner, name, { ...found, value: make(found.value) });
  };

  // -- cookies ---------------------------------------------------------------------------------
  const split = (text) => {
    const line = String(text);
    const end = line.indexOf(';');
    const pair = end < 0 ? line : line.slice(0, end);
    const equals = pair.indexOf('=');
    const name = equals < 0 ? '' : pair.slice(0, equals).trim();
    const value = pair.slice(equals + 1).trim();
    return { name, size: value.length, attributes: end < 0 ? '' : line.slice(end + 1) };
  };
  const cookie = getOwnPropertyDescriptor(Document.prototype, 'cookie');
  if (cookie && cookie.configurable)
    defineProperty(Document.prototype, 'cookie', {
      ...cookie,
      set(text) {
        apply(cookie.set, this, [text]);
        const { name, size, attributes } = split(text);
        let kept = null;
        try {
          kept = apply(cookie.get, this, []).split('; ').some((one) => one.split('=')[0] === name);
        } catch {
          kept = null;
        }
        saw('cookie', name, { size, attributes, kept });
      },
    });
  if (window.CookieStore) {
    wrap(CookieStore.prototype, 'set', (set) => function (first, second) {
      const stack = trace();
      const done = apply(set, this, arguments);
      const said = first && typeof first === 'object' ? first : { name: first, value: second };
      const size = String(said.value ?? '').length;
      const attributes = [
        `path=${said.path ?? '/'}`,
        said.domain ? `domain=${said.domain}` : '',
        said.expires ? `expires=${new Date(Number(said.expires)).toUTCString()}` : '',
        said.maxAge === undefined ? '' : `max-age=${said.maxAge}`,
        `samesite=${said.sameSite ?? 'strict'}`,
        said.partitioned ? 'partitioned' : '',
        'secure',
      ].filter(Boolean).join(';');
      done.then(
        () => saw('cookie', said.name, { size, attributes, kept: true }, stack),
        () => saw('cookie', said.name, { size, attributes, kept: false }, stack),
      );
      return done;
    });
  }

  // -- storage: setItem says it itself; an assignment is found after the script that touched it ----
  const known = { local_storage: new Set(), session_storage: new Set() };
  const stores = {};
  const look = (kind, stack) => {
    try {
      const store = stores[kind];
      for (let at = 0; at < store.length && at < 500; at += 1) {
        const key = store.key(at);
        if (known[kind].has(key)) continue;
        known[kind].add(key);
        saw(kind, key, { size: (store.getItem(key) || '').length }, stack);
      }
    } catch {
      // storage may be forbidden
    }
  };
  for (const [property, kind] of [['localStorage', 'local_storage'], ['sessionStorage', 'session_storage']]) {
    const found = getOwnPropertyDescriptor(window, property);
    if (!found || !found.get || !found.configurable) continue;
    try {
      stores[kind] = apply(found.get, window, []);
      for (let at = 0; at < stores[kind].length; at += 1) known[kind].add(stores[kind].key(at));
    } catch {
      continue;
    }
    let waiting = false;
    defineProperty(window, property, {
      ...found,
      get() {
        const store = apply(found.get, this, []);
        if (!waiting) {
          waiting = true;
          const stack = trace();
          queueMicrotask(() => {
            waiting = false;
            look(kind, stack);
          });
        }
        return store;
      },
    });
  }
  if (window.Storage)
    wrap(Storage.prototype, 'setItem', (set) => function (key, value) {
      const done = apply(set, this, arguments);
      const kind = this === stores.session_storage ? 'session_storage' : 'local_storage';
      known[kind].add(String(key));
      saw(kind, key, { size: String(value).length });
      return done;
    });
  const first = (owner, name, kind, naming = String) =>
    wrap(owner, name, (original) => function (...given) {
      const stack = trace();
      const done = apply(original, this, given);
      saw(kind, naming(given[0]), { size: 0 }, stack);
      return done;
    });
  first(window.IDBFactory && IDBFactory.prototype, 'open', 'indexed_db');
  first(window.CacheStorage && CacheStorage.prototype, 'open', 'cache_storage');
  first(
    window.ServiceWorkerContainer && ServiceWorkerContainer.prototype,
    'register',
    'service_worker',
    (url) => new URL(String(url), document.baseURI).pathname,
  );

  // What is sent while a page goes away reaches no network log; these two are told as they are asked.
  const sent = (url, stack) =>
    saw('sent', new URL(String(url), document.baseURI).href.split(/[?#]/)[0], { size: 0 }, stack);
  wrap(window.Navigator && Navigator.prototype, 'sendBeacon', (send) => function (url) {
    const done = apply(send, this, arguments);
    try {
      sent(url);
    } catch {
      // not an address
    }
    return done;
  });
  wrap(window, 'fetch', (fetch) => function (what, how) {
    try {
      if ((how && how.keepalive) || (what && what.keepalive)) sent(what.url || what);
    } catch {
      // not an address
    }
    return apply(fetch, this, arguments);
  });

  // The network log calls a picture that a script made the parser's.
  const source = getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
  if (source && source.configurable)
    defineProperty(HTMLImageElement.prototype, 'src', {
      ...source,
      set(url) {
        apply(source.set, this, [url]);
        if (/^https?:/.test(this.src)) saw('image', this.src.split(/[?#]/)[0], { size: 0 });
      },
    });

  // A banner may sit in a closed shadow root; its buttons must be found to be pressed.
  wrap(Element.prototype, 'attachShadow', (attach) => function (given) {
    return apply(attach, this, [{ ...given, mode: 'open' }]);
  });
})();
//# sourceURL=crumbtrail-watch.js
