/**
 * What vendors' tags are told: a default before, an update after each change. Only what the site
 * has switched on; nothing here stores a cookie or may throw into the page.
 */

/** @typedef {import('../page.js').Page} Page */
/** @typedef {import('../types').Flags} Flags */

/**
 * @typedef {object} State
 * @property {boolean} marketing
 * @property {boolean} statistics
 * @property {boolean} preferences where they are not asked: whether the law lets the site act first
 * @property {boolean} lax
 * @property {string} us the subdivision, or `US`; empty elsewhere
 * @property {Page} page
 */

/** @typedef {(state: State, first: boolean, before: State | null) => void} Vendor */

const w = /** @type {{[name: string]: any}} */ (/** @type {unknown} */ (window));
const word = (/** @type {boolean} */ yes) => (yes ? 'granted' : 'denied');
const queue = (/** @type {string} */ name) => (w[name] = w[name] || []);

const safe = (/** @type {() => void} */ act) => {
  try {
    act();
  } catch (e) {}
};

/** @type {Set<string>} */
const awaited = new Set();

/**
 * Some snippets do nothing where their global is there already, so it must not be made for them.
 * The first use of the queue that they make comes after what we say.
 * @param {string} name
 * @param {() => void} speak what holds when it is called
 */
function whenMade(name, speak) {
  if (awaited.has(name)) return;
  if (w[name]) return speak();
  awaited.add(name);
  /** @type {any} */
  let made;
  Object.defineProperty(window, name, {
    configurable: true,
    enumerable: true,
    get() {
      if (made && (made.queue || made.callMethod)) {
        Object.defineProperty(window, name, {
          configurable: true,
          enumerable: true,
          writable: true,
          value: made,
        });
        awaited.delete(name);
        safe(speak);
      }
      return made;
    },
    set(value) {
      made = value;
    },
  });
}

/** The command queue wants the `arguments` object itself. */
function gtag(/** @type {unknown[]} */ ..._command) {
  queue('dataLayer').push(arguments);
}

/** @type {State} */
let latest;

/**
 * For those whose calls know no default: a choice that is there is said alone, because "denied"
 * ahead of it would make them forget whom they know.
 * @param {Vendor} vendor
 * @returns {Vendor}
 */
const plain = (vendor) => (state, first, before) => {
  if (!first || !state.page.choice) vendor(state, first, before);
};

/** @type {{[option: string]: Vendor}} */
const VENDORS = {
  /** It has an effect only while `ad_storage` is denied, so it can stand from the first. */
  ads_data_redaction(_state, first) {
    if (first) gtag('set', 'ads_data_redaction', true);
  },
  url_passthrough({ lax }, first) {
    if (first) gtag('set', 'url_passthrough', lax);
  },
  restricted_data({ us, marketing }) {
    if (us) gtag('set', 'restricted_data_processing', !marketing);
  },
  uet({ marketing }, first) {
    queue('uetq').push('consent', first ? 'default' : 'update', { ad_storage: word(marketing) });
  },
  clarity: plain(({ marketing, statistics }) => {
    w.clarity =
      w.clarity ||
      function () {
        (w.clarity.q = w.clarity.q || []).push(arguments);
      };
    w.clarity('consentv2', {
      ad_Storage: word(marketing),
      analytics_Storage: word(statistics),
    });
  }),
  tiktok({ marketing }, first) {
    const command = marketing ? 'grantConsent' : first ? 'holdConsent' : 'revokeConsent';
    const ttq = queue('ttq');
    if (typeof ttq[command] === 'function') ttq[command]();
    else ttq.push([command]);
  },
  pinterest: plain(() =>
    whenMade('pintrk', () => w.pintrk('setconsent', latest.marketing)),
  ),
  hubspot: plain(({ marketing, statistics, preferences }, _first, before) => {
    const hubspot = queue('_hsp');
    hubspot.push([
      'setHubSpotConsent',
      { analytics: statistics, advertisement: marketing, functionality: preferences },
    ]);
    const taken = before && [before.statistics && !statistics, before.marketing && !marketing];
    if (taken && taken.includes(true)) hubspot.push(['revokeCookieConsent']);
  }),
  wordpress({ marketing, statistics, preferences, lax }, first) {
    if (first) {
      w.wp_consent_type = lax ? 'optout' : 'optin';
      document.dispatchEvent(new CustomEvent('wp_consent_type_defined'));
      return;
    }
    /** @type {Flags} */
    const said = { functional: true, preferences, statistics, marketing };
    said['statistics-anonymous'] = statistics;
    for (const [category, yes] of Object.entries(said)) {
      const value = yes ? 'allow' : 'deny';
      if (typeof w.wp_set_consent === 'function') w.wp_set_consent(category, value);
      else {
        const detail = { [category]: value };
        document.dispatchEvent(new CustomEvent('wp_listen_for_consent_change', { detail }));
      }
    }
  },
  data_layer({ page }, first) {
    const { decided, categories, services, regime, gpc } = page.get();
    queue('dataLayer').push({
      event: first ? 'consent_default' : 'consent_update',
      consent: { decided, categories, services, regime, gpc },
    });
  },
};

/**
 * Meta wants the limits (LDU) and the consent ahead of `init`. 1, 1000 is California; 0, 0 lets
 * Meta find the place.
 * @param {{[option: string]: any}} options
 * @returns {Vendor}
 */
function meta({ meta, meta_ldu }) {
  return plain(() =>
    whenMade('fbq', () => {
      const { us, marketing } = latest;
      if (meta_ldu && us) {
        const limits = us === 'CA' ? [['LDU'], 1, 1000] : [['LDU'], 0, 0];
        w.fbq('dataProcessingOptions', ...(marketing ? [[]] : limits));
      }
      if (meta) w.fbq('consent', marketing ? 'grant' : 'revoke');
    }),
  );
}

/** @param {string} mode `consent`, or `cookies` where it measures without them */
function matomo(mode) {
  const what = mode === 'cookies' ? 'Cookie' : '';
  /** @type {Vendor} */
  return ({ statistics }, first, before) => {
    const matomo = queue('_paq');
    if (first) matomo.push([`require${what}Consent`]);
    const had = !!before && before.statistics;
    if (statistics !== had) matomo.push([statistics ? `set${what}ConsentGiven` : `forget${what}ConsentGiven`]);
  };
}

/**
 * @param {Page} page
 * @returns {State}
 */
function now(page) {
  const { now, lax, config, regime } = page;
  const { country, subdivision } = config.place;
  const { preferences, statistics, marketing } = now.categories;
  const american = country === 'US' && regime.id.startsWith('US') && lax;
  return {
    marketing: !!marketing,
    statistics: !!statistics,
    preferences: config.categories.includes('preferences') ? !!preferences : lax,
    lax,
    us: american ? subdivision || 'US' : '',
    page,
  };
}

/**
 * What holds without a choice, and never more than what holds now.
 * @param {Page} page
 * @param {State} state
 * @returns {State}
 */
function unasked(page, state) {
  const open = (/** @type {string} */ id) => (page.regime.categories[id] || 'opt-in') !== 'opt-in';
  return {
    ...state,
    marketing: state.marketing && open('marketing'),
    statistics: state.statistics && open('statistics'),
    preferences: state.preferences && state.lax,
  };
}

/** @param {Page} page */
export function start(page) {
  const options = (page.config.options || {}).signals || {};
  const vendors = Object.keys(VENDORS)
    .filter((name) => options[name] === true)
    .map((name) => VENDORS[name]);
  if (options.meta || options.meta_ldu) vendors.push(meta(options));
  if (options.matomo) vendors.push(matomo(options.matomo));
  /** @type {State | null} */
  let before = null;
  const say = (/** @type {State} */ state, /** @type {boolean} */ first) => {
    latest = state;
    const was = before;
    for (const vendor of vendors) safe(() => vendor(state, first, was));
    before = state;
  };
  say(unasked(page, now(page)), true);
  if (page.choice) say(now(page), false);
  document.addEventListener('consent:changed', () => say(now(page), false));
}
