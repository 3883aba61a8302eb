/**
 * `window.tarteaucitron`: the queue of services, their settings, services of the page's own, and
 * the few of the library's that most pages use. Each waits for a service of the notice.
 */

import { call, load, note, take, tell } from './shim.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('./shim.js').Watch} Watch */
/** @typedef {import('./words.js').Words} Words */

/** @param {string} url @param {unknown} value */
const filled = (url, value) => url + encodeURIComponent(String(value));

/** The library's names for what a notice may call otherwise. @type {{[key: string]: string[]}} */
const ALSO = {
  gtag: ['google-analytics'],
  googletagmanager: ['google-tag-manager'],
  facebookpixel: ['facebook-pixel', 'meta-pixel'],
  clarity: ['microsoft-clarity'],
};

/** @param {any} user what the page has put into tarteaucitron.user @returns {{[key: string]: () => void}} */
const built = (user) => ({
  gtag() {
    const layer = (window.dataLayer = window.dataLayer || []);
    const gtag = (window.gtag =
      window.gtag ||
      function () {
        layer.push(arguments);
      });
    if (!user.gtagUa) return;
    gtag('js', new Date());
    gtag('config', user.gtagUa, { anonymize_ip: true });
    void load(filled('https://www.googletagmanager.com/gtag/js?id=', user.gtagUa)).then(() =>
      call(user.gtagMore),
    );
  },
  googletagmanager() {
    if (!user.googletagmanagerId) return;
    (window.dataLayer = window.dataLayer || []).push({ 'gtm.start': Date.now(), event: 'gtm.js' });
    void load(filled('https://www.googletagmanager.com/gtm.js?id=', user.googletagmanagerId));
  },
  matomo() {
    if (!user.matomoId || !user.matomoHost) return;
    const w = /** @type {any} */ (window);
    const queue = (w._paq = w._paq || []);
    queue.push(['setSiteId', user.matomoId], ['setTrackerUrl', user.matomoHost + 'matomo.php']);
    queue.push(['trackPageView'], ['enableLinkTracking']);
    void load(user.matomoHost + 'matomo.js').then(() => call(user.matomoMore));
  },
  facebookpixel() {
    const w = /** @type {any} */ (window);
    if (!user.facebookpixelId) return;
    if (!w.fbq) {
      /** @type {any} */
      const fbq = (w.fbq = w._fbq = function () {
        fbq.callMethod ? fbq.callMethod.apply(fbq, arguments) : fbq.queue.push(arguments);
      });
      Object.assign(fbq, { push: fbq, loaded: true, version: '2.0', queue: [] });
    }
    w.fbq('init', user.facebookpixelId);
    w.fbq('track', 'PageView');
    void load('https://connect.facebook.net/en_US/fbevents.js').then(() =>
      call(user.facebookpixelMore),
    );
  },
  clarity() {
    const w = /** @type {any} */ (window);
    if (!user.clarity) return;
    w.clarity =
      w.clarity ||
      function () {
        (w.clarity.q = w.clarity.q || []).push(arguments);
      };
    void load(filled('https://www.clarity.ms/tag/', user.clarity));
  },
});

/** Their markup is turned into frames by markup.js. */
const PLAYERS = ['youtube', 'youtubeplaylist', 'vimeo', 'dailymotion'];

/** @param {Page} page @param {Words} words @param {Watch} watch */
export function tarteaucitron(page, words, watch) {
  const there = /** @type {any} */ (window).tarteaucitron || {};
  const user = there.user || {};
  const own = there.services || {};
  const known = built(user);
  /** @type {Map<string, boolean | undefined>} what each service was last told */
  const jobs = new Map();
  const open = () => window.consent.open();

  const id = (/** @type {string} */ key) =>
    [key, ...(ALSO[key] || [])].map((name) => words.service(name)).find(Boolean) || '';
  const given = (/** @type {string} */ key) => page.now.services[id(key)] === true;

  /** @param {string} key */
  function look(key) {
    const now = given(key);
    if (jobs.get(key) === now) return;
    const first = jobs.get(key) === undefined;
    jobs.set(key, now);
    const service = own[key];
    if (now) {
      call(service ? service.js && service.js.bind(service) : known[key]);
      tell(document, key + '_allowed');
      tell(document, key + '_loaded');
    } else {
      if (first && service) call(service.fallback && service.fallback.bind(service));
      tell(document, key + '_disallowed');
    }
  }

  /** @param {string} key */
  function job(key) {
    if (typeof key !== 'string' || jobs.has(key)) return;
    jobs.set(key, undefined);
    if (!own[key] && !known[key] && !PLAYERS.includes(key)) {
      note(`tarteaucitron: the service ${key} is not one of ours; mark its tags up instead.`);
    } else if (!id(key)) note(`tarteaucitron: no service of the notice is ${key}; it waits.`);
    tell(document, key + '_added');
    look(key);
  }

  const queue = Array.isArray(there.job) ? [...there.job] : [];
  const list = /** @type {any} */ ([]);
  list.push = (/** @type {string[]} */ ...keys) => (keys.forEach(job), jobs.size);
  const api = {
    user,
    services: own,
    job: list,
    get state() {
      return Object.fromEntries([...jobs.keys()].map((key) => [key, given(key)]));
    },
    init: () => {},
    addScript: (/** @type {string} */ url, /** @type {string} */ name, /** @type {unknown} */ then) =>
      void load(url, name ? { id: name } : {}).then(() => call(then)),
    fallback: (/** @type {string[]} */ classes, /** @type {any} */ content) => {
      for (const node of document.querySelectorAll(classes.map((one) => '.' + one).join())) {
        node.innerHTML = typeof content === 'function' ? content(node) : content;
      }
    },
    getElemAttr: (/** @type {Element} */ node, /** @type {string} */ name) =>
      node.getAttribute(name) || node.getAttribute('data-' + name) || '',
    getStyleSize: (/** @type {string} */ size) => (/^\d+$/.test(size) ? size + 'px' : size),
    engage: () => '',
    userInterface: {
      openPanel: open,
      closePanel: () => {},
      openAlert: open,
      respondAll: (/** @type {boolean} */ yes) =>
        yes ? window.consent.acceptAll() : window.consent.rejectAll(),
      respond: open,
    },
  };
  if (!take('tarteaucitron', api)) return;
  queue.forEach(job);
  watch.on(() => [...jobs.keys()].forEach(look));
  const addressed = () => location.hash === '#tarteaucitron' && open();
  addEventListener('hashchange', addressed);
  addressed();
  tell(window, 'tac.root_available');
}
