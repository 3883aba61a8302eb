/*
 * What a checker of markup cannot see, measured in the page: each function returns what is wrong, in
 * words, so that an empty list is a pass. Sizes in CSS px. Run in a page: `window.measures`.
 */
window.measures = (() => {
  const ROOTS = '.ctl-root';
  const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0;
  const ours = () => [...document.querySelectorAll(ROOTS)].filter(shown);
  const within = (selector) => ours().flatMap((root) => [...root.querySelectorAll(selector)]).filter(shown);
  const aside = (node) => !!node.closest('.ctl-hidden, thead');
  const name = (node) => `${node.localName}.${node.className} "${(node.textContent || '').trim().slice(0, 30)}"`;
  const box = (node) => node.getBoundingClientRect();

  // -- colours: sRGB as WCAG 2.2 reckons contrast ------------------------------------------------

  const rgb = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) =>
    [r, g, b]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
      .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (one, other) => {
    const [low, high] = [luminance(rgb(one)), luminance(rgb(other))].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  /** The first opaque background at or above a node. */
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      const [, , , alpha = 1] = rgb(colour);
      if (alpha === 1 && colour !== 'transparent') return colour;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(18, 18, 18)' : 'rgb(255, 255, 255)';
  };

  // -- the measures ------------------------------------------------------------------------------

  const CONTROLS = 'button, a[href], input:not([type=hidden]), summary, select, textarea';

  /** 2.5.8: 24 px, links inside a sentence excepted; buttons, rows of switches, summaries: 44 px. */
  const targets = () =>
    within(CONTROLS)
      .filter((node) => !(node.localName === 'a'))
      .map((node) => [node, box(node.closest('label') || node)])
      .filter(([, { width, height }]) => width < 43.5 || height < 43.5)
      .map(([node, { width, height }]) => `${name(node)} is ${width} × ${height}`);

  /** 1.4.10: nothing scrolls sideways, nothing sticks out of the screen. */
  const sideways = () => [
    ...(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : []),
    ...ours()
      .flatMap((root) => [root, ...root.querySelectorAll('*')])
      .filter((node) => shown(node) && !aside(node))
      .filter(
        (node) =>
          box(node).right > innerWidth + 1 ||
          box(node).left < -1 ||
          (getComputedStyle(node).overflowX !== 'visible' && node.scrollWidth > node.clientWidth + 1),
      )
      .map((node) => `${name(node)} is wider than its place`),
  ];

  /** 1.4.4, 1.4.12: no text is cut where nobody can scroll, none stands on another. */
  const cut = () =>
    ours()
      .flatMap((root) => [root, ...root.querySelectorAll('*')])
      .filter((node) => shown(node) && !aside(node) && node.localName !== 'input')
      .filter((node) => {
        const { overflowY, overflowX } = getComputedStyle(node);
        const stuck = (overflow) => overflow === 'hidden' || overflow === 'clip';
        return (
          (stuck(overflowY) && node.scrollHeight > node.clientHeight + 1) ||
          (stuck(overflowX) && node.scrollWidth > node.clientWidth + 1) ||
          (node.localName === 'button' &&
            (node.scrollHeight > node.clientHeight + 1 || node.scrollWidth > node.clientWidth + 1))
        );
      })
      .map((node) => `${name(node)} is cut`);

  const leaves = (root) =>
    [...root.querySelectorAll('h2, h3, p, li, button, label, summary, td, th, div.ctl-text')].filter(
      (node) => shown(node) && !aside(node) && !node.querySelector('p, li, button, label'),
    );
  /** Where the text itself stands: a line's box may be wider than its words. */
  const inked = (node) => {
    if (node.localName === 'button') return [box(node)];
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()];
  };
  const crossing = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
  /** What a scrolling box shows of a rectangle. */
  const seen = (node, rect) => {
    let { left, top, right, bottom } = rect;
    for (let at = node; at; at = at.parentElement) {
      if (getComputedStyle(at).overflowY === 'visible') continue;
      const clip = box(at);
      [left, right] = [Math.max(left, clip.left), Math.min(right, clip.right)];
      [top, bottom] = [Math.max(top, clip.top), Math.min(bottom, clip.bottom)];
    }
    return right > left && bottom > top ? { left, top, right, bottom } : null;
  };
  const overlaps = () =>
    ours().flatMap((root) => {
      const all = leaves(root).map((node) => [node, inked(node).map((rect) => seen(node, rect)).filter(Boolean)]);
      return all.flatMap(([one, rects], i) =>
        all
          .slice(i + 1)
          .filter(([other]) => !one.contains(other) && !other.contains(one))
          .filter(([, others]) => rects.some((a) => others.some((b) => crossing(a, b))))
          .map(([other]) => `${name(one)} stands on ${name(other)}`),
      );
    });

  /** Each control can be brought to where a pointer meets it, wholly on the screen. */
  const reach = () =>
    within('button, summary, input')
      // What lies under a dialog is reached by scrolling the page, or not at all.
      .filter((node) => !aside(node) && !(node.closest('.ctl-embed') && document.querySelector('#cmp-dialog')))
      .filter((node) => {
        node.scrollIntoView({ block: 'center' });
        const { left, top, width, height, right, bottom } = box(node);
        const met = document.elementFromPoint(left + width / 2, top + height / 2);
        const on = top > -1 && left > -1 && right < innerWidth + 1 && bottom < innerHeight + 1;
        return !(on && met && (node.contains(met) || (node.closest('label') || node).contains(met)));
      })
      .map((node) => `${name(node)} cannot be reached`);

  const LOOK = ['color', 'backgroundColor', 'borderTopColor', 'borderTopWidth', 'fontSize', 'fontWeight', 'opacity', 'boxShadow', 'borderRadius', 'textDecorationLine', 'visibility'];
  /** Refusing is as easy to see and to hit as accepting, and comes first (LAW: EDPB 03/2022). */
  const equal = () => {
    const [reject] = within('.ctl-actions [data-cmp=reject]');
    const [accept] = within('.ctl-actions [data-cmp=accept]');
    if (!reject && !accept) return [];
    if (!reject || !accept) return ['only one of the two is there'];
    const wrong = LOOK.filter((key) => getComputedStyle(reject)[key] !== getComputedStyle(accept)[key]);
    const [a, b] = [box(reject), box(accept)];
    if (Math.abs(a.width - b.width) > 1 || Math.abs(a.height - b.height) > 1) wrong.push('size');
    if (!(reject.compareDocumentPosition(accept) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push('order in the document');
    const rtl = getComputedStyle(reject).direction === 'rtl';
    const before = a.top < b.top - 1 || (Math.abs(a.top - b.top) <= 1 && (rtl ? a.left > b.left : a.left < b.left));
    if (!before) wrong.push('order on the screen');
    return wrong.map((key) => `reject and accept differ in ${key}`);
  };

  /** 2.2.2, 2.3.3: what moves. */
  const motion = () =>
    ours()
      .flatMap((root) => [root, ...root.querySelectorAll('*')])
      .filter((node) => node.getAnimations().length || getComputedStyle(node).animationName !== 'none' || parseFloat(getComputedStyle(node).transitionDuration) > 0)
      .map((node) => `${name(node)} moves`);

  /** 1.4.11: a control's edge or face stands out 3:1 from what it stands on. */
  const edges = () =>
    within('button, input')
      .filter((node) => !node.disabled)
      .filter((node) => {
        const { borderTopColor, borderTopWidth, backgroundColor, color } = getComputedStyle(node);
        const under = ground(node.parentElement);
        const edge = parseFloat(borderTopWidth) >= 1 ? ratio(borderTopColor, under) : 0;
        const [, , , alpha = 1] = rgb(backgroundColor);
        const words = node.textContent ? ratio(color, alpha ? backgroundColor : under) : 0;
        return Math.max(edge, alpha ? ratio(backgroundColor, under) : 0, words) < 3;
      })
      .map((node) => `${name(node)} has no edge to be seen`);

  /** 2.4.7, 2.4.13: the ring round what has the focus: 2 px and 3:1 beside what it lies on. */
  const ring = () => {
    const node = document.activeElement;
    if (!node || node === document.body) return [];
    const { outlineStyle, outlineWidth, outlineColor, outlineOffset, boxShadow } = getComputedStyle(node);
    if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) return [`${name(node)} shows no focus`];
    const inside = parseFloat(outlineOffset) < 0;
    // The pill stands on the page, whose colour is unknown: the halo of its own face counts.
    const under = boxShadow !== 'none' ? boxShadow.match(/rgba?\([^)]*\)/)[0] : ground(inside ? node : node.parentElement);
    return ratio(outlineColor, under) < 3 ? [`${name(node)}: the ring ${outlineColor} on ${under}`] : [];
  };

  /** The focus on a control of the page: how much of it lies under ours, from 0 to 1 (2.4.11, 2.4.12). */
  const hidden = () => {
    const at = document.activeElement;
    if (!at || at === document.body || at.closest(ROOTS)) return 0;
    const a = box(at);
    if (a.bottom <= 0 || a.top >= innerHeight) return 1;
    return Math.max(
      0,
      ...ours()
        .filter((root) => getComputedStyle(root).position === 'fixed')
        .map(box)
        .map((b) => {
          const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          return wide > 0 && high > 0 ? (wide * high) / (a.width * a.height) : 0;
        }),
    );
  };

  /** The same, of a focus inside ours: whether a scrolling box hides it. */
  const lost = () => {
    const at = document.activeElement;
    const rect = seen(at, box(at));
    if (!rect) return [`${name(at)} is out of sight`];
    const x = (rect.left + rect.right) / 2;
    const met = document.elementFromPoint(x, (rect.top + rect.bottom) / 2);
    return met && (at.contains(met) || met.contains(at)) ? [] : [`${name(at)} is under something`];
  };

  // -- a fingerprint, to compare a page with and without a style sheet -----------------------------

  const KEPT = ['color', 'backgroundColor', 'fontSize', 'fontWeight', 'fontStyle', 'fontFamily', 'lineHeight', 'letterSpacing', 'wordSpacing', 'textTransform', 'textAlign', 'textDecorationLine', 'textIndent', 'textShadow', 'whiteSpace', 'opacity', 'visibility', 'pointerEvents', 'cursor', 'boxShadow', 'listStyleType', 'borderTopWidth', 'borderTopColor', 'outlineStyle', 'float', 'filter', 'transform', 'backgroundImage', 'fontVariantCaps', 'hyphens', 'userSelect', 'accentColor'];
  /** A held embed is left out: its place and its width are the page's. */
  const print = () =>
    ours().filter((root) => !root.matches('.ctl-embed')).flatMap((root) =>
      [root, ...root.querySelectorAll('*')].filter(shown).map((node, i) => {
        const style = getComputedStyle(node);
        const { x, y, width, height } = box(node);
        const around = ['::before', '::after'].map((side) => {
          const own = getComputedStyle(node, side);
          return own.content === 'none' ? 'none' : [own.content, own.width, own.height, own.backgroundColor, own.marginLeft].join();
        });
        return {
          who: `${root.id || root.className} ${i} ${name(node)}`,
          at: [x, y, width, height],
          look: [...KEPT.map((key) => `${key}: ${style[key]}`), `before ${around[0]}`, `after ${around[1]}`],
        };
      }),
    );
  /** What differs between two fingerprints: boxes by more than 1 px, looks at all. */
  const differs = (before, after) =>
    before.length !== after.length
      ? [`${before.length} parts, and then ${after.length}`]
      : before.flatMap((one, i) => {
          const other = after[i];
          const moved = one.at.some((value, k) => Math.abs(value - other.at[k]) > 1);
          const look = other.look.filter((text) => !one.look.includes(text));
          return [
            ...(moved ? [`${one.who}: ${one.at.map(Math.round)} became ${other.at.map(Math.round)}`] : []),
            ...look.map((text) => `${one.who}: ${text}`),
          ];
        });

  /** Which element has the focus: its place in the tree, so that two alike differ. */
  const path = () => {
    const steps = [];
    for (let at = document.activeElement; at && at !== document.body; at = at.parentElement)
      steps.unshift(`${at.localName}${[...at.parentElement.children].indexOf(at)}`);
    return `${name(document.activeElement)} ${steps.join('/')}`;
  };

  return { path, targets, sideways, cut, overlaps, reach, equal, motion, edges, ring, hidden, lost, print, differs };
})();
