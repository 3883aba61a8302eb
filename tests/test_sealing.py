"""Encryption at rest: a dump holds no plaintext, a swap is refused, keys change without a loss."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import MetaData, Table, func, inspect, select, text

from consent import cli, config, requests, scans, sealing, sites
from consent.db import db
from consent.requests import Request, Wish
from consent.sealing import Keyring, Unusable
from consent.undoing import Deed
from tests.acts import make_site
from tests.conftest import Clock
from tests.databases import migrate

A, B = (f"{name}:{base64.b64encode(name.encode() * 32).decode()}" for name in "ab")
MAIL, TEXT, NOTE = "anna.kowalska@example.org", "Zażółć: please erase it", "Answered by letter 17"
HOOK = "https://chat.example.net/hooks/T0PS3CRET"


@pytest.fixture
def settings() -> dict[str, str]:
    return {"FIELD_KEYS": A}


def fill(app: Flask, clock: Clock, count: int = 1) -> None:
    make_site(app, clock())
    site = sites.get("example.com")
    for number in range(count):
        wish = Wish("access", MAIL, TEXT, None, "en")
        made = requests.add(site, f"N-{number}", wish, "PL", clock())
        requests.close(made, site, "done", NOTE, "owner@example.com", clock())


def dump() -> str:
    """Every value of every table, as SQL gives it out."""
    db.session.rollback()
    said = []
    for table in inspect(db.engine).get_table_names():
        said += [repr(tuple(row)) for row in db.session.execute(text(f'SELECT * FROM "{table}"'))]
    return "\n".join(said)


def deeds() -> int:
    return db.session.scalar(select(func.count()).select_from(Deed)) or 0


def invoke(app: Flask, *words: str) -> tuple[int, str]:
    with app.app_context():
        done = app.test_cli_runner().invoke(args=list(words))
    return done.exit_code, done.output


def test_S2_32_a_dump_holds_none_of_what_was_sealed(app: Flask, clock: Clock) -> None:
    fill(app, clock)
    url = "https://example.com/"
    kept = scans.put_watch(
        sites.get("example.com"), "daily", url, HOOK, MAIL, "owner@example.com", clock()
    )
    secret = kept.secret or ""
    assert secret.startswith("whsec_")
    said = dump()
    assert "example.com" in said
    assert not [
        word for word in (MAIL, "anna", TEXT, "erase it", NOTE, HOOK, secret) if word in said
    ]
    # Three of the request, three of the watch, and what each act to undo would bring back.
    assert deeds() > 1 and said.count("s1.a.") == 6 + deeds()
    [found] = requests.queue(sites.get("example.com"), "closed")
    assert (found.contact, found.text, found.note) == (MAIL, TEXT, NOTE)


@pytest.mark.sqlite_only
def test_neither_the_file_nor_its_log_holds_a_plaintext(app: Flask, clock: Clock) -> None:
    fill(app, clock)
    file = db.engine.url.database or ""
    raw = b"".join(Path(name).read_bytes() for name in (file, f"{file}-wal"))
    assert b"s1.a." in raw and MAIL.encode() not in raw and b"erase it" not in raw


def test_what_was_sealed_for_one_row_opens_in_no_other(app: Flask, clock: Clock) -> None:
    fill(app, clock, 2)
    said = {one.number: one.sealed_contact for one in db.session.scalars(select(Request))}
    swap = text("UPDATE request SET contact = :other WHERE number = 'N-0'")
    db.session.execute(swap, {"other": said["N-1"]})
    db.session.commit()
    first = requests.get(sites.get("example.com"), "N-0")
    with pytest.raises(Unusable, match="was not sealed for this row") as refused:
        assert first.contact
    assert refused.value.code == "sealed" and MAIL not in str(refused.value)
    assert first.text == TEXT and requests.get(sites.get("example.com"), "N-1").contact == MAIL
    # The broken twin: sealed without the row, the swap would not be seen.
    ring = sealing.keyring()
    assert ring.open(ring.seal(MAIL, "request", "contact", ""), "request", "contact", "") == MAIL


@pytest.mark.parametrize("place", [("request", "text", 1), ("other", "contact", 1)])
def test_a_value_is_bound_to_its_column_and_table(place: tuple[str, str, int]) -> None:
    ring = Keyring((("a", bytes(32)),))
    envelope = ring.seal(MAIL, "request", "contact", 1)
    assert ring.open(envelope, "request", "contact", 1) == MAIL
    with pytest.raises(Unusable):
        ring.open(envelope, *place)


def test_every_single_flipped_character_is_noticed() -> None:
    ring = Keyring((("a", bytes(32)),))
    envelope = ring.seal("two words", "t", "c", 1)
    for place, letter in itertools.product(range(len(envelope) - 1), "Aa_."):
        broken = envelope[:place] + letter + envelope[place + 1 :]
        if broken != envelope:
            with pytest.raises(Unusable):
                ring.open(broken, "t", "c", 1)
    with pytest.raises(Unusable):
        ring.open("plain.two words", "t", "c", 1)


def test_two_seals_of_the_same_text_differ() -> None:
    ring = Keyring((("a", bytes(32)),))
    assert len({ring.seal("same", "t", "c", 1) for _ in range(100)}) == 100


def test_a_row_without_its_name_seals_nothing(app: Flask) -> None:
    with pytest.raises(ValueError, match="number must be set before"):
        Request(contact=MAIL, number="N")


def test_wrong_keys_stop_the_start_and_say_which(
    app: Flask, clock: Clock, make_app: Callable[..., Flask]
) -> None:
    fill(app, clock)
    sealing.check()
    for keys, sentence in (
        (B, "3 values in this database are sealed with the key a, which FIELD_KEYS does not name"),
        ("a:" + B[2:], "is not the key a that sealed this database"),
    ):
        other = make_app(FIELD_KEYS=keys)
        with other.app_context():
            with pytest.raises(Unusable, match=sentence) as stopped:
                sealing.check()
            assert "Put it back" in str(stopped.value)
        code, said = invoke(other, "migrate")
        assert code == 1 and sentence in said and "Traceback" not in said
    code, said = invoke(make_app(FIELD_KEYS=f"{B},{A}"), "sealing", "check")
    assert code == 0 and "3 values are not sealed with the first one" in said


def test_S2_32_a_rotation_that_is_cut_off_goes_on_and_reads_never_fail(
    app: Flask, clock: Clock, make_app: Callable[..., Flask]
) -> None:
    fill(app, clock, 7)
    sealing.check()
    both = make_app(FIELD_KEYS=f"{B},{A}")
    with both.app_context():
        sealing.check()
        run = sealing.rotate(batch=2)
        assert [next(run), next(run)] == [2, 2]
        run.close()  # killed between two batches
        site = sites.get("example.com")
        assert {one.contact for one in requests.queue(site, "closed")} == {MAIL}
        others = deeds()
        assert sealing.left() == 21 + others - 4 and sealing.retire() == []
        db.session.rollback()
    code, said = invoke(both, "sealing", "rotate")
    assert (
        code == 0
        and f"{17 + others} values sealed with the key b" in said
        and "taken out: a." in said
    )
    code, said = invoke(both, "sealing", "rotate")
    assert code == 0 and "0 values sealed" in said
    with make_app(FIELD_KEYS=B).app_context():
        sealing.check()
        [*found] = requests.queue(sites.get("example.com"), "closed")
        assert len(found) == 7
        assert {(one.contact, one.text, one.note) for one in found} == {(MAIL, TEXT, NOTE)}
        assert "s1.a." not in dump()


def test_a_value_that_does_not_open_stops_the_rotation_and_is_kept(
    app: Flask, clock: Clock, make_app: Callable[..., Flask]
) -> None:
    fill(app, clock, 2)
    sealing.check()
    db.session.execute(text("UPDATE request SET text = 's1.a.AAAA' WHERE number = 'N-1'"))
    db.session.commit()
    both = make_app(FIELD_KEYS=f"{B},{A}")
    code, said = invoke(both, "sealing", "rotate")
    assert code == 1 and "request.text was not sealed for this row by the key a" in said
    assert "s1.a.AAAA" in dump()


def test_what_was_plain_before_the_update_is_sealed_by_it(
    empty_database_url: str, make_app: Callable[..., Flask], clock: Clock
) -> None:
    migrate(empty_database_url, "0009")
    made = make_app(DATABASE_URL=empty_database_url)
    with made.app_context():
        old("site", key="example.com")
        old("request", number="N-0", contact=MAIL, text=TEXT, note=None)
        db.session.commit()
    code, said = invoke(made, "migrate")
    assert code == 0, said
    with made.app_context():
        assert MAIL not in dump() and "erase it" not in dump() and "plain." not in dump()
        found = db.session.scalar(select(Request))
        assert found and (found.contact, found.text, found.note) == (MAIL, TEXT, None)


def old(table: str, **values: object) -> None:
    """A row as the database had it then: whatever must be filled gets something."""
    there = Table(table, MetaData(), autoload_with=db.engine)
    blank: dict[type, object] = {int: 0, bool: False, str: "x", object: {}, dict: {}}
    for column in there.columns:
        if not column.nullable and column.name not in values:
            values[column.name] = blank[column.type.python_type]
    values |= {name: 1 for name in ("id", "site_id") if name in there.columns}
    db.session.execute(there.insert().values(values))


def test_the_key_is_made_once_and_kept_private(make_app: Callable[..., Flask]) -> None:
    first = make_app(FIELD_KEYS="").extensions["crumbtrail"].config
    file = first.instance_path / "field_keys"
    assert first.field_keys_kept and file.stat().st_mode & 0o777 == 0o600
    again = make_app(FIELD_KEYS="")
    assert again.extensions["crumbtrail"].config.field_keys == first.field_keys
    code, said = invoke(again, "sealing", "new-key")
    assert code == 0 and "Restart" in said and file.stat().st_mode & 0o777 == 0o600
    third = make_app(FIELD_KEYS="").extensions["crumbtrail"].config
    assert third.field_keys[1:] == first.field_keys and len(third.field_keys) == 2


def test_a_new_key_for_the_environment_is_printed_and_can_be_used(
    make_app: Callable[..., Flask],
) -> None:
    code, said = invoke(make_app(FIELD_KEYS=A), "sealing", "new-key")
    assert code == 0
    fresh = said.splitlines()[0]
    read = config.load({"FIELD_KEYS": f"{fresh}\n{A}", "SECRET_KEY": "x of a test"}).field_keys
    assert [name for name, _ in read] == [fresh.partition(":")[0], "a"]


def test_no_key_shows_itself_where_settings_or_rings_are_printed() -> None:
    read = config.load({"FIELD_KEYS": A, "SECRET_KEY": "the-secret"})
    ring = Keyring(read.field_keys)
    said = f"{read!r} {ring!r} {read}"
    assert "the-secret" not in said and repr(read.field_keys[0][1]) not in said


def fields() -> Iterator[str]:
    yield from (".".join(one.place) for one in sealing.FIELDS)


def test_the_sealed_fields_are_those_of_the_docs(app: Flask) -> None:
    assert {
        "request.contact",
        "request.text",
        "request.note",
        "scan_watch.webhook",
        "scan_watch.secret",
        "scan_watch.email",
        "scan_alert.target",
        "deed.said",
    } <= set(fields())
    assert cli.sealing is sealing
