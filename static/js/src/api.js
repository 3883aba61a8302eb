/** `window.consent`: what a page's own scripts may ask and say. */

/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./page.js').Page} Page */
/** @typedef {import('./view.js').View} View */

export class Api {
  /**
   * @param {Page} page
   * @param {View} view
   */
  constructor(page, view) {
    const { guard } = page;
    this.allowed = (/** @type {string} */ id) =>
      page.now.categories[id] === true || page.now.services[id] === true;
    this.get = () => page.get();
    this.set = (/** @type {Flags} */ wishes) => {
      const { categories, services } = page.now;
      /** @type {Flags} */
      const next = {};
      for (const id of page.config.categories)
        next[id] = !!(id in wishes ? wishes[id] : categories[id]);
      /** @type {Flags} */
      const kept = {};
      for (const { id, category } of page.config.services) {
        if (category && categories[category]) kept[id] = services[id];
      }
      view.decide('api', next, { ...kept, ...wishes }, 1);
    };
    this.acceptAll = () => view.all(true, 'api', 1);
    this.rejectAll = () => view.all(false, 'reject_all', 1);
    this.withdraw = () => view.all(false, 'withdraw', 1);
    this.open = () => view.open();
    this.on = (/** @type {string} */ name, /** @type {(detail: object) => void} */ listener) => {
      const event = name.replace(/^(consent:)?/, 'consent:');
      if (event === 'consent:ready') return listener(page.get());
      document.addEventListener(event, (sent) =>
        listener(/** @type {CustomEvent} */ (sent).detail),
      );
    };
    this.debug = () => ({
      config: page.config,
      regime: page.regime,
      choice: page.choice,
      queue: page.post.queue,
      held: guard.held(),
    });
    this.pass = (/** @type {string} */ host) => guard.pass(host);
  }

  /** Takes the stub's place, keeping the object pages may already hold, and answers its queue. */
  install() {
    const stub = window.consent || {};
    const queue = stub.q || [];
    delete stub.q;
    window.consent = Object.assign(stub, this);
    for (const [name, values] of queue) {
      try {
        window.consent[name](...values);
      } catch (e) {}
    }
  }
}
