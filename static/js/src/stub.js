/**
 * The inline stub: the same bytes for every site, first in <head>, never throws.
 * It says "denied" to Consent Mode, answers `consent.allowed` from the stored choice, queues
 * the other calls, and holds parser-inserted elements of the hosts named in `data-hold`.
 */
(function () {
  try {
    const w = window;
    const d = document;
    const me = d.currentScript;
    const layer = (w.dataLayer = w.dataLayer || []);
    const gtag = (w.gtag =
      w.gtag ||
      function () {
        layer.push(arguments);
      });
    const no = 'denied';
    if (w.consent) return;
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
    /** @type {{[key: string]: string}} */
    const said = {};
    const found = /(?:^|; )crumbtrail=([^;]*)/.exec(d.cookie);
    if (found) {
      for (const pair of found[1].split('&')) said[pair.split('=')[0]] = pair.split('=')[1];
    }
    const open = said.v === '1' && !(said.p && Date.now() / 1000 - +said.t > 86400);
    const c = (w.consent = /** @type {any} */ ({ q: [] }));
    for (const name of ['set', 'acceptAll', 'rejectAll', 'withdraw', 'open', 'on']) {
      c[name] = function () {
        c.q.push([name, arguments]);
      };
    }
    c.allowed = (/** @type {string} */ id) =>
      id === 'necessary' || (open && (said[id] || said['s.' + id]) === '1');
    c.get = () => null;
    c.debug = () => ({ stub: true, said });
    const hosts = ((me && me.getAttribute('data-hold')) || '').split(/[\s,]+/).filter(Boolean);
    if (!hosts[0]) return;
    const hold = (/** @type {any} */ node) => {
      if (!/^(SCRIPT|IFRAME|IMG)$/.test(node.tagName) || !node.src) return;
      const host = new URL(node.src, d.baseURI).hostname;
      if (!hosts.some((h) => host === h || host.endsWith('.' + h)) || (c.pass && c.pass(host)))
        return;
      node.setAttribute('data-held', host);
      if (node.tagName === 'SCRIPT') {
        if (node.type) node.setAttribute('data-type', node.type);
        node.type = 'text/plain';
      } else {
        node.setAttribute('data-src', node.src);
        if (node.tagName === 'IMG') node.removeAttribute('src');
        else node.src = 'about:blank';
      }
    };
    new MutationObserver((list) => {
      for (const change of list) {
        change.addedNodes.forEach((node) => {
          try {
            hold(node);
          } catch (e) {}
        });
      }
    }).observe(d.documentElement, { childList: true, subtree: true });
  } catch (e) {}
})();
