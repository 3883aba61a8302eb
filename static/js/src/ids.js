/** Random identifiers, made only once a visitor has chosen. */

/** @param {number} size */
const random = (size) => crypto.getRandomValues(new Uint8Array(size));

/**
 * @param {number} now milliseconds
 * @returns {string} a UUID of version 7
 */
export function uuid7(now) {
  const bytes = random(16);
  for (let i = 0; i < 6; i++) bytes[i] = now / 256 ** (5 - i); // the array keeps its lowest byte
  bytes[6] = 0x70 | (bytes[6] & 15);
  bytes[8] = 0x80 | (bytes[8] & 63);
  // Not Array.from: old frameworks put a narrower one in its place.
  const hex = [...bytes].map((byte) => (byte + 256).toString(16).slice(1)).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** @returns {string} 22 characters, 128 random bits */
export function secret() {
  return btoa(String.fromCharCode(...random(16)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .slice(0, 22);
}
