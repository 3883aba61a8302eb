"""Many records at once are written as each of them is, to the byte, whatever stands in the rows."""

from __future__ import annotations

import io
import json
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from consent import evidence, ledger, sites, trail
from consent.db import db, rfc3339
from consent.evidence import lines, parquet, table, walk
from consent.evidence.lines import Lines, Step, spelt
from consent.ledger import erasure
from consent.ledger.rows import Head, Item
from consent.ledger.tree import Growth, Tree
from consent.notices import Answer, Notice
from consent.records import RecordFilter
from consent.records.rows import (
    ACTIONS,
    BROWSERS,
    DEVICES,
    DNT,
    DNT_SAID,
    ERASED,
    GPC,
    SUPERSEDED,
    TEST,
    Page,
    Place,
    Row,
    Rule,
    pack_services,
)
from consent.waiting import CONSENT
from tests.conftest import Clock
from tests.evidence import SETTINGS, SITE, history, key_of

ROWS = 300
TEXTS = (f"https://{SITE}/a", "*", '=1+1;"x"', "żółć,漢字\u2028", "\\\t\x01", "'-", "http://a;=b")
COLUMNS = tuple(column.name for column in Row.__table__.columns)


@pytest.fixture
def settings() -> dict[str, str]:
    return SETTINGS


@pytest.fixture
def drawn(app: Flask, client: FlaskClient, clock: Clock) -> list[Row]:
    """A site with records of every kind beside its real ones; all of its rows, in their order."""
    history(app, client, clock)
    draw = random.Random(4)
    last = db.session.scalars(select(Row).order_by(Row.seq.desc()).limit(1)).one()
    kinds = names(last.site_id)
    rows = [row(draw, kinds, last, number) for number in range(ROWS)]
    db.session.execute(insert(Row), rows)
    logged([one for one in rows if not one["flags"] & TEST and draw.random() < 0.9], draw)
    db.session.commit()
    return list(db.session.scalars(select(Row).order_by(Row.seq)))


def names(site_id: int) -> dict[str, list[Any]]:
    """What rows may name: notices with their answers, rules, places, pages."""
    notices = list(db.session.scalars(select(Notice)))
    shown = Answer(
        site_id=site_id,
        notice_id=notices[0].id,
        digest="a" * 64,
        body=b"",
        regime="EU",
        language="en",
    )
    rules = [Rule(regime="GB", regimes="0" * 64), Rule(regime="US-CA", regimes="1" * 64)]
    known = [Place(country=c, subdivision=s, source="database", database='"DB", 2026')
             for c in ("PL", "CA", "") for s in ("QC", "")]  # fmt: skip
    pages = [Page(site_id=site_id, text=text) for text in TEXTS]
    db.session.add_all([shown, *rules, *known, *pages])
    db.session.flush()
    return {
        "notice": notices,
        "answer_id": [None, shown.id],
        "rule_id": [rule.id for rule in rules],
        "place_id": [place.id for place in known],
        "page_id": [page.id for page in pages],
    }


def row(draw: random.Random, kinds: dict[str, list[Any]], last: Row, number: int) -> dict[str, Any]:
    """A row of any kind that the writer, an erasure or an import may leave."""
    notice = draw.choice(kinds["notice"])
    order = [service["id"] for service in notice.content["services"]]
    chosen = {name: draw.random() < 0.5 for name in order if draw.random() < 0.7}
    found = {
        "site_id": last.site_id,
        "seq": last.seq + 1 + number * 17_000_001 + draw.randrange(1000),
        "claimed": draw.choice((0, -1, 999, -123_456_789, 86_400_000)),
        "shown": draw.choice((None, 0, -1, -59_999, 12)),
        "notice_id": notice.id,
        **{name: draw.choice(ids) for name, ids in kinds.items() if name != "notice"},
        "id": draw.randbytes(16),
        "visitor": draw.choice((None, draw.randbytes(16))),
        "salt": draw.randbytes(16),
        "previous": draw.choice((None, draw.randbytes(16))),
        "action": draw.randrange(len(ACTIONS)),
        "categories": sum(draw.randrange(3) << 2 * place for place in range(3)),
        "language": draw.randrange(len(notice.content["languages"])),
        "layer": draw.randrange(3),
        "device": draw.choice((None, *range(len(DEVICES)))),
        "browser": draw.randrange(len(BROWSERS)),
        "signals": draw.choice((0, GPC, DNT_SAID, DNT_SAID | DNT, GPC | DNT_SAID | DNT)),
        "flags": draw.choice((0, 0, 0, SUPERSEDED, TEST)),
        "services": draw.choice((None, pack_services(chosen, order))),
    }
    if draw.random() < 0.1:
        found |= erasure.WIPED | {"flags": ERASED}
    return found


def logged(rows: list[dict[str, Any]], draw: random.Random) -> None:
    """The rows as entries of the site's log, some of them late, among entries of other kinds."""
    head = db.session.scalars(select(Head).where(Head.site == SITE)).one()
    growth = Growth(Tree(db.session(), head.id), head.size)
    late = [(one["seq"] + draw.randrange(40_000_000), one["seq"]) for one in rows]
    for moment, seq in sorted(late):
        growth.add(Item(CONSENT, seq, draw.randbytes(32)))
        if draw.random() < 0.2:
            growth.add(Item(1, moment, b'{"k":"x"}'))
    growth.save(db.session())
    head.size, head.root = growth.size, growth.root()


def spelt_one_by_one(kind: str, rows: list[Row]) -> bytes:
    """What each record is, made by the frozen encoder, one after the other."""
    records = ledger.described(sites.get(SITE), [one for one in rows if not one.flags & TEST])
    if kind == "ndjson":
        return b"".join(spelt(record) + b"\n" for record in records)
    wanted = table.columns(evidence.formats.services(SITE))
    return table.lines([wanted]) + table.lines(table.row(record, wanted) for record in records)


@pytest.mark.parametrize("kind", ["ndjson", "csv"])
@pytest.mark.parametrize("page", [1, 7, 2000])
def test_lines_of_many_are_the_lines_of_each(
    drawn: list[Row], monkeypatch: pytest.MonkeyPatch, kind: str, page: int
) -> None:
    expected = spelt_one_by_one(kind, drawn)
    monkeypatch.setattr(walk, "PAGE", page)
    made = b"".join(evidence.records(kind, SITE, evidence.pages(SITE, RecordFilter())))
    assert made == expected
    flags = {one.flags for one in drawn}
    assert flags == {0, SUPERSEDED, TEST, ERASED} and b'"log":null' in spelt_one_by_one(
        "ndjson", drawn
    )


def test_what_is_forgotten_in_between_changes_nothing(
    drawn: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = spelt_one_by_one("ndjson", drawn)
    monkeypatch.setattr(walk, "PAGE", 5)
    monkeypatch.setattr(lines, "MOST", 2)
    monkeypatch.setattr("consent.records.names.MOST", 2)
    assert b"".join(evidence.records("ndjson", SITE, evidence.pages(SITE, RecordFilter()))) == (
        expected
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda form: replace(form, nothing='""'),
        lambda form: replace(form, superseded=form.superseded[:1] * 2),
        lambda form: replace(form, unlogged=form.log[0] + "0" + "".join(form.log[1:])),
    ],
)
def test_a_form_that_writes_one_thing_otherwise_is_noticed(
    drawn: list[Row], spoil: Callable[[lines.Form], lines.Form]
) -> None:
    """The broken twin of the tests above."""
    steps: list[Step] = list(evidence.pages(SITE, RecordFilter()))
    right, wrong = lines.ndjson(SITE), spoil(lines.ndjson(SITE))
    assert b"".join(map(Lines(right).of, steps)) == spelt_one_by_one("ndjson", drawn)
    assert b"".join(map(Lines(wrong).of, steps)) != spelt_one_by_one("ndjson", drawn)


def test_each_record_is_found_in_the_log_where_it_stands(drawn: list[Row]) -> None:
    """Also those that came late, and those that are not there."""
    head = db.session.scalars(select(Head).where(Head.site == SITE)).one()
    tree = Tree(db.session(), head.id)
    seqs = [one.seq for one in drawn]
    alone = {seq: at for seq in seqs if (at := tree.find(seq, CONSENT))}
    assert 0 < len(alone) < len(seqs)
    for some in (seqs, seqs[::9], seqs[-40:], [seq + 1 for seq in seqs], seqs[3:4]):
        found = Tree(db.session(), head.id).locate(some)
        assert {seq: found[seq] for seq in some if seq in found} == {
            seq: (alone[seq][0], alone[seq][1].body.hex()) for seq in some if seq in alone
        }


# -- Parquet, made of the same lines -------------------------------------------------------------


def test_parquet_read_back_is_the_records_of_the_ndjson(
    drawn: list[Row], client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 30)
    monkeypatch.setattr(parquet, "GROUP", 100)
    key = key_of(clock)
    export = f"/v1/audit/{SITE}/export?format="
    reply = client.get(f"{export}parquet", headers=key)
    assert (reply.status_code, reply.mimetype) == (200, "application/vnd.apache.parquet")
    assert reply.headers["Content-Disposition"].endswith('records.parquet"')
    file = pq.ParquetFile(io.BytesIO(reply.data))
    lines = client.get(f"{export}ndjson", headers=key).text.split("\n")[:-1]
    assert [as_record(row) for row in file.read().to_pylist()] == [json.loads(x) for x in lines]
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert len(sizes) > 2 and all(100 <= size < 130 for size in sizes[:-1])
    kinds = {field.name: str(field.type) for field in file.schema_arrow}
    assert kinds["received_at"] == kinds["shown_at"] == "timestamp[ms, tz=UTC]"
    assert kinds["services"].startswith("map<string, bool") and "index: int64" in kinds["log"]
    assert kinds["categories"] == "struct<preferences: bool, statistics: bool, marketing: bool>"


def as_record(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the file as its record was."""
    if row["erased"]:
        return {name: row[name] for name in ("v", "id", "site", "erased", "log")}
    assert row.pop("erased") is None
    for name in ("categories", "signals"):
        row[name] = {member: said for member, said in row[name].items() if said is not None}
    for name in ("received_at", "claimed_at", "shown_at"):
        row[name] = row[name] and rfc3339(row[name])
    return row | {"services": None if row["services"] is None else dict(row["services"])}


def test_a_site_without_services_and_without_records_has_a_file_too(app: Flask) -> None:
    made = io.BytesIO(b"".join(parquet.parquet([], [b""])))
    assert pq.read_table(made).num_rows == 0
    bare = {"v": 1, "id": "x", "site": SITE, "services": {}}
    lines = (json.dumps(bare | more).encode() + b"\n" for more in ({}, {"services": None}))
    made = io.BytesIO(b"".join(parquet.parquet([], lines)))
    assert pq.read_table(made)["services"].to_pylist() == [[], None]


@pytest.mark.parametrize("path", ["export?format=parquet", "records?format=parquet&limit=3"])
def test_where_nothing_makes_parquet_it_is_refused_and_not_noted(
    drawn: list[Row],
    client: FlaskClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    monkeypatch.setattr(parquet, "LIBRARY", "no_such_library")
    before = len(trail.entries(SITE))
    reply = client.get(f"/v1/audit/{SITE}/{path}", headers=key_of(clock))
    assert (reply.status_code, reply.get_json()["error"]["code"]) == (501, "parquet_missing")
    assert len([one for one in trail.entries(SITE) if one.verb == "export.read"]) == 0
    assert len(trail.entries(SITE)) <= before + 1  # the key was made


def test_a_program_that_ends_breaks_the_export_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file is no file: the connection is cut, and no shorter answer looks whole."""
    chunks = parquet.parquet(["ads"], iter([b'{"v":1}\n', b"no JSON\n"]))
    with pytest.raises(OSError, match="the program that makes Parquet ended"):
        list(chunks)


def test_the_next_lines_are_made_while_the_program_is_at_those_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    tell, answer = parquet.tell, parquet.answer

    def told(child: subprocess.Popen[bytes], said: bytes) -> None:
        done.append("told")
        tell(child, said)

    def heard(child: subprocess.Popen[bytes]) -> bytes:
        done.append("heard")
        return answer(child)

    def lines() -> Iterator[bytes]:
        for number in (1, 2):
            done.append("made")
            yield json.dumps({"v": number, "services": {}}).encode() + b"\n"

    monkeypatch.setattr(parquet, "tell", told)
    monkeypatch.setattr(parquet, "answer", heard)
    made = io.BytesIO(b"".join(parquet.parquet([], lines())))
    assert pq.read_table(made)["v"].to_pylist() == [1, 2]
    assert done == ["told", "made", "heard"] * 2 + ["told", "heard"] * 2


def test_the_program_ends_with_whoever_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    tell = parquet.tell

    def seen(child: subprocess.Popen[bytes], said: bytes) -> None:
        started.append(child)
        tell(child, said)

    monkeypatch.setattr(parquet, "tell", seen)
    chunks = parquet.parquet([], iter([b""]))
    next(chunks)
    assert started[0].poll() is None
    chunks.close()  # type: ignore[attr-defined]
    assert started[0].poll() is not None
