/** Keeps Tab inside the settings where the browser would leave the page. */

/** @param {HTMLElement} node @param {KeyboardEvent} event */
export function cycle(node, event) {
  if (event.key !== 'Tab') return;
  const all = [...node.querySelectorAll('button,input:not(:disabled),a,summary,[tabindex="0"]')];
  const from = event.shiftKey ? 0 : all.length - 1;
  const at = document.activeElement;
  if (at !== all[from] && !(event.shiftKey && at === node.querySelector('h2'))) return;
  event.preventDefault();
  /** @type {HTMLElement} */ (all[all.length - 1 - from]).focus();
}
