/** JSON that no page can spoil: old frameworks give arrays and objects a `toJSON` of their own. */

/** @param {string} text */
const quoted = (text) =>
  '"' +
  text.replace(
    /["\\\u0000-\u001f\ud800-\udfff]/g,
    (unit) => '\\u' + (0x10000 + unit.charCodeAt(0)).toString(16).slice(1),
  ) +
  '"';

/**
 * @param {any} value of strings, numbers, booleans, null, lists and plain objects
 * @returns {string} as `JSON.stringify` would, own fields only, without those that are undefined
 */
export function text(value) {
  if (typeof value === 'string') return quoted(value);
  if (!value || typeof value !== 'object') return String(value ?? null);
  const parts = [];
  if (Array.isArray(value)) {
    for (const item of value) parts.push(text(item));
    return '[' + parts.join(',') + ']';
  }
  for (const key of /** @type {string[]} */ (Reflect.ownKeys(value))) {
    if (value[key] !== undefined) parts.push(quoted(key) + ':' + text(value[key]));
  }
  return '{' + parts.join(',') + '}';
}
