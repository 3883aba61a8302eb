/**
 * Shadow mode: beside another consent tool it holds nothing, asks nothing, sets nothing and sends
 * nothing. It reports what this site's published rules would hold before a choice.
 */

/** @typedef {import('../types').Config} Config */
/** @typedef {import('../types').Verdict} Verdict */

/**
 * One thing that would wait. `what` is how the browser asked for it (script, img, fetch, cookie,
 * local_storage, …), `name` its address without a query, or its name.
 * @typedef {{what: string, name: string, rule: string, service: string | null, category: string | null, times: number}} Finding
 */

const bare = (/** @type {string} */ own) => own.replace(/^\*\./, '').toLowerCase();

/**
 * `/a` is itself and what is below, `/a*` whatever begins so.
 * @param {string} rule
 * @param {string} path
 */
function covers(rule, path) {
  if (/[*/]$/.test(rule)) return path.startsWith(rule.replace(/\*$/, ''));
  return path === rule || path.startsWith(rule + '/');
}

/**
 * @param {Config} config
 * @param {URL} url
 */
function service(config, url) {
  for (const one of config.services) {
    for (const text of one.hosts) {
      const [, own, path] = /^([^/]*)(.*)$/.exec(bare(text)) || ['', '', ''];
      const near = url.hostname === own || url.hostname.endsWith('.' + own);
      if (near && covers(path || '/', url.pathname.toLowerCase())) return { one, own };
    }
  }
  return null;
}

class Shadow {
  /** @param {{config: Config, now: Verdict}} page */
  constructor(page) {
    this.page = page;
    /** @type {Map<string, Finding>} */
    this.found = new Map();
    /** @type {Map<string, number>} hosts of others that nobody has published */
    this.strangers = new Map();
  }

  /**
   * @param {Omit<Finding, 'times'>} finding
   * @param {boolean} again whether seeing it once more counts
   */
  add(finding, again) {
    const key = finding.what + ' ' + finding.name;
    const known = this.found.get(key);
    if (!known) this.found.set(key, { ...finding, times: 1 });
    else if (again) known.times++;
  }

  /** @param {PerformanceEntry} entry */
  resource(entry) {
    const url = new URL(entry.name, document.baseURI);
    if (!/^(https?|wss?):$/.test(url.protocol)) return;
    const hit = service(this.page.config, url);
    if (!hit) {
      if (url.hostname === location.hostname) return;
      this.strangers.set(url.hostname, (this.strangers.get(url.hostname) || 0) + 1);
    } else if (hit.one.category !== 'necessary') {
      const what = /** @type {PerformanceResourceTiming} */ (entry).initiatorType || 'other';
      const { id, category } = hit.one;
      const name = url.origin + url.pathname;
      this.add({ what, name, rule: hit.own, service: id, category }, true);
    }
  }

  /**
   * @param {string} what the kind of a tracker
   * @param {string[]} names
   */
  stored(what, names) {
    for (const [own, match, kind, id, category] of this.page.config.trackers) {
      if (kind !== what || category === 'necessary' || !own) continue;
      const wanted = own.toLowerCase();
      for (const name of names) {
        const seen = name.toLowerCase();
        if (match === 'prefix' ? seen.startsWith(wanted) : seen === wanted)
          this.add({ what, name, rule: own, service: id, category }, false);
      }
    }
  }

  /** Reads what is stored in the browser now. */
  look() {
    const pairs = document.cookie.split('; ').filter(Boolean);
    this.stored(
      'cookie',
      pairs.map((pair) => pair.split('=')[0]),
    );
    for (const kind of /** @type {const} */ (['local', 'session'])) {
      try {
        this.stored(kind + '_storage', Object.keys(window[`${kind}Storage`]));
      } catch (e) {}
    }
  }

  /** @returns {Finding[]} */
  held() {
    this.look();
    return [...this.found.values()];
  }

  /** Hosts that no rule names, so that nothing of theirs would be held. */
  unknown() {
    return [...this.strangers].map(([host, times]) => ({ host, times }));
  }

  /** Everything, as plain data; also as tables in the console. */
  report() {
    const held = this.held();
    const unknown = this.unknown();
    console.info(`Crumbtrail (shadow): ${held.length} things would wait for a choice.`);
    if (held.length) console.table(held);
    if (unknown.length) {
      console.info('Hosts that no rule names; nothing of theirs would wait:');
      console.table(unknown);
    }
    return { site: this.page.config.site, page: location.pathname, held, unknown };
  }
}

/**
 * Options: `quiet`, no tables unasked; `after`, milliseconds until the first ones (3000).
 * @param {any} page
 */
export function start(page) {
  const shadow = new Shadow(page);
  /** @type {{quiet?: boolean, after?: number}} */
  const options = (page.config.options && page.config.options.shadow) || {};
  const watch = (/** @type {PerformanceEntryList} */ list) =>
    list.forEach((entry) => {
      try {
        shadow.resource(entry);
      } catch (e) {}
    });
  try {
    new PerformanceObserver((list) => watch(list.getEntries())).observe({
      type: 'resource',
      buffered: true,
    });
  } catch (e) {
    watch(performance.getEntriesByType('resource'));
  }
  /** @type {any} */ (window).consentShadow = {
    held: () => shadow.held(),
    unknown: () => shadow.unknown(),
    report: () => shadow.report(),
  };
  const tell = () => setTimeout(() => shadow.report(), options.after ?? 3000);
  if (options.quiet) return;
  if (document.readyState === 'complete') tell();
  else addEventListener('load', tell);
}
