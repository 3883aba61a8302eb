/**
 * A second reader of the log, in another language and with none of our code: it reads /log/ over
 * HTTP as c2sp.org/tlog-tiles lays it out, checks every byte of it, and a receipt.
 *
 * node tests/stranger.mjs BASE SITE [RECEIPT.json] -> one line of JSON, or exit code 1 and why
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [base, site, receipt] = process.argv.slice(2);
const fail = (why) => {
  throw new Error(why);
};
const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

/** RFC 6962, 2.1: split at the largest power of two below the size. */
function rootOf(hashes) {
  if (!hashes.length) return sha256(Buffer.alloc(0));
  if (hashes.length === 1) return hashes[0];
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return nodeHash(rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)));
}

/** RFC 6962, 2.1.1, upside down: the root that an audit path leads to. */
function climb(index, size, leaf, path) {
  if (size === 1) return path.length ? fail('the path is too long') : leaf;
  let split = 1;
  while (split * 2 < size) split *= 2;
  const sibling = path[path.length - 1] || fail('the path is too short');
  const rest = path.slice(0, -1);
  return index < split
    ? nodeHash(climb(index, split, leaf, rest), sibling)
    : nodeHash(sibling, climb(index - split, size - split, leaf, rest));
}

async function get(path) {
  const answer = await fetch(base + path);
  if (!answer.ok) fail(`${path}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

const keysOf = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [, name, id, key] = line.match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/);
      const raw = Buffer.from(key, 'base64');
      const named = sha256(Buffer.from(name + '\n'), raw).subarray(0, 4);
      if (named.toString('hex') !== id) fail(`the key ${name} has another number`);
      return { name, id: named, kind: raw[0], raw: raw.subarray(1) };
    });

/** The checkpoint of a signed note, once a known Ed25519 key has signed it. */
function opened(note, keys) {
  const end = note.lastIndexOf('\n\n') + 1;
  const text = note.slice(0, end);
  const good = note
    .slice(end + 1)
    .trim()
    .split('\n')
    .some((line) => {
      const [, name, value] = line.match(/^\u2014 (\S+) (\S+)$/);
      const raw = Buffer.from(value, 'base64');
      const key = keys.find((k) => k.kind === 1 && k.name === name && raw.subarray(0, 4).equals(k.id));
      if (!key) return false;
      const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.raw]);
      const known = createPublicKey({ key: der, format: 'der', type: 'spki' });
      return verify(null, Buffer.from(text), known, raw.subarray(4)) || fail('a bad signature');
    });
  if (!good) fail('nobody known has signed the checkpoint');
  const [origin, size, root] = text.split('\n');
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') };
}

function pathOf(number) {
  const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0');
  const groups = digits.match(/.../g);
  return [...groups.slice(0, -1).map((group) => 'x' + group), groups.at(-1)].join('/');
}

/** Every entry of a log, whose tiles on all levels are those of its entries. */
async function everything(log) {
  const keys = keysOf((await get(`${log}/vkeys`)).toString());
  const head = opened((await get(`${log}/checkpoint`)).toString(), keys);
  const entries = [];
  for (let number = 0; number * 256 < head.size; number++) {
    const width = Math.min(256, head.size - number * 256);
    const tail = width < 256 ? `.p/${width}` : '';
    let data = await get(`${log}/tile/entries/${pathOf(number)}${tail}`);
    while (data.length) {
      const length = data.readUInt16BE();
      entries.push(data.subarray(2, 2 + length));
      data = data.subarray(2 + length);
    }
  }
  if (entries.length !== head.size) fail('the bundles hold another number of entries');
  let hashes = entries.map(leafHash);
  if (!rootOf(hashes).equals(head.root)) fail('the entries have another root');
  for (let level = 0; hashes.length; level++) {
    const above = [];
    for (let number = 0; number * 256 < hashes.length; number++) {
      const part = hashes.slice(number * 256, number * 256 + 256);
      const tail = part.length < 256 ? `.p/${part.length}` : '';
      const tile = await get(`${log}/tile/${level}/${pathOf(number)}${tail}`);
      if (!tile.equals(Buffer.concat(part))) fail(`tile ${level}/${number} is another one`);
      if (part.length === 256) above.push(rootOf(part));
    }
    hashes = above;
  }
  return { keys, head, entries };
}

/** A tlog-proof of an entry, and the checkpoint under which it stands. */
function proven(text, entry, keys) {
  const cut = text.indexOf('\n\n');
  const [header, index, ...hashes] = text.slice(0, cut).split('\n');
  if (header !== 'c2sp.org/tlog-proof@v1') fail('this is no proof');
  const head = opened(text.slice(cut + 2), keys);
  const path = hashes.map((line) => Buffer.from(line, 'base64'));
  const root = climb(Number(index.split(' ')[1]), head.size, leafHash(Buffer.from(entry)), path);
  if (!root.equals(head.root)) fail('the proof leads to another root');
  return head;
}

const ours = await everything(`/log/${site}`);
const above = await everything('/log');
const said = { size: ours.head.size, heads: above.head.size };
if (receipt) {
  const { record, proof } = JSON.parse(readFileSync(receipt, 'utf8'));
  const head = proven(proof.proof, proof.entry, ours.keys);
  const chained = JSON.parse(proof.chain.entry);
  proven(proof.chain.proof, proof.chain.entry, above.keys);
  if (chained.n !== head.size || chained.h !== head.root.toString('hex')) fail('another head');
  const { log, ...rest } = record;
  const order = (value) =>
    Array.isArray(value) || value === null || typeof value !== 'object'
      ? value
      : Object.fromEntries(Object.keys(value).sort().map((key) => [key, order(value[key])]));
  const made = sha256(
    Buffer.from('crumbtrail/leaf/v1\0'),
    Buffer.from(log.salt, 'hex'),
    Buffer.from(JSON.stringify(order(rest))),
  ).toString('hex');
  if (made !== JSON.parse(proof.entry).c) fail('the record is not what was committed to');
  said.proven = log.index;
}
console.log(JSON.stringify(said));
