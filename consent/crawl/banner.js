// Every element that could be pressed, with its text and whether it stands in something that speaks of
// cookies and lies over the page. Evaluated in a frame; returns [elements, what is known of each].
([subject, framed]) => {
  const about = new RegExp(subject, 'i');
  const named = /cookie|consent|cmp|gdpr|rodo|privacy|onetrust|didomi|truste|usercentrics/i;
  const able =
    'button,a,[role=button],[role=link],[role=menuitem],input[type=button],input[type=submit],' +
    'summary,[onclick],[tabindex="0"]';
  const up = (node) => {
    if (node.assignedSlot) return node.assignedSlot;
    if (node.parentElement) return node.parentElement;
    const root = node.getRootNode();
    return root instanceof ShadowRoot ? root.host : null;
  };
  const words = (node) =>
    `${node.innerText || ''} ${node.shadowRoot ? node.shadowRoot.textContent : ''}`.slice(0, 20000);
  const visible = (node) => {
    const box = node.getBoundingClientRect();
    if (box.width < 4 || box.height < 4) return false;
    const style = getComputedStyle(node);
    return style.visibility === 'visible' && Number(style.opacity) > 0.05 && style.display !== 'none';
  };
  const over = (node) => {
    const style = getComputedStyle(node);
    return (
      node.localName === 'dialog' ||
      ['dialog', 'alertdialog'].includes(node.getAttribute('role')) ||
      node.getAttribute('aria-modal') === 'true' ||
      style.position === 'fixed' ||
      style.position === 'sticky' ||
      Number(style.zIndex) > 900
    );
  };
  const place = (node) => {
    let speaks = false;
    let lies = false;
    let depth = 0;
    for (let at = up(node); at && depth < 16; at = up(at), depth += 1) {
      if (at === document.body || at === document.documentElement) break;
      const text = words(at);
      if (text.length < 9000 && about.test(text)) speaks = true;
      if (over(at)) lies = true;
      if (speaks && named.test(`${at.id} ${at.getAttribute('class') || ''} ${at.localName}`)) lies = true;
      if (speaks && lies) return true;
    }
    return Boolean(framed && about.test(document.body.innerText.slice(0, 20000)));
  };
  const found = [];
  const known = [];
  const walk = (root) => {
    for (const node of root.querySelectorAll('*')) {
      if (found.length > 1500) return;
      if (node.shadowRoot) walk(node.shadowRoot);
      const drawn =
        (node.localName === 'div' || node.localName === 'span') && node.childElementCount < 2 &&
        (node.textContent || '').length < 60 && getComputedStyle(node).cursor === 'pointer';
      if (!drawn && !node.matches(able)) continue;
      const text = (node.innerText || node.value || node.getAttribute('aria-label') || node.title || '').trim();
      if (!text || text.length > 120 || !visible(node)) continue;
      found.push(node);
      known.push({ text, inside: place(node) });
    }
  };
  walk(document);
  return [found, known];
}
