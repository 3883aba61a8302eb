/** Whoever said that they are too young allows nothing: the server would store a refusal. */

/** @typedef {import('../types').Choice} Choice */
/** @typedef {import('../types').Flags} Flags */
/** @typedef {import('../rest.js').Rest} Rest */

/**
 * Stands before each decision. Without the settings before their eyes they are shown why.
 * @param {Rest} rest
 * @param {string} action
 * @param {Flags} categories
 * @param {Flags} services
 * @param {number} [layer]
 */
export function allowed(rest, action, categories, services, layer) {
  const { view } = rest;
  const young = view.settings && view.settings.switches.young;
  if (young) rest.age = young.checked ? 'under' : rest.age && 'over';
  const wide = Object.values({ ...services, ...categories }).includes(true);
  if (rest.age !== 'under' || !wide) return rest.decide.call(view, action, categories, services, layer);
  if (!view.settings) return view.open();
  const none = Object.fromEntries(Object.keys(categories).map((id) => [id, false]));
  return rest.decide.call(view, 'save', none, {}, layer);
}

/** The server stored a refusal: they once said so. @param {Rest} rest @param {Choice} choice */
export function shut(rest, choice) {
  rest.age = 'under';
  for (const flags of [choice.categories, choice.services])
    for (const id in flags) flags[id] = false;
}
