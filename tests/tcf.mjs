/**
 * TC strings of hundreds of choices, read by another library of the IAB than the one that writes
 * them (that of the GPP, which has a decoder of its own), and back by ours.
 *
 * node tests/tcf.mjs -> one line of JSON, or exit code 1 and why
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NOTHING, categoryOf, decode, encode, most, narrowed } from '../static/js/src/iab/tc.js';

const { TcfEuV2 } = createRequire(new URL('../static/js/package.json', import.meta.url))(
  '@iabgpp/cmpapi',
);
const whole = JSON.parse(readFileSync(new URL('./gvl/vendor-list.json', import.meta.url)));
const { 404: deleted, ...vendors } = whole.vendors;
const list = { ...whole, vendors, language: 'en' };
const options = { cmp_id: 300, cmp_version: 7, country: 'DE' };
const DISCLOSED = Object.keys(vendors).map(Number);
const DAY = new Date(Date.UTC(2026, 10, 21));

let seed = 20261121;
const chance = () => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed / 2147483648;
};
const some = (ids) => ids.filter(() => chance() < 0.5);
const ones = (value) => value.flatMap((yes, index) => (yes === true ? [index + 1] : []));

function check(said, language) {
  const text = encode({ ...list, language }, said, options, 2, DAY);
  const parts = text.split('.');
  assert.equal(parts.length, 3);
  // Segment type 1, disclosed vendors, stands second: three bits, so the first digit is I to P…
  assert.equal(Math.floor('ABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(parts[1][0]) / 8), 1);
  const theirs = new TcfEuV2(text);
  const field = (name) => theirs.getFieldValue(name);
  assert.equal(field('CmpId'), 300);
  assert.equal(field('CmpVersion'), 7);
  assert.equal(field('ConsentScreen'), 2);
  assert.equal(field('ConsentLanguage'), language.toUpperCase());
  assert.equal(field('VendorListVersion'), 150);
  assert.equal(field('PolicyVersion'), 5);
  assert.equal(field('IsServiceSpecific'), true);
  assert.equal(field('PublisherCountryCode'), 'DE');
  assert.equal(+field('Created'), +DAY);
  assert.equal(+field('LastUpdated'), +DAY);
  assert.deepEqual(field('VendorsDisclosed'), DISCLOSED);
  assert.deepEqual(ones(field('PurposeConsents')), said.purposes);
  assert.deepEqual(ones(field('PurposeLegitimateInterests')), said.interests);
  assert.ok(!said.interests.some((id) => [1, 3, 4, 5, 6].includes(id)));
  assert.deepEqual(ones(field('SpecialFeatureOptins')), said.features);
  assert.deepEqual(ones(field('PublisherConsents')), said.purposes);
  const consenting = said.vendors.filter((id) => vendors[id].purposes.length);
  const claiming = DISCLOSED.filter(
    (id) =>
      (said.vendorInterests.includes(id) && vendors[id].legIntPurposes.length) ||
      // Shown, and nothing to object to: special purposes only.
      (id === 100 && !vendors[id].purposes.length),
  );
  assert.deepEqual(field('VendorConsents'), consenting);
  const interests = field('VendorLegitimateInterests');
  for (const id of claiming) assert.ok(interests.includes(id), String(id));
  for (const id of interests) {
    assert.ok(claiming.includes(id) || said.vendorInterests.includes(id), String(id));
  }
  const back = decode(text, 300);
  assert.deepEqual(back.purposes, said.purposes);
  assert.deepEqual(back.features, said.features);
  assert.equal(decode(text, 301), null);
  assert.equal(decode(parts[0], 300), null);
  return text;
}

const seen = new Set();
const asks = [
  ['statistics', 'marketing'],
  ['preferences', 'statistics', 'marketing'],
];
for (let round = 0; round < 600; round += 1) {
  const asked = asks[round % 2];
  const flags = Object.fromEntries(asked.map((id) => [id, chance() < 0.6]));
  const limit = most(list, flags, asked);
  for (const id of limit.purposes) {
    assert.ok(id === 1 ? Object.values(flags).includes(true) : flags[categoryOf(id, asked)], `${id}`);
  }
  assert.deepEqual(limit.features, []);
  const picked = {
    purposes: some([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    interests: some([2, 7, 8, 9, 10, 11]),
    features: some([1, 2]),
    vendors: some(DISCLOSED),
    vendorInterests: some(DISCLOSED),
  };
  const said = narrowed(picked, list, flags, asked);
  for (const kind of Object.keys(said)) {
    assert.ok(said[kind].every((id) => picked[kind].includes(id)), kind);
  }
  assert.ok(flags.marketing || !said.features.length);
  seen.add(check(said, ['en', 'pl', 'fr'][round % 3]));
  seen.add(check(limit, 'en'));
  if (!Object.values(flags).includes(true)) assert.deepEqual(said, NOTHING);
}
assert.equal(decode('', 300), null);
assert.equal(decode('nonsense', 300), null);
// Both from the specification's own text: they are read, and are not ours.
for (const tail of ['', '.YAAAAAAAAAAA']) {
  const text = `CQSbk4AQSbk4ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA.IDKQA4AAgAKAGQAygAAA${tail}`;
  assert.deepEqual(decode(text, 880), { ...NOTHING, vendors: [1, 2, 3, 4] });
  assert.equal(decode(text, 300), null);
}
console.log(JSON.stringify({ strings: 1200, different: seen.size }));
