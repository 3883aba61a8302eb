/* Checks a receipt before the reader's eyes: the record against its commitment, the entry, two paths
   through two trees, two signatures. What is checked stands in the page, and no server is asked.
   Formats: RFC 6962 (tree), RFC 8785 (canonical JSON), c2sp.org tlog-proof and signed-note. */
"use strict";

class Failed extends Error {}

const text = new TextEncoder();
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (word) => Uint8Array.from(word.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const unbase64 = (word) => Uint8Array.from(atob(word), (sign) => sign.charCodeAt(0));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

/* RFC 8785; records hold no fractions, so numbers are spelt as JavaScript spells them. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/* A tlog-proof: where the entry stands, its neighbours, and the checkpoint as it was signed. */
function parseProof(spelt) {
  const cut = spelt.indexOf("\n\n");
  const [header, ...lines] = spelt.slice(0, cut).split("\n");
  if (header !== "c2sp.org/tlog-proof@v1") throw new Failed("This is no proof.");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = Number(lines.shift().replace(/^index /, ""));
  return { index, path: lines.map(unbase64), ...parseNote(spelt.slice(cut + 2)) };
}

function parseNote(note) {
  const cut = note.lastIndexOf("\n\n");
  const body = note.slice(0, cut + 1);
  const [origin, size, root] = body.split("\n");
  const signatures = note.slice(cut + 2).trimEnd().split("\n").map((line) => {
    const [, name, value] = line.split(" ");
    const bytes = unbase64(value);
    return { name, id: hex(bytes.slice(0, 4)), value: bytes.slice(4) };
  });
  return { body, origin, size: Number(size), root: unbase64(root), signatures };
}

function parseKeys(lines) {
  return lines.trim().split("\n").map((line) => {
    const [, name, id, rest] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(line);
    const bytes = unbase64(rest);
    return { name, id, kind: bytes[0], bytes: bytes.slice(1), line };
  });
}

const leafOf = (entry) => sha256(Uint8Array.of(0), text.encode(entry));

/* RFC 9162, 2.1.3.2: from the leaf up to the root. */
async function fold(leaf, { index, size, path }) {
  if (!(index >= 0 && index < size)) throw new Failed("The place lies outside the tree.");
  let at = index, last = size - 1, made = leaf;
  for (const other of path) {
    if (last === 0) throw new Failed("The path is too long.");
    if (at % 2 === 1 || at === last) {
      made = await sha256(Uint8Array.of(1), other, made);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      made = await sha256(Uint8Array.of(1), made, other);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new Failed("The path is too short.");
  return made;
}

/* The key of the log that has signed, once one has and its signature holds. */
async function signedBy(head, keys) {
  const own = keys.filter((key) => key.name === head.origin && key.kind === 1);
  for (const key of own) {
    const named = await sha256(text.encode(`${key.name}\n`), Uint8Array.of(1), key.bytes);
    if (hex(named.slice(0, 4)) !== key.id) throw new Failed("A key has the digits of another.");
    const line = head.signatures.find((one) => one.name === key.name && one.id === key.id);
    if (!line) continue;
    const known = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
    if (!(await crypto.subtle.verify("Ed25519", known, line.value, text.encode(head.body)))) {
      throw new Failed("The signature does not hold.");
    }
    return { key: key.line, signature: base64(line.value) };
  }
  throw new Failed("None of the keys has signed this checkpoint.");
}

function need(holds, why) {
  if (!holds) throw new Failed(why);
}

function stepsOf(receipt, keys) {
  const { record, proof } = receipt;
  const { log, ...said } = record;
  const low = parseProof(proof.proof);
  const high = parseProof(proof.chain.proof);
  return {
    async commitment(show) {
      const bytes = joined(text.encode("crumbtrail/leaf/v1\0"), unhex(log.salt), text.encode(canonical(said)));
      const made = hex(await sha256(bytes));
      show({ salt: log.salt, made, kept: log.commitment });
      need(made === log.commitment, "The record was changed: it makes another commitment.");
    },
    async entry(show) {
      const made = canonical({ c: log.commitment, d: record.received_at.slice(0, 10), k: "consent", v: 1 });
      show({ made, kept: proof.entry });
      need(made === proof.entry, "The entry of the log is another one.");
    },
    async path(show) {
      const leaf = await leafOf(proof.entry);
      show({ leaf: hex(leaf), path: low.path.map(hex).join("\n") || "–", kept: hex(low.root) });
      need(low.index === log.index, "The record names another place than the proof.");
      const made = hex(await fold(leaf, low));
      show({ made });
      need(made === hex(low.root), "The path leads to another root.");
    },
    async head(show) {
      show({ origin: low.origin, size: String(low.size) });
      need(low.origin.endsWith(`/${record.site}`), "This is the log of another site.");
      show(await signedBy(low, keys));
    },
    async chain(show) {
      show({ entry: proof.chain.entry, kept: hex(high.root) });
      const named = JSON.parse(proof.chain.entry);
      need(
        named.k === "head" && named.n === low.size && named.h === hex(low.root),
        "The deployment log holds another head of this site.",
      );
      const made = hex(await fold(await leafOf(proof.chain.entry), high));
      show({ made });
      need(made === hex(high.root), "The path leads to another root.");
    },
    async top(show) {
      show({ origin: high.origin, size: String(high.size) });
      need(high.origin === low.origin.slice(0, low.origin.lastIndexOf("/")), "It is another log.");
      const others = high.signatures.filter((one) => one.name !== high.origin).map((one) => one.name);
      show({ ...(await signedBy(high, keys)), others: [...new Set(others)].join("\n") || "–" });
    },
  };
}

async function run(place) {
  const verdict = place.querySelector("[data-verdict]");
  const tell = (kind) => {
    verdict.textContent = verdict.dataset[kind];
    verdict.classList.add(kind === "good" ? "good" : "bad");
    place.dataset.done = kind;
  };
  place.hidden = false;
  if (!globalThis.crypto?.subtle) return tell("unable");
  let steps;
  try {
    const receipt = JSON.parse(document.getElementById("receipt").textContent);
    steps = stepsOf(receipt, parseKeys(document.getElementById("vkeys").textContent));
  } catch {
    return tell("bad");
  }
  let good = true;
  for (const item of place.querySelectorAll("[data-step]")) {
    const show = (values) => {
      for (const [name, value] of Object.entries(values)) {
        const at = item.querySelector(`[data-value="${name}"]`);
        if (at) at.textContent = value;
      }
    };
    try {
      await steps[item.dataset.step](show);
      item.className = "yes";
    } catch (problem) {
      if (problem.name === "NotSupportedError") return tell("unable");
      good = false;
      item.className = "fails";
      const why = item.querySelector("[data-why]");
      why.textContent = problem instanceof Failed ? problem.message : "It cannot be read.";
      why.hidden = false;
    }
  }
  tell(good ? "good" : "bad");
}

for (const place of document.querySelectorAll("[data-proof]")) run(place);
