/**
 * A reader of Consent-O-Matic rules, written from their documentation, for the kinds our rule uses.
 * `allowed` maps their categories (A preferences, B statistics, F marketing, …) to what a visitor
 * lets them grant. Returns what was clicked; an unknown kind throws.
 */
async (rule, allowed) => {
  const clicked = [];
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const find = ({ selector, displayFilter }) =>
    [...document.querySelectorAll(selector)].find(
      (node) => displayFilter === undefined || (node.offsetHeight !== 0) === displayFilter,
    );
  const click = (target) => {
    const node = find(target);
    if (!node) return;
    clicked.push(target.selector);
    node.click();
  };
  const matches = (matcher) => {
    if (matcher.type === 'css') return !!find(matcher.target);
    if (matcher.type === 'checkbox') return !!find(matcher.target)?.checked;
    throw new Error(`matcher ${matcher.type}`);
  };
  const kinds = {
    click: ({ target }) => click(target),
    list: async ({ actions }) => {
      for (const action of actions) await run(action);
    },
    ifallownone: (action) =>
      run(Object.values(allowed).includes(true) ? action.falseAction : action.trueAction),
    ifcss: (action) => run(find(action.target) ? action.trueAction : action.falseAction),
    waitcss: async ({ target, retries = 10, waitTime = 250 }) => {
      for (let left = retries; left > 0 && !find(target); left -= 1) await pause(waitTime);
    },
    consent: async ({ consents }) => {
      for (const { type, matcher, toggleAction } of consents) {
        if (matches(matcher) !== !!allowed[type]) await run(toggleAction);
      }
    },
  };
  async function run(action) {
    if (!action) return;
    if (!kinds[action.type]) throw new Error(`action ${action.type}`);
    await kinds[action.type](action);
  }
  const shown = rule.detectors.some(
    ({ presentMatcher, showingMatcher }) =>
      presentMatcher.every(matches) && showingMatcher.every(matches),
  );
  if (!shown) return null;
  for (const name of ['HIDE_CMP', 'OPEN_OPTIONS', 'HIDE_CMP', 'DO_CONSENT', 'SAVE_CONSENT']) {
    await run(rule.methods.find((method) => method.name === name)?.action);
  }
  return clicked;
}
