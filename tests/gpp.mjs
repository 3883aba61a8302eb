/**
 * Every GPP string that ours can write, read by the IAB's own library: each section, alone and in
 * every pair with another, opted out or not, with the browser's signal or without.
 *
 * node tests/gpp.mjs -> one line of JSON, or exit code 1 and why
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { SECTIONS, encode, fibonacci, header } from '../static/js/src/iab/gpp-string.js';

const { FibonacciIntegerEncoder, GppModel } = createRequire(
  new URL('../static/js/package.json', import.meta.url),
)('@iabgpp/cmpapi');

let strings = 0;
/** Their sensitive data are a sub-section of its own, which may be left out, and is. */
const APART = ['usin', 'usky', 'usri'];

function check(names, out, gpc) {
  const made = encode(names, out, gpc);
  const model = new GppModel(made.text);
  assert.deepEqual(model.getSectionIds(), made.ids);
  for (const name of names) {
    const theirs = model.getSection(name);
    const ours = Object.assign({}, ...made.parsed[name]);
    for (const field of Object.keys(ours)) assert.deepEqual(theirs[field], ours[field], name + field);
    const silent = Object.keys(theirs).filter((field) => !(field in ours));
    assert.deepEqual(silent, APART.includes(name) ? ['SensitiveDataProcessing'] : [], name);
    assert.equal(theirs.SaleOptOut, out ? 1 : 2, name);
    assert.equal(theirs.MspaCoveredTransaction, 2, name);
    if ('SharingOptOut' in theirs) assert.equal(theirs.SharingOptOut, out ? 1 : 2);
    if ('TargetedAdvertisingOptOut' in theirs) {
      assert.equal(theirs.TargetedAdvertisingOptOut, out ? 1 : 2);
    }
    if (SECTIONS[name].gpc) assert.equal(theirs.Gpc, gpc);
  }
  // Written again by the library, from the fields alone, it is the same to the digit.
  const again = new GppModel();
  for (const name of names) {
    for (const part of made.parsed[name]) {
      for (const [field, value] of Object.entries(part)) again.setFieldValue(name, field, value);
    }
    if (APART.includes(name)) {
      again.setFieldValue(name, 'SensitiveDataConsentSegmentIncluded', false);
    }
  }
  assert.equal(again.encode(), made.text);
  strings += 1;
}

const all = Object.keys(SECTIONS);
const states = [true, false].flatMap((out) => [true, false].map((gpc) => [out, gpc]));
for (const [out, gpc] of states) {
  for (const [at, one] of all.entries()) {
    check([one], out, gpc);
    for (const other of all.slice(at + 1)) check([other, one], out, gpc);
  }
  check(all, out, gpc);
}
for (let value = 1; value <= 5000; value += 1) {
  assert.equal(fibonacci(value), FibonacciIntegerEncoder.encode(value), String(value));
}
assert.equal(header([]), new GppModel().encode());
// What the library wrote when this was made; pinned, so that a change of it is seen.
assert.equal(encode(['usnat'], true, true).text, 'DBABLA~CVQVAAAAAACA.YA');
assert.equal(encode(['usca'], true, true).text, 'DBABBg~BUUAAACA.YA');
console.log(JSON.stringify({ strings, sections: all.length }));
