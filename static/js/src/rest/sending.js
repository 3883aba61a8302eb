/** A choice's way to the server, and what the server's answer changes on this page. */

import { readChoice } from '../cookie.js';
import { announce, noted, tell } from './notes.js';
import { body, forget, last, told } from './record.js';
import { follow, tidy } from './tidy.js';
import { shut } from './young.js';

/** @typedef {import('../rest.js').Rest} Rest */

/** How long the page of a choice may take to send it, milliseconds. */
const OWN_PAGE = 2e4;

/** What ran on a choice is deleted when it has ended. @param {Rest} rest */
export function remember({ page, store }) {
  const { choice } = page;
  store.update((all) => {
    all.ran = (choice && Object.values(choice.categories).includes(true)) || undefined;
  });
}

/** Takes over what was decided; each is delivered once. @param {Rest} rest */
export function take(rest) {
  const { page, post, store } = rest;
  for (const decision of page.decided.splice(0)) {
    const [categories, , id, action] = decision;
    if (page.honours && categories.marketing && action !== 'gpc') {
      store.update((all) => {
        all.told = id;
      });
      noted(rest);
    }
    remember(rest);
    const held = readChoice();
    // Another tab may have found it and been quicker.
    const sent = held && held.id === id && !held.pending;
    if (!sent && !post.has(id)) post.add(body(page, rest.age, decision));
    if (action === 'gpc') tell(rest);
    else announce(rest.view);
  }
  forget(page);
  return tidy(page);
}

/**
 * A record whose body was lost with the page or the storage is written anew. From the cookie alone
 * not at once: a page that knows better may be about to send it.
 * @param {Rest} rest
 */
export async function recover(rest) {
  const { page, post } = rest;
  const { choice } = page;
  if (choice && choice.pending && !post.has(choice.id)) {
    const kept = last(page);
    const young = choice.t * 1000 + OWN_PAGE - Date.now();
    if (kept) {
      const sent = post.add(body(page, rest.age, kept));
      forget(page);
      await sent;
    } else if (young > 0 && young <= OWN_PAGE) setTimeout(() => void again(rest), young);
    else return post.add(body(page, rest.age, told(page)));
  }
  return post.run();
}

/** Whether or not it has been sent by now. @param {Rest} rest */
function again(rest) {
  const { page } = rest;
  const held = readChoice();
  if (held && page.choice && held.id === page.choice.id) page.choice.pending = held.pending;
  return recover(rest);
}

/**
 * @param {Rest} rest
 * @param {string} id
 * @param {any} reply
 */
export function delivered(rest, id, reply) {
  const { page } = rest;
  const { choice } = page;
  const held = readChoice();
  // The answer to an older choice may have set its cookie over a newer one.
  if (choice && (choice.id === id || (held && held.id === id && held.t <= choice.t))) {
    const before = page.now;
    if (choice.id === id) {
      choice.pending = false;
      if (reply.denied) shut(rest, choice);
    }
    page.keep();
    page.apply();
    if (reply.denied) {
      page.google();
      void follow(page, before).catch(() => {});
    }
  }
  page.emit('saved', { record: { id, ...reply } });
}

/**
 * @param {import('../page.js').Page} page
 * @param {string} old
 * @param {string} fresh
 */
export function renamed(page, old, fresh) {
  if (!page.choice || page.choice.id !== old) return;
  page.choice.id = fresh;
  page.keep();
}
