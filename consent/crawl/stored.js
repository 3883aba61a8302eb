// What this frame's origin keeps, without values: evaluated in each frame when a page is left.
async () => {
  const keys = (store) => {
    try {
      const all = [];
      for (let at = 0; at < store().length && at < 1000; at += 1)
        all.push([store().key(at).slice(0, 256), (store().getItem(store().key(at)) || '').length]);
      return all;
    } catch {
      return [];
    }
  };
  const soon = (asked) =>
    Promise.race([
      Promise.resolve().then(asked).catch(() => []),
      new Promise((done) => setTimeout(() => done([]), 1000)),
    ]);
  return {
    origin: self.origin,
    local_storage: keys(() => localStorage),
    session_storage: keys(() => sessionStorage),
    indexed_db: (await soon(() => indexedDB.databases())).map((one) => [one.name, 0]),
    cache_storage: (await soon(() => caches.keys())).map((name) => [name, 0]),
    service_worker: (await soon(() => navigator.serviceWorker.getRegistrations())).map((one) => {
      const worker = one.active || one.waiting || one.installing;
      return [worker ? new URL(worker.scriptURL).pathname : new URL(one.scope).pathname, 0];
    }),
  };
}
