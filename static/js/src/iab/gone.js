/**
 * Calls back once, when a child of the body has left it.
 * @param {Element} node
 * @param {() => void} act
 */
export function whenGone(node, act) {
  const observer = new MutationObserver(() => {
    if (node.isConnected) return;
    observer.disconnect();
    act();
  });
  observer.observe(document.body, { childList: true });
}
