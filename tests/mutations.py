"""What somebody may do to a bundle, and the words with which the verifier must find it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from consent.tlog import tiles
from consent.verify import page
from tests.evidence import SITE, Members, lines, spelt

ENTRIES = "log/tile/entries/000.p/{}"


def entries_of(members: Members) -> tuple[str, list[bytes]]:
    name = next(name for name in members if name.startswith("log/tile/entries/"))
    return name, tiles.unpack_entries(members[name])


def edit(number: int, **changes: Any) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        records = lines(members)
        records[number] |= changes
        members["records.ndjson"] = spelt(records)

    return change


def reorder(order: Callable[[list[Any]], list[Any]]) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        members["records.ndjson"] = spelt(order(lines(members)))

    return change


def relog(order: Callable[[list[bytes]], list[bytes]], resize: bool = False) -> Any:
    def change(members: Members) -> None:
        name, entries = entries_of(members)
        changed = order(entries)
        del members[name]
        new = ENTRIES.format(len(changed)) if resize else name
        members[new] = tiles.pack_entries(changed)

    return change


def other_salt(members: Members) -> None:
    records = lines(members)
    records[0]["log"]["salt"] = "0" * 32
    members["records.ndjson"] = spelt(records)


def consent_in(entries: list[bytes]) -> int:
    return next(n for n, entry in enumerate(entries) if b'"k":"consent"' in entry)


def other_commitment(entries: list[bytes]) -> list[bytes]:
    place, log = consent_in(entries), list(entries)
    log[place] = log[place].replace(log[place][6:10], b"0000")
    return log


def other_day(entries: list[bytes]) -> list[bytes]:
    place, log = consent_in(entries), list(entries)
    log[place] = log[place].replace(b"2026-", b"2025-")
    return log


def replace(name: str, old: bytes, new: bytes) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        assert old in members[name]
        members[name] = members[name].replace(old, new, 1)

    return change


def without(name: str) -> Callable[[Members], None]:
    return lambda members: [members.pop(one) for one in list(members) if one.startswith(name)][:0]


def without_visitor(members: Members) -> None:
    records = lines(members)
    victim = records[1]["visitor"]
    kept = [record for record in records if record["visitor"] != victim]
    assert 0 < len(kept) < len(records)
    members["records.ndjson"] = spelt(kept)


def other_notice(members: Members) -> None:
    name = next(name for name in members if name.endswith(".json") and "notices/" in name)
    members[name] = members[name].replace(b"Example Ltd", b"Another Ltd")


def smuggled_notice(members: Members) -> None:
    name = next(name for name in members if name.endswith(".json") and "notices/" in name)
    body = members[name].replace(b"Example Ltd", b"Another Ltd")
    digest = hashlib.sha256(body).hexdigest()
    members[f"notices/{digest}.json"] = body
    members[f"notices/{digest}.html"] = page.render(json.loads(body), digest)


def other_page(members: Members) -> None:
    name = next(name for name in members if name.endswith(".html"))
    members[name] = members[name].replace(b"Example Ltd", b"Another Ltd")


def faked_erasure(members: Members) -> None:
    records = lines(members)
    kept = {"v": 1, "id": records[3]["id"], "site": SITE, "erased": True}
    records[3] = kept | {"log": records[3]["log"] | {"salt": None}}
    members["records.ndjson"] = spelt(records)


def changed_act(members: Members) -> None:
    acts = lines(members, "access.ndjson")
    place = next(n for n, act in enumerate(acts) if act["salt"])
    acts[place]["actor"] = "somebody@else.example"
    members["access.ndjson"] = spelt(acts)


def fewer_acts(members: Members) -> None:
    acts = lines(members, "access.ndjson")
    members["access.ndjson"] = spelt(acts[1:])


def unlogged(members: Members) -> None:
    extra = lines(members)[0] | {"log": None}
    members["records.ndjson"] += spelt([extra])


TAMPERED: dict[str, tuple[Callable[[Members], Any], str]] = {
    "a grant in a record": (edit(4, categories={"statistics": True}), "it was changed"),
    "a salt": (other_salt, "it was changed"),
    "the time of a record": (edit(0, received_at="2026-11-21T10:00:09.000Z"), "was changed"),
    "the site of a record": (edit(0, site="other.example"), "another site"),
    "a field more": (edit(2, note="x"), "it was changed"),
    "a float": (edit(2, layer=1.5), "cannot be what was committed to"),
    "a record removed": (reorder(lambda r: r[:3] + r[4:]), "A record was left out"),
    "the last record removed": (reorder(lambda r: r[:-1]), "A record was left out"),
    "all records removed": (reorder(lambda r: []), "A record was left out"),
    "a record twice": (reorder(lambda r: [*r[:2], r[1], *r[2:]]), "out of order, or here twice"),
    "two records swapped": (reorder(lambda r: [r[1], r[0], *r[2:]]), "out of order"),
    "a record moved": (
        reorder(lambda r: [r[0] | {"log": r[0]["log"] | {"index": 0}}, *r[1:]]),
        "added or moved",
    ),
    "a record beyond the log": (
        reorder(lambda r: [*r, r[0] | {"log": r[0]["log"] | {"index": 999}}]),
        "where the log has ended",
    ),
    "a record outside the log": (unlogged, "is not in the log"),
    "a visitor left out": (without_visitor, "A record was left out"),
    "an erasure that no entry tells of": (faked_erasure, "marked as erased"),
    "no record file": (without("records.ndjson"), "records.ndjson is missing"),
    "a line that is no JSON": (replace("records.ndjson", b'"v"', b"v"), "is not JSON"),
    "a half line": (lambda m: m.update({"records.ndjson": m["records.ndjson"][:-9]}), "line 9"),
    "an entry changed": (relog(other_commitment), "another commitment than the record names"),
    "the day of an entry": (relog(other_day), "which is not its place"),
    "an entry dropped": (relog(lambda e: e[:5] + e[6:]), "entries and not"),
    "an entry added": (relog(lambda e: [*e, e[0]]), "entries and not"),
    "two entries swapped": (relog(lambda e: [e[1], e[0], *e[2:]]), "do not make the root"),
    "an entry doubled for another": (relog(lambda e: [e[1], *e[1:]]), "do not make the root"),
    "the tail truncated": (relog(lambda e: e[:-3], resize=True), "is missing"),
    "the entries gone": (without("log/tile"), "is missing"),
    "a file more": (lambda m: m.update({"notes.txt": b"hello"}), "holds notes.txt"),
    "a tile more": (lambda m: m.update({"log/tile/entries/009": b""}), "tile/entries/009"),
    "the size in the checkpoint": (replace("log/checkpoint", b"\n3", b"\n2"), "does not hold"),
    "no signature": (
        lambda m: m.update({"log/checkpoint": m["log/checkpoint"].split(b"\n\n")[0] + b"\n\n"}),
        "The log",
    ),
    "no keys": (without("log/vkeys"), "log/vkeys is missing"),
    "the head in the deployment log": (replace("chain.json", b'"n', b'"m'), "deployment log"),
    "no chain": (without("chain.json"), "chain.json is missing"),
    "a notice": (other_notice, "was changed: its SHA-256"),
    "a notice that was never published": (smuggled_notice, "is not in the log"),
    "the page of a notice": (other_page, "does not show what"),
    "no notices": (without("notices/"), "is missing"),
    "the rules": (replace("regimes.yaml", b"opt-in", b"opt-on"), "regimes.yaml was changed"),
    "the list of rules": (replace("regimes.json", b'"entry": ', b'"entry": 1'), "other tables"),
    "an act": (changed_act, "it was changed or added"),
    "an act left out": (fewer_acts, "not in access.ndjson"),
    "the period": (
        replace("manifest.json", b'"from": null', b'"from": "x"'),
        "a time that is none",
    ),
    "the period cut": (
        replace("manifest.json", b'"to": null', b'"to": "2026-11-22T00:00:00.000Z"'),
        "which is not its place",
    ),
    "the site": (replace("manifest.json", b"example.com", b"example.org"), "another site"),
    "no manifest": (without("manifest.json"), "manifest.json is missing"),
}
