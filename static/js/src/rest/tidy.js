/** When what is no longer allowed is deleted, and when the page starts anew. */

import { sweep } from './sweep.js';

/** @typedef {import('../page.js').Page} Page */
/** @typedef {import('../types').Verdict} Verdict */

/** @param {Page} page @param {boolean} [all] what is not necessary, allowed or not */
export async function swept({ config, now, guard }, all) {
  guard.off = true;
  try {
    return await sweep(config, now, all);
  } finally {
    guard.off = false;
  }
}

/** Deletes what is no longer allowed; twice more, for scripts that are still running. @param {Page} page */
export async function tidy(page) {
  const done = await swept(page);
  for (const pause of [400, 3000]) setTimeout(() => void swept(page).catch(() => {}), pause);
  return done;
}

/** What ran here on a wider choice ends with this view. @param {Page} page @param {Verdict} before */
export async function follow(page, before) {
  const { now, guard } = page;
  await tidy(page);
  const narrower = /** @type {const} */ (['categories', 'services']).some((kind) =>
    Object.keys(before[kind]).some((id) => before[kind][id] && !now[kind][id]),
  );
  if (narrower && guard.ran) location.reload();
}
