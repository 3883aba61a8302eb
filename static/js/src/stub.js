/**
 * The inline stub: the same bytes for every site, first in <head>, never throws.
 * It says "denied" to Consent Mode, answers `consent.allowed` from the stored choice, queues the
 * other calls, and is the only place that holds what is not tagged: what a rule names (`data-hold`
 * for addresses, `data-store` for cookies, each `rule=service`) does not get past it. The script
 * takes over `consent.rule`, lets go of `consent.held`, and brings the rarer ways (parts/holds.js).
 */
try {
  const w = /** @type {any} */ (window);
  const d = document;
  const me = d.currentScript;
  const layer = (w.dataLayer = w.dataLayer || []);
  const gtag = (w.gtag =
    w.gtag ||
    function () {
      layer.push(arguments);
    });
  const no = 'denied';
  if (w.consent) throw 0;
  gtag('consent', 'default', {
    ad_storage: no,
    ad_user_data: no,
    ad_personalization: no,
    analytics_storage: no,
    functionality_storage: no,
    personalization_storage: no,
    security_storage: 'granted',
    wait_for_update: 500,
  });
  /** @type {any} */
  let jar;
  try {
    jar = d.cookie;
  } catch (e) {}
  const said = /** @type {any} */ (Object.fromEntries)(new URLSearchParams((/(?:^|; )crumbtrail=([^;]*)/.exec(jar) || '')[1]));
  const open = said.v === '1' && !(said.p && Date.now() / 1000 - said.t > 86400);
  const c = (w.consent = /** @type {any} */ ({ q: [], held: [] }));
  for (const name of 'set acceptAll rejectAll withdraw open on'.split(' ')) {
    c[name] = function () {
      c.q.push([name, arguments]);
    };
  }
  c.allowed = (/** @type {string} */ id) =>
    id === 'necessary' || (open && (said[id] || said['s.' + id]) === '1');
  c.get = () => null;
  c.debug = () => ({ stub: 1, held: c.held });

  const rules = ((me && me.getAttribute('data-hold')) || '')
    .split(/\s+/)
    .filter((entry) => entry)
    .map((entry) => entry.split('='));
  if (!rules[0]) throw 0;

  /** The rule that holds an address, or a `#name` that is stored: [rule, service], or nothing. */
  c.rule = (/** @type {string} */ what) => {
    const url = what[0] === '#' ? null : new URL(what, d.baseURI);
    const text = '.' + (url ? url.hostname + url.pathname : what) + '/';
    return rules.find(([rule, id]) => {
      const at = text.indexOf(`.${rule}/`.replace('*/', ''));
      return at >= 0 && at <= (url ? url.hostname.length : 0) && !(id && c.allowed(id));
    });
  };
  /** @returns {any} */
  const test = (/** @type {any} */ what) => {
    try {
      return what && c.rule('' + what);
    } catch (e) {}
  };
  /** One held act: `go` does it, `fail` tells its caller that it will not be done. */
  const put =
    /** @type {(kind: string, what: any, by: string[], go: () => void, fail?: any) => void} */
    (kind, what, [rule, id], go, fail) => {
      c.held.push({ kind, what: '' + what, rule, id, at: Date.now(), go, fail });
    };

  const WORDS = ['src', 'srcset', 'href', 'data', 'poster'];
  const TAGS = 'script,iframe,img,link,source,video,audio,track,embed,object';
  const words = (/** @type {any} */ node) => (node.matches && node.matches(TAGS) ? WORDS : []);

  /** An element that stands in the page, or is about to: its addresses wait in `data-…`. */
  const seize = (/** @type {any} */ node) => {
    const { dataset } = node;
    for (const name of words(node)) {
      const value = node.getAttribute(name);
      const rule = !dataset.held && test(value);
      if (!rule) continue;
      dataset.held = rule[0];
      if (node.localName === 'script') {
        if (node.type) dataset.type = node.type;
        node.type = 'text/plain';
      } else {
        dataset[name] = value;
        if (node.contentWindow) node.src = 'about:blank';
        else node.removeAttribute(name);
      }
    }
  };
  const all = (/** @type {any} */ node) => {
    if (!node) return; // `insertBefore(node, null)` appends
    seize(node);
    if (node.firstElementChild) node.querySelectorAll(TAGS).forEach(seize);
  };

  /** Puts `act` in the place of functions and setters; what is not there is left out. */
  const wrap = (/** @type {any} */ of, /** @type {string} */ list, /** @type {any} */ act) => {
    for (const name of list.split(' ')) {
      const owner = of === w ? w : w[of] && w[of].prototype;
      const own = owner && Object.getOwnPropertyDescriptor(owner, name);
      if (!own) continue;
      const key = own.set ? 'set' : 'value';
      const native = own[key];
      own[key] = function (/** @type {any[]} */ ...a) {
        return act(native, this, a);
      };
      Object.defineProperty(owner, name, own);
    }
  };
  /** What holds one way: `what` says the address or name, `answer` is what its caller gets. */
  const holds =
    (/** @type {string} */ kind, /** @type {any} */ what, /** @type {any} */ answer) =>
    (/** @type {any} */ native, /** @type {any} */ self, /** @type {any[]} */ a) => {
      const it = what(a, self);
      const rule = test(it);
      const go = () => native.apply(self, a);
      if (!rule) return go();
      if (answer === Promise)
        return new Promise((done, fail) => put(kind, it, rule, () => done(go()), fail));
      put(kind, it, rule, go);
      return answer;
    };
  const first = (/** @type {any[]} */ a) => a[0] && (a[0].url || a[0].name || a[0]);
  c.hooks = { wrap, holds, put, test, first, all };

  for (const name of 'Script IFrame Image Link'.split(' '))
    wrap(`HTML${name}Element`, 'src srcset href', holds(name.toLowerCase(), first, 0));
  wrap('Element', 'setAttribute', (/** @type {any} */ native, /** @type {any} */ self, /** @type {any[]} */ a) =>
    holds(self.localName, () => words(self).includes(a[0]) && a[1], 0)(native, self, a),
  );
  wrap(w, 'fetch', holds('fetch', first, Promise));
  wrap('Navigator', 'sendBeacon', holds('beacon', first, true));
  wrap('Document', 'cookie', holds('cookie', (/** @type {any[]} */ a) => '#' + ('' + a[0]).split('=')[0].trim(), 0));
  new MutationObserver((list) => {
    for (const change of list) change.addedNodes.forEach(all);
  }).observe(d.documentElement, { childList: true, subtree: true });
} catch (e) {}
