/** OneTrust's globals: the active groups, `OptanonWrapper`, and what pages call most. */

import { call, load, note, take, tell } from './shim.js';

/** @typedef {import('../../page.js').Page} Page */
/** @typedef {import('./shim.js').Watch} Watch */
/** @typedef {import('./words.js').Words} Words */

/** @type {{[id: string]: string[]}} */
const GROUPS = { statistics: ['C0002'], preferences: ['C0003'], marketing: ['C0004', 'C0005'] };

/** @param {Page} page @param {Words} words @param {Watch} watch */
export function onetrust(page, words, watch) {
  const w = /** @type {any} */ (window);
  /** @type {Set<unknown>} */
  const listeners = new Set();
  const groups = () => [
    'C0001',
    ...page.config.categories
      .filter((id) => page.now.categories[id] === true)
      .flatMap((id) => [...new Set([...(GROUPS[id] || []), ...words.names(id)])]),
  ];
  const put = () => {
    w.OnetrustActiveGroups = w.OptanonActiveGroups = `,${groups().join(',')},`;
  };
  const told = (/** @type {string} */ event) => {
    (window.dataLayer = window.dataLayer || []).push({
      event,
      OnetrustActiveGroups: w.OnetrustActiveGroups,
      OptanonActiveGroups: w.OptanonActiveGroups,
    });
  };
  const api = {
    OnConsentChanged: (/** @type {unknown} */ fn) => void listeners.add(fn),
    IsAlertBoxClosed: () => !!page.choice,
    IsAlertBoxClosedAndValid: () => !!page.choice && page.choice.asks >= page.config.asks,
    ToggleInfoDisplay: () => window.consent.open(),
    LoadBanner: () => note('OneTrust.LoadBanner does nothing here.'),
    Close: () => note('OneTrust.Close does nothing here: closing is no answer.'),
    AllowAll: () => window.consent.acceptAll(),
    RejectAll: () => window.consent.rejectAll(),
    UpdateConsent: (/** @type {string} */ kind, /** @type {string} */ said) => {
      /** @type {import('../../types').Flags} */
      const wishes = {};
      for (const one of kind === 'Category' ? String(said).split(',') : []) {
        const [group, state] = one.split(':');
        const id = words.category(group.trim());
        if (id && id !== 'necessary') wishes[id] = state === '1' && wishes[id] !== false;
      }
      window.consent.set(wishes);
    },
    InsertScript: (
      /** @type {string} */ url,
      /** @type {string} */ _where,
      /** @type {unknown} */ then,
      /** @type {unknown} */ _options,
      /** @type {string} */ group,
    ) => {
      const id = words.category(String(group));
      if (page.now.categories[id] === true) void load(url).then(() => call(then));
    },
  };
  if (!take('OneTrust', api)) return;
  w.Optanon = w.Optanon || w.OneTrust;
  put();
  told('OneTrustLoaded');
  call(w.OptanonWrapper);
  tell(window, 'OneTrustGroupsUpdated', groups());
  watch.on((now) => {
    put();
    told('OneTrustGroupsUpdated');
    call(w.OptanonWrapper);
    tell(window, 'OneTrustGroupsUpdated', groups());
    if (!now.decided) return;
    const change = new CustomEvent('consent.onetrust', { detail: groups() });
    for (const listener of listeners) call(listener, change);
    tell(window, 'OTConsentApplied');
  });
  watch.dialog((kind) => kind === 'settings' && tell(window, 'OneTrustPCLoaded'));
}
