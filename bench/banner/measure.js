// Runs before any script of the page. BANNER is a selector, or null where no banner is to come.
// A banner is visible in the first frame in which at least half of it is inside the window and its
// opacity, with that of all around it, is above one half.
(() => {
  if (window !== top) return;
  const banner = BANNER;
  const seen = (window.__bench = { visible: null, paint: null, shift: 0, blocked: 0, tags: {}, click: null, next: null });
  const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
  watch('paint', (entry) => { if (entry.name === 'first-contentful-paint') seen.paint = entry.startTime; });
  watch('layout-shift', (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
  watch('longtask', (entry) => { seen.blocked += Math.max(0, entry.duration - 50); });

  // What is posted from a frame's callback runs when the frame has been made.
  const afterFrame = (then) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => then(performance.now());
    port2.postMessage(0);
  });

  const opacity = (node) => (node ? Number(getComputedStyle(node).opacity) * opacity(node.parentElement) : 1);
  const shown = () => {
    const node = document.querySelector(banner);
    const box = node?.getBoundingClientRect();
    if (!box?.width || !box.height || getComputedStyle(node).visibility === 'hidden') return false;
    const wide = Math.min(innerWidth, box.right) - Math.max(0, box.left);
    const high = Math.min(innerHeight, box.bottom) - Math.max(0, box.top);
    return wide > 0 && high > 0 && wide * high >= (box.width * box.height) / 2 && opacity(node) > 0.5;
  };
  const look = () => {
    if (shown()) afterFrame((at) => { seen.visible = at; });
    else requestAnimationFrame(look);
  };
  // An idle page costs nothing: frames are looked at only once the banner's element is there.
  if (banner) {
    const there = new MutationObserver(() => {
      if (!document.querySelector(banner)) return;
      there.disconnect();
      look();
    });
    there.observe(document, { childList: true, subtree: true });
  }
  addEventListener('click', (event) => {
    if (seen.click !== null) return;
    seen.click = event.timeStamp;
    afterFrame((at) => { seen.next = at; });
  }, true);
})();
