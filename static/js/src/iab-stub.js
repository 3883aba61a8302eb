/**
 * The inline stub for `__gpp` and `__tcfapi`, before any vendor's script: the same bytes for every
 * site, `data-apis` on its element names those that are on. It answers what it can and keeps the
 * rest for the parts. Its shape for them: `f()` is the queue, `f('events')` the listeners.
 */
import { bridge } from './iab/bridge.js';

(function () {
  try {
    const w = /** @type {{[name: string]: any}} */ (/** @type {unknown} */ (window));
    const apis = (document.currentScript?.getAttribute('data-apis') || '').split(' ');
    const gpp = () => {
      /** @type {unknown[]} */
      const queue = [];
      /** @type {{id: number, callback: Function}[]} */
      const events = [];
      let last = 0;
      const ping = () => ({
        gppVersion: '1.1',
        cmpStatus: 'stub',
        cmpDisplayStatus: 'hidden',
        signalStatus: 'not ready',
        supportedAPIs: [],
        cmpId: 0,
        sectionList: [],
        applicableSections: [],
        gppString: '',
        parsedSections: {},
      });
      const stub = (/** @type {any[]} */ ...all) => {
        const [command, callback, parameter] = all;
        if (!all.length) return queue;
        if (command === 'events' && all.length < 2) return events;
        if (command === 'ping') callback(ping(), true);
        else if (command === 'addEventListener') {
          events.push({ id: ++last, callback });
          const eventName = 'listenerRegistered';
          callback({ eventName, listenerId: last, data: true, pingData: ping() }, true);
        } else if (command === 'removeEventListener') {
          const at = events.findIndex(({ id }) => id === parameter);
          if (at >= 0) events.splice(at, 1);
          callback(at >= 0, true);
        } else if (command === 'hasSection') callback(false, true);
        else if (/^get(Section|Field)$/.test(command)) callback(null, false);
        else queue.push(all);
        return undefined;
      };
      stub.stub = true;
      w.__gpp = stub;
      bridge('__gpp', ({ command, parameter }, reply) => w.__gpp(command, reply, parameter));
    };
    const tcf = () => {
      /** @type {unknown[]} */
      const queue = [];
      const stub = (/** @type {any[]} */ ...all) => {
        const [command, version, callback] = all;
        if (!all.length) return queue;
        if (command !== 'ping') queue.push(all);
        else if (version > 2) callback(null, false);
        else {
          callback(
            { cmpLoaded: false, cmpStatus: 'stub', displayStatus: 'hidden', apiVersion: '2' },
            true,
          );
        }
        return undefined;
      };
      stub.stub = true;
      w.__tcfapi = stub;
      bridge('__tcfapi', ({ command, parameter, version }, reply) =>
        w.__tcfapi(command, version, reply, parameter),
      );
    };
    if (apis.includes('gpp') && typeof w.__gpp !== 'function') gpp();
    if (apis.includes('tcf') && typeof w.__tcfapi !== 'function') tcf();
  } catch (e) {}
})();
