/**
 * From a choice by category to a TC string, and back. TC String specification of TCF 2.3: a core,
 * the vendors that were disclosed, the publisher's own; and nothing that the visitor did not say.
 */

import { GVL, TCModel, TCString } from '@iabtechlabtcf/core';

/** @typedef {import('../types').Flags} Flags */

/**
 * @typedef {object} Said
 * @property {number[]} purposes consented
 * @property {number[]} interests purposes whose legitimate interest was shown and not objected to
 * @property {number[]} features special features that were opted in
 * @property {number[]} vendors consented
 * @property {number[]} vendorInterests vendors whose legitimate interest was not objected to
 */

/**
 * @typedef {object} List as the server has it: the site's vendors only
 * @property {{[id: string]: any}} purposes
 * @property {{[id: string]: any}} specialPurposes
 * @property {{[id: string]: any}} features
 * @property {{[id: string]: any}} specialFeatures
 * @property {{[id: string]: any}} dataCategories
 * @property {{[id: string]: any}} vendors
 * @property {string} language of the texts
 */

/** Policies of TCF 2.2 and later: consent is the only basis for purposes 1 and 3 to 6. */
const BY_INTEREST = [2, 7, 8, 9, 10, 11];

/** @type {{[purpose: number]: string}} */
const CATEGORY = { 5: 'preferences', 6: 'preferences' };
for (const id of [8, 9, 10, 11]) CATEGORY[id] = 'statistics';

/** @type {Said} */
export const NOTHING = {
  purposes: [],
  interests: [],
  features: [],
  vendors: [],
  vendorInterests: [],
};

/**
 * Whether a purpose may be said to be allowed. Storage on the device (1) serves every other; what
 * is not asked as a category of its own is marketing.
 * @param {number} purpose
 * @param {Flags} flags what is allowed now
 * @param {string[]} asked
 */
export function covered(purpose, flags, asked) {
  if (purpose === 1) return asked.some((id) => flags[id] === true);
  return flags[categoryOf(purpose, asked)] === true;
}

/**
 * @param {number} purpose
 * @param {string[]} asked
 */
export function categoryOf(purpose, asked) {
  const id = CATEGORY[purpose] || 'marketing';
  return asked.includes(id) ? id : 'marketing';
}

/** @param {{[id: string]: unknown}} entries */
const numbers = (entries) => Object.keys(entries).map(Number);

/**
 * The most that these categories allow. Special features are never in it: they need a yes of
 * their own.
 * @param {List} list
 * @param {Flags} flags
 * @param {string[]} asked
 * @returns {Said}
 */
export function most(list, flags, asked) {
  const purposes = numbers(list.purposes).filter((id) => covered(id, flags, asked));
  const vendors = purposes.length ? numbers(list.vendors) : [];
  return {
    purposes,
    interests: purposes.filter((id) => BY_INTEREST.includes(id)),
    features: [],
    vendors,
    vendorInterests: vendors,
  };
}

/**
 * What a change by category leaves of a finer choice: what was off within a category that stays
 * allowed is still off.
 * @param {Said} before
 * @param {Flags} were what was allowed then
 * @param {List} list
 * @param {Flags} flags
 * @param {string[]} asked
 * @returns {Said}
 */
export function carried(before, were, list, flags, asked) {
  const limit = most(list, flags, asked);
  const still = (/** @type {number[]} */ known, /** @type {number[]} */ ids) =>
    ids.filter((id) => known.includes(id) || !covered(id, were, asked));
  const any = asked.some((id) => were[id] === true);
  const shown = (/** @type {number[]} */ known, /** @type {number[]} */ ids) =>
    any ? ids.filter((id) => known.includes(id)) : ids;
  return {
    purposes: still(before.purposes, limit.purposes),
    interests: still(before.interests, limit.interests),
    features: flags.marketing && were.marketing ? before.features : [],
    vendors: shown(before.vendors, limit.vendors),
    vendorInterests: shown(before.vendorInterests, limit.vendorInterests),
  };
}

/**
 * What a visitor picked, as far as the categories allow it.
 * @param {Said} picked
 * @param {List} list
 * @param {Flags} flags
 * @param {string[]} asked
 * @returns {Said}
 */
export function narrowed(picked, list, flags, asked) {
  const limit = most(list, flags, asked);
  const both = (/** @type {number[]} */ one, /** @type {number[]} */ two) =>
    one.filter((id) => two.includes(id));
  const known = flags.marketing ? numbers(list.specialFeatures) : [];
  return {
    purposes: both(picked.purposes, limit.purposes),
    interests: both(picked.interests, limit.interests),
    features: both(picked.features, known),
    vendors: both(picked.vendors, limit.vendors),
    vendorInterests: both(picked.vendorInterests, limit.vendorInterests),
  };
}

/**
 * @param {List} list
 * @param {Said} said
 * @param {{cmp_id: number, cmp_version?: number, country: string}} options
 * @param {number} screen 1 the first layer, 2 the settings
 * @param {Date} [day] today, where not given
 */
export function encode(list, said, options, screen, day) {
  const model = new TCModel(vendorList(list));
  model.cmpId = options.cmp_id;
  model.cmpVersion = options.cmp_version || 1;
  model.consentScreen = screen;
  model.publisherCountryCode = options.country;
  model.isServiceSpecific = true;
  model.purposeConsents.set(said.purposes);
  model.purposeLegitimateInterests.set(said.interests);
  model.specialFeatureOptins.set(said.features);
  model.vendorConsents.set(said.vendors);
  model.vendorLegitimateInterests.set([...said.vendorInterests, ...silent(list)]);
  model.vendorsDisclosed.set(numbers(list.vendors));
  model.publisherConsents.set(said.purposes); // the site asks for itself with the same categories
  if (day) {
    model.created = day;
    model.lastUpdated = day;
  }
  return TCString.encode(model);
}

/** In the language of its texts, where the framework knows that. */
function vendorList(/** @type {any} */ list) {
  try {
    return new GVL(list, { language: list.language });
  } catch (e) {
    return new GVL(list);
  }
}

/** Vendors with special purposes only: nobody can object, and to be disclosed is their basis. */
function silent(/** @type {List} */ { vendors }) {
  return numbers(vendors).filter((id) => {
    const { purposes, legIntPurposes, specialPurposes } = vendors[id];
    return !purposes.length && !legIntPurposes.length && specialPurposes.length > 0;
  });
}

/**
 * @param {string} text
 * @param {number} cmpId whose string it must be
 * @returns {Said | null} null for what is not a whole string of ours
 */
export function decode(text, cmpId) {
  try {
    const model = TCString.decode(text);
    if (model.cmpId !== cmpId || text.split('.').length < 2) return null;
    const ids = (/** @type {any} */ vector) =>
      /** @type {[number, boolean][]} */ ([...vector]).filter(([, yes]) => yes).map(([id]) => id);
    return {
      purposes: ids(model.purposeConsents),
      interests: ids(model.purposeLegitimateInterests),
      features: ids(model.specialFeatureOptins),
      vendors: ids(model.vendorConsents),
      vendorInterests: ids(model.vendorLegitimateInterests),
    };
  } catch (e) {
    return null;
  }
}
