/** IAB Global Privacy Platform 1.1: `window.__gpp` for the sections of the United States. */

import { bridge } from '../iab/bridge.js';
import { whenGone } from '../iab/gone.js';
import { SECTIONS, encode } from '../iab/gpp-string.js';

/** @typedef {import('../page.js').Page} Page */
/** @typedef {(data: any, success: boolean) => void} Callback */

const w = /** @type {{[name: string]: any}} */ (/** @type {unknown} */ (window));
const SUPPORTED = Object.keys(SECTIONS).map((name) => `${SECTIONS[name].id}:${name}`);
const UNREGISTERED = 1;

/**
 * The sections that apply at the visitor's place: the nation's, the state's own, or both.
 * @param {Page} page
 * @returns {string[]}
 */
function applicable(page) {
  const { country, subdivision } = page.config.place;
  if (country !== 'US') return [];
  const wanted = ((page.config.options || {}).gpp || {}).sections;
  const own = `us${(subdivision || '').toLowerCase()}`;
  const state = own in SECTIONS && wanted !== 'national' ? [own] : [];
  return wanted === 'state' && state[0] ? state : ['usnat', ...state];
}

class Gpp {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.display = page.regime.show === 'link' || page.choice ? 'disabled' : 'hidden';
    this.signal = 'not ready';
    /** @type {Map<number, Callback>} */
    this.listeners = new Map();
    this.last = 0;
    this.read();
  }

  /** What marketing says now; the browser's own signal is told beside it. */
  read() {
    const { page } = this;
    this.now = encode(applicable(page), !page.now.categories.marketing, page.get().gpc);
  }

  ping() {
    const { ids, parsed, text } = /** @type {ReturnType<typeof encode>} */ (this.now);
    return {
      gppVersion: '1.1',
      cmpStatus: 'loaded',
      cmpDisplayStatus: this.display,
      signalStatus: this.signal,
      supportedAPIs: SUPPORTED,
      cmpId: UNREGISTERED,
      sectionList: ids,
      applicableSections: ids[0] ? ids : [-1],
      gppString: text,
      parsedSections: parsed,
    };
  }

  /**
   * @param {string} eventName
   * @param {unknown} data
   */
  fire(eventName, data) {
    for (const [listenerId, callback] of [...this.listeners]) {
      try {
        callback({ eventName, listenerId, data, pingData: this.ping() }, true);
      } catch (e) {}
    }
  }

  /** @param {'ready' | 'not ready'} word */
  signalled(word) {
    if (this.signal === word) return;
    this.signal = word;
    this.fire('signalStatus', word);
  }

  /** @param {string} word */
  displayed(word) {
    if (this.display === word) return;
    this.display = word;
    this.fire('cmpDisplayStatus', word);
  }

  /** First "not ready", then what changed, and "ready" last. */
  changed() {
    const before = this.ping().parsedSections;
    this.signalled('not ready');
    this.displayed('hidden');
    this.read();
    const { parsedSections } = this.ping();
    for (const name of Object.keys(parsedSections)) {
      if (JSON.stringify(parsedSections[name]) !== JSON.stringify(before[name])) {
        this.fire('sectionChange', name);
      }
    }
    this.signalled('ready');
  }

  /**
   * @param {string} command
   * @param {Callback} callback
   * @param {any} parameter
   */
  call(command, callback, parameter) {
    const answer = typeof callback === 'function' ? callback : () => {};
    const { parsedSections } = this.ping();
    const [name, field] = String(parameter).split('.');
    const parts = Object.keys(parsedSections).includes(name) ? parsedSections[name] : null;
    if (command === 'ping') answer(this.ping(), true);
    else if (command === 'addEventListener') this.add(answer);
    else if (command === 'removeEventListener') answer(this.listeners.delete(parameter), true);
    else if (command === 'hasSection') answer(!!parts, true);
    else if (command === 'getSection') answer(parts, !!parts);
    else if (command === 'getField') {
      const value = parts && Object.assign(Object.create(null), ...parts)[field];
      answer(value === undefined ? null : value, value !== undefined && !!parts);
    } else answer(null, false);
  }

  /** @param {Callback} callback */
  add(callback) {
    const listenerId = ++this.last;
    this.listeners.set(listenerId, callback);
    const eventName = 'listenerRegistered';
    callback({ eventName, listenerId, data: true, pingData: this.ping() }, true);
  }
}

/** What the stub has kept: `[]` where there was none. */
function kept(/** @type {unknown[]} */ ...words) {
  try {
    return w.__gpp(...words) || [];
  } catch (e) {
    return [];
  }
}

/** @param {Page} page */
export function start(page) {
  const gpp = new Gpp(page);
  const queue = kept();
  for (const { id, callback } of kept('events')) {
    gpp.listeners.set(id, callback);
    gpp.last = Math.max(gpp.last, id);
  }
  const bridged = w.__gpp && w.__gpp.stub;
  w.__gpp = (/** @type {string} */ command, /** @type {Callback} */ callback, /** @type {any} */ p) =>
    gpp.call(command, callback, p);
  if (!bridged) {
    bridge('__gpp', ({ command, parameter }, reply) => w.__gpp(command, reply, parameter));
  }
  gpp.fire('cmpStatus', 'loaded');
  gpp.signalled('ready');
  for (const [command, callback, parameter] of queue) {
    try {
      w.__gpp(command, callback, parameter);
    } catch (e) {}
  }
  const shown = () => {
    const dialog = document.querySelector('#cmp-dialog');
    if (!dialog) return;
    gpp.displayed('visible');
    whenGone(dialog, () => {
      if (!document.querySelector('#cmp-dialog')) gpp.displayed('hidden');
    });
  };
  shown();
  document.addEventListener('consent:shown', shown);
  document.addEventListener('consent:changed', () => gpp.changed());
}
