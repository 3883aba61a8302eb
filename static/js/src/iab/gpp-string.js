/**
 * Global Privacy Platform strings for the United States: sections 7 (usnat) to 27 (usri).
 * Consent String Specification of GPP 1.1, and the field tables of each section.
 */

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const NOTICES = 'SaleOptOutNotice TargetedAdvertisingOptOutNotice';
const OUTS = 'SaleOptOut TargetedAdvertisingOptOut';
const MORE = 'AdditionalDataProcessingConsent';
const MSPA = 'MspaCoveredTransaction MspaOptOutOptionMode MspaServiceProviderMode';

const SHARING = 'SharingNotice ' + NOTICES;
const PROCESSING = 'ProcessingNotice ' + NOTICES;

/**
 * @param {string} notices
 * @param {number} sensitive how many kinds of sensitive data the section knows
 * @param {number} child how many answers about children, 0 where it is one and no list
 * @param {string} [more]
 */
const layout = (notices, sensitive, child, more = '') =>
  `Version:6 ${notices} ${OUTS} SensitiveDataProcessing*${sensitive} ` +
  `KnownChildSensitiveDataConsents${child ? '*' + child : ''} ${more} ${MSPA}`;

/** The newest states have the agreement first, and their sensitive data apart (not sent). */
const late = (/** @type {string} */ child) =>
  `MspaVersion:6 MspaCoveredTransaction MspaMode ${PROCESSING} ${OUTS} ${child} ${MORE}`;
const LATE = late('KnownChildSensitiveDataConsents');

/**
 * By section name in the order of their ids, from 7. A field is two bits, `:n` bits, or a list of
 * `*n` times two bits. A name ending in `!` has no sub-section for the browser's signal.
 * @type {{[name: string]: string}}
 */
const LAYOUTS = {
  usnat:
    'Version:6 SharingNotice SaleOptOutNotice SharingOptOutNotice TargetedAdvertisingOptOutNotice ' +
    'SensitiveDataProcessingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut ' +
    'TargetedAdvertisingOptOut SensitiveDataProcessing*16 KnownChildSensitiveDataConsents*3 ' +
    'PersonalDataConsents ' +
    MSPA,
  usca:
    'Version:6 SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut ' +
    'SharingOptOut SensitiveDataProcessing*9 KnownChildSensitiveDataConsents*2 ' +
    'PersonalDataConsents ' +
    MSPA,
  'usva!': layout(SHARING, 8, 0),
  usco: layout(SHARING, 7, 0),
  'usut!': layout(SHARING + ' SensitiveDataProcessingOptOutNotice', 8, 0),
  usct: layout(SHARING, 8, 3),
  'usfl!': layout(PROCESSING, 8, 3, MORE),
  usmt: layout(SHARING, 8, 3, MORE),
  usor: layout(PROCESSING, 11, 3, MORE),
  ustx: layout(PROCESSING, 8, 0, MORE),
  usde: layout(PROCESSING, 9, 5, MORE),
  usia: layout(PROCESSING + ' SensitiveDataOptOutNotice', 8, 0),
  usne: layout(PROCESSING, 8, 0, MORE),
  usnh: layout(PROCESSING, 8, 3, MORE),
  usnj: layout(PROCESSING, 10, 5, MORE),
  ustn: layout(PROCESSING, 8, 0, MORE),
  usmn: layout(PROCESSING, 8, 0, MORE),
  usmd: late(''),
  'usin!': LATE,
  'usky!': LATE,
  'usri!': LATE,
};

/** @type {{[name: string]: {id: number, layout: string, gpc: boolean}}} */
export const SECTIONS = {};
Object.keys(LAYOUTS).forEach((key, index) => {
  SECTIONS[key.replace('!', '')] = {
    id: 7 + index,
    layout: LAYOUTS[key],
    gpc: !key.endsWith('!'),
  };
});

/**
 * @param {number} value
 * @param {number} width
 */
const bits = (value, width) => value.toString(2).padStart(width, '0');

/** Base 64 for the web, filled with zeros to whole bytes and then to whole digits. */
function base64(/** @type {string} */ text) {
  while (text.length % 8) text += '0';
  while (text.length % 6) text += '0';
  return text.replace(/.{6}/g, (six) => DIGITS[parseInt(six, 2)]);
}

/** A whole number from 1 as a sum of Fibonacci numbers, least first, ended by `11`. */
export function fibonacci(/** @type {number} */ value) {
  const known = [1, 2];
  while (known[known.length - 1] <= value) {
    known.push(known[known.length - 1] + known[known.length - 2]);
  }
  let text = '';
  for (const one of known.reverse()) {
    if (one <= value) value -= one;
    else if (!text) continue;
    else {
      text = '0' + text;
      continue;
    }
    text = '1' + text;
  }
  return text + '1';
}

/**
 * The header: its type, its version, and the ids in ranges, each counted from the one before.
 * @param {number[]} ids ascending
 */
export function header(ids) {
  /** @type {number[][]} */
  const ranges = [];
  for (const id of ids) {
    const last = ranges[ranges.length - 1];
    if (last && last[1] === id - 1) last[1] = id;
    else ranges.push([id, id]);
  }
  let at = 0;
  let text = bits(3, 6) + bits(1, 6) + bits(ranges.length, 12);
  for (const [from, to] of ranges) {
    text += (from === to ? '0' : '1') + fibonacci(from - at);
    if (from !== to) text += fibonacci(to - from);
    at = to;
  }
  return base64(text);
}

/**
 * What a section says of an opt-out. Sensitive data, children and the agreement of the industry
 * (MSPA) are "not applicable": nothing is asked about them, and 2 is "not covered".
 * @param {string} name
 * @param {string} field
 * @param {boolean} out the visitor, or their browser, opted out of sale, sharing and targeting
 */
function said(name, field, out) {
  if (/Version$/.test(field)) return name === 'usnat' ? 2 : 1;
  if (field === 'MspaCoveredTransaction') return 2;
  if (/^Sensitive/.test(field)) return 0;
  if (/Notice$/.test(field)) return 1;
  return /OptOut$/.test(field) ? (out ? 1 : 2) : 0;
}

/** @typedef {{[field: string]: number | boolean | number[]}} Part */

/**
 * The sub-sections as getSection answers them, and as the string has them.
 * @param {string} name of a section
 * @param {boolean} out
 * @param {boolean} gpc the browser sends the signal
 * @returns {{parsed: Part[], text: string}}
 */
export function section(name, out, gpc) {
  const known = SECTIONS[name];
  /** @type {Part} */
  const core = {};
  let text = '';
  for (const entry of known.layout.split(' ').filter(Boolean)) {
    const [, field, kind, count] = /** @type {string[]} */ (/^(\w+?)(?:([:*])(\d+))?$/.exec(entry));
    const value = said(name, field, out);
    if (kind === '*') core[field] = Array(+count).fill(value);
    else core[field] = value;
    text += kind === '*' ? bits(value, 2).repeat(+count) : bits(value, kind ? +count : 2);
  }
  const parsed = [core];
  let whole = base64(text);
  if (known.gpc) {
    parsed.push({ GpcSegmentType: 1, Gpc: gpc });
    whole += '.' + base64(bits(1, 2) + bits(+gpc, 1));
  }
  return { parsed, text: whole };
}

/**
 * @param {string[]} names of sections, in any order
 * @param {boolean} out
 * @param {boolean} gpc
 */
export function encode(names, out, gpc) {
  const known = names.slice().sort((one, two) => SECTIONS[one].id - SECTIONS[two].id);
  const ids = known.map((name) => SECTIONS[name].id);
  /** @type {{[name: string]: Part[]}} */
  const parsed = {};
  const texts = [header(ids)];
  for (const name of known) {
    const made = section(name, out, gpc);
    parsed[name] = made.parsed;
    texts.push(made.text);
  }
  return { ids, parsed, text: texts.join('~') };
}
