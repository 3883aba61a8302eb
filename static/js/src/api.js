/** `window.consent`: what a page's own scripts may ask and say. */

/** @typedef {import('./types').Flags} Flags */
/** @typedef {import('./page.js').Page} Page */
/** @typedef {import('./view.js').View} View */

/**
 * Takes the stub's place, keeping the object pages may already hold, and answers its queue.
 * @param {Page} page
 * @param {View} view
 */
export function install(page, view) {
  const { guard } = page;
  // An element of that id is not the stub.
  const stub = window.consent?.q ? window.consent : {};
  const queue = stub.q || [];
  delete stub.q;
  window.consent = Object.assign(stub, {
    allowed: (/** @type {string} */ id) =>
      page.now.categories[id] === true || page.now.services[id] === true,
    get: () => page.get(),
    set: (/** @type {Flags} */ wishes) => view.wish(wishes),
    acceptAll: () => view.all(true, 'api'),
    rejectAll: () => view.all(false, 'reject_all'),
    withdraw: () => view.all(false, 'withdraw'),
    open: () => view.open(),
    on: (/** @type {string} */ name, /** @type {(detail: object) => void} */ listener) => {
      const event = name.replace(/^(consent:)?/, 'consent:');
      if (event === 'consent:ready') return listener(page.get());
      document.addEventListener(event, (sent) =>
        listener(/** @type {CustomEvent} */ (sent).detail),
      );
    },
    debug: () => ({
      config: page.config,
      regime: page.regime,
      choice: page.choice,
      held: [...guard.held(), ...guard.acts],
      queue: page.decided,
    }),
    rule: (/** @type {string} */ what) => guard.rule(what),
  });
  for (const [name, values] of queue) {
    try {
      window.consent[name](...values);
    } catch (e) {}
  }
}
