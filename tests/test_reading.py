"""What visitors read keeps coming: made once, bounded in memory, and without the database."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select
from sqlalchemy.exc import OperationalError

from consent import sites
from consent.db import db
from consent.notices import Notice
from consent.sites import Site
from consent.visitor import shelf
from consent.visitor.reach import AWAY_S
from consent.visitor.recent import Recent
from tests import peaks
from tests.acts import BY, choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.databases import migrate
from tests.postgres import Missing, cluster
from tests.server import Server

SITE = "example.com"
SCRIPT = f"/v1/{SITE}/consent.js"
POLAND = {"X-Forwarded-For": "212.77.98.9"}
DEMO = "iplum.com"
CATEGORIES = {"statistics": False, "marketing": False}
DEMO_RULES = f"/v1/{DEMO}/rules.json"
READ_IN_THE_DEMO = (f"/v1/{DEMO}/consent.js", f"/v1/{DEMO}/declaration.json", DEMO_RULES)
READ = (SCRIPT, f"/v1/{SITE}/declaration.json", f"/v1/{SITE}/rules.json", f"/v1/{SITE}/notice")


@pytest.fixture
def settings() -> dict[str, str]:
    return {"TRUSTED_PROXIES": "127.0.0.1/32", "RATE_CLIENT": "0"}


@pytest.fixture
def digest(app: Flask, clock: Clock) -> str:
    return make_site(app, clock()).digest


@contextmanager
def listening(app: Flask) -> Iterator[list[str]]:
    """The statements that the database is sent."""
    said: list[str] = []

    def hear(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", hear)


@contextmanager
def away(app: Flask) -> Iterator[list[int]]:
    """The database cannot be reached; how often that was tried."""
    tried: list[int] = []

    def fail(*_: Any) -> None:
        tried.append(1)
        raise OperationalError("connect", {}, Exception("refused"))

    with app.app_context():
        db.session.remove()
        engine = db.engine
        engine.dispose()
    event.listen(engine, "do_connect", fail)
    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield tried
    finally:
        event.remove(engine, "do_connect", fail)
        event.remove(engine, "before_cursor_execute", fail)


def ask(client: FlaskClient, path: str = SCRIPT, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers=POLAND | {"Accept-Language": "en"} | named)


# -- once --------------------------------------------------------------------------------------


def test_a_script_that_was_made_is_sent_and_confirmed_without_the_database(
    app: Flask, client: FlaskClient, digest: str, clock: Clock
) -> None:
    made = ask(client, Accept_Encoding="br")
    with listening(app) as said:
        again = ask(client, Accept_Encoding="br")
        confirmed = ask(client, Accept_Encoding="br", If_None_Match=made.headers["ETag"])
    assert said == []
    assert brotli.decompress(again.data) == brotli.decompress(made.data)
    assert (confirmed.status_code, confirmed.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert confirmed.headers[name] == again.headers[name] == made.headers[name]


def test_each_encoding_has_its_own_name_and_the_same_content(
    client: FlaskClient, digest: str
) -> None:
    asked = {
        how: ask(client, Accept_Encoding=how) for how in ("br, gzip", "gzip", "identity", "br;q=0")
    }
    named = [reply.headers["ETag"] for reply in asked.values()]
    assert len(set(named)) == 3 and named[2] == named[3]
    body = asked["identity"].data
    assert body.startswith(b"!function(CMP_CONFIG)")
    assert brotli.decompress(asked["br, gzip"].data) == gzip.decompress(asked["gzip"].data) == body
    wrong = ask(client, Accept_Encoding="gzip", If_None_Match=named[0])
    assert wrong.status_code == 200
    for known in (named[1], f"W/{named[1]}", f'"x", {named[1]}', "*"):
        reply = ask(client, Accept_Encoding="gzip", If_None_Match=known)
        assert reply.status_code == 304, known


def test_what_is_asked_for_again_is_sent_as_small_as_it_gets(
    client: FlaskClient, digest: str
) -> None:
    first, second, third = (ask(client, Accept_Encoding="br") for _ in range(3))
    whole = brotli.decompress(first.data)
    assert second.data == third.data and brotli.decompress(second.data) == whole
    assert len(second.data) <= len(brotli.compress(whole, quality=11))
    assert len(second.data) < len(first.data)
    # The name stays: a browser that has the first need not fetch the second.
    assert first.headers["ETag"] == second.headers["ETag"]


class Forgetful(Recent[Any]):
    """The twin: has forgotten all it was given."""

    def get(self, key: Hashable) -> None:
        return None


@pytest.mark.parametrize(("kind", "times"), [(Recent, 2), (Forgetful, 20)])
def test_an_answer_is_compressed_quickly_then_well_and_never_again(
    client: FlaskClient,
    digest: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Recent[Any]],
    times: int,
) -> None:
    made: list[bytes] = []
    compress = brotli.compress

    def counted(body: bytes, **how: Any) -> bytes:
        made.extend([body] if "quality" in how else [])  # not what is kept on disk
        small: bytes = compress(body, **how)
        return small

    monkeypatch.setattr(shelf, "Recent", kind)
    monkeypatch.setattr(brotli, "compress", counted)
    for number in range(20):
        # Another visitor of the same country, language and signal is sent the same.
        visitor = {"X_Forwarded_For": f"212.77.98.{number}", "User_Agent": f"Browser {number}"}
        assert ask(client, Accept_Encoding="br", **visitor).status_code == 200
    assert len(made) == times


def test_whoever_comes_while_an_answer_is_made_smaller_leaves_nothing_of_it_behind(
    client: FlaskClient, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, compress = ask(client, Accept_Encoding="br"), brotli.compress
    meanwhile: list[bytes] = []

    def slow(body: bytes, **how: Any) -> bytes:
        monkeypatch.setattr(brotli, "compress", compress)
        meanwhile.append(ask(client, Accept_Encoding="br").data)
        small: bytes = compress(body, **how)
        return small

    monkeypatch.setattr(brotli, "compress", slow)
    second, third = (ask(client, Accept_Encoding="br") for _ in range(2))
    assert meanwhile == [first.data]
    assert second.data == third.data and len(third.data) < len(first.data)


@pytest.mark.parametrize(
    ("path", "address", "caching"),
    [
        (SCRIPT, "212.77.98.9", "private, max-age=600, stale-while-revalidate=86400"),
        (SCRIPT, "9.9.9.9", "private, no-cache"),
        (
            f"/v1/{SITE}/PL/en/consent.js",
            "9.9.9.9",
            "public, max-age=600, stale-while-revalidate=86400",
        ),
        (f"/v1/{SITE}/US/en/consent.js", "212.77.98.9", "public, no-cache"),
    ],
)
def test_a_strict_answer_may_be_kept_and_a_lax_one_is_asked_for_each_time(
    client: FlaskClient, digest: str, path: str, address: str, caching: str
) -> None:
    first = ask(client, path, X_Forwarded_For=address)
    known = ask(client, path, X_Forwarded_For=address, If_None_Match=first.headers["ETag"])
    assert (first.status_code, known.status_code) == (200, 304)
    assert first.headers["Cache-Control"] == known.headers["Cache-Control"] == caching


def test_what_an_answer_depends_on_makes_another_answer(
    app: Flask, client: FlaskClient, digest: str, clock: Clock
) -> None:
    base = ask(client).data
    for changed in (
        {"Sec_GPC": "1"},
        {"X_Forwarded_For": "9.9.9.9"},
        {"Host": SITE},
    ):
        assert ask(client, **changed).data != base, changed
    assert ask(client, f"/v1/{SITE}/PL/en/consent.js").data != base
    clock.advance(days=1)
    tomorrow = ask(client).data
    assert tomorrow != base
    with app.app_context():
        sites.change(sites.get(SITE), BY, clock(), cookie_domain=SITE)
    clock.advance(seconds=2)
    assert f'"domain":"{SITE}"'.encode() in ask(client).data


def test_a_host_that_is_nobodys_is_answered_and_not_kept(
    app: Flask, client: FlaskClient, digest: str
) -> None:
    ask(client)
    with app.app_context():
        before = len(shelf.shelf("packed"))
        for number in range(5):
            assert ask(client, Host=f"host{number}.invalid").status_code == 200
        assert len(shelf.shelf("packed")) == before


# -- without the database ----------------------------------------------------------------------


def test_what_visitors_read_comes_from_memory_while_the_database_is_away(
    app: Flask, client: FlaskClient, digest: str, clock: Clock
) -> None:
    known = {path: ask(client, path) for path in READ}
    with away(app) as tried:
        for _ in range(3):
            clock.advance(seconds=5)
            for path in READ:
                now = ask(client, path)
                assert (now.status_code, now.data) == (200, known[path].data), path
        # One request looks whether it is back; the others do not wait for it.
        assert 1 <= len(tried) <= 3
        # A variant nobody asked for yet: without a name under which it was kept, so not kept.
        other = ask(client, X_Forwarded_For="9.9.9.9")
        assert other.status_code == 200 and b'"answer":null' in other.data
        unknown = ask(client, "/v1/unknown.example/consent.js")
        assert (unknown.status_code, unknown.get_json()["error"]["code"]) == (503, "busy")
        assert int(unknown.headers["Retry-After"]) >= 1
        refused = post_choice(client, SITE, choice_body(digest, clock()))
        assert refused.status_code == 503 and int(refused.headers["Retry-After"]) >= 1
    clock.advance(seconds=AWAY_S + 1)
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    assert b'"answer":"' in ask(client, X_Forwarded_For="9.9.9.9").data
    assert ask(client, "/v1/unknown.example/consent.js").status_code == 404


# -- bounded -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "bounded"), [(Recent, True), (peaks.Unbounded, False)])
def test_a_shelf_is_never_heavier_than_its_limit_and_keeps_what_is_used(
    kind: Callable[[int], Recent[bytes]], bounded: bool
) -> None:
    held = kind(100_000)
    tracemalloc.start()
    for number in range(2_000):
        held.put(number, bytes(1_000), 1_000)
        held.get(0)
    bytes_held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held.get(0) is not None
    assert (held.weight <= 100_000, len(held) <= 100, bytes_held < 200_000) == (bounded,) * 3
    held.put("too heavy", b"", 100_001)
    assert (held.get("too heavy") is None) is bounded


def test_many_published_sites_are_served_within_the_limits(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shelves of a hundredth for ten sites: what does not fit is made again, and is the same."""
    small = {name: limit // 100 for name, limit in shelf.LIMITS.items()}
    monkeypatch.setattr(shelf, "LIMITS", small)
    app = make_app(TRUSTED_PROXIES="127.0.0.1/32")
    keys = [f"site{number}.example" for number in range(10)]
    for key in keys:
        make_site(app, clock(), key)
    client, ways = app.test_client(), ("212.77.98.9", "9.9.9.9", "133.0.0.1", "46.4.0.1")
    seen: dict[tuple[str, str], bytes] = {}
    for _ in range(2):
        for key in keys:
            for address in ways:
                said = ask(client, f"/v1/{key}/consent.js", X_Forwarded_For=address).data
                assert seen.setdefault((key, address), said) == said
    with app.app_context():
        for name, limit in small.items():
            assert shelf.shelf(name).weight <= limit, name
        assert 0 < len(shelf.shelf("packed")) < len(seen)


def test_what_strangers_make_up_is_not_remembered(
    app: Flask, client: FlaskClient, digest: str
) -> None:
    seen = ask(client, Accept_Encoding="br")
    for _ in range(3):
        ask(client, Accept_Encoding="br")
    with app.app_context():
        before = len(shelf.shelf("said"))
        assert before
    long = "".join(f"{letter}-" for letter in "abcdefghijklmnopqrstuvwxyz") * 20
    known = {"Accept_Encoding": "br", "If_None_Match": seen.headers["ETag"]}
    for headers in (known, known | {"If_None_Match": f'{known["If_None_Match"]}, "{long}"'}):
        for number in range(3):
            path = f"/v1/{SITE}/{long}{number * 'x'}/consent.js" if headers is known else SCRIPT
            assert ask(client, path, **headers).status_code == 304
    with app.app_context():
        assert len(shelf.shelf("said")) == before


def copies(app: Flask, count: int) -> list[str]:
    """So many sites, each with a published notice, copied from one; their keys."""
    made = []
    with app.app_context():
        of = db.session.execute(select(Site.__table__)).mappings().one()
        notice = db.session.execute(select(Notice.__table__)).mappings().one()
        for number in range(count):
            key = f"copy{number}.example"
            values = {name: value for name, value in of.items() if name != "id"} | {"key": key}
            made_site = db.session.execute(insert(Site.__table__).values(values).returning(Site.id))
            values = {name: value for name, value in notice.items() if name != "id"}
            values |= {"site_id": made_site.scalar_one(), "digest": f"{number:064x}"}
            db.session.execute(insert(Notice.__table__).values(values))
            made.append(key)
        db.session.commit()
    return made


@pytest.mark.sqlite_only
@pytest.mark.parametrize(("kind", "bounded"), [("Recent", True), ("Unbounded", False)])
def test_a_thousand_published_sites_take_no_more_memory_than_the_shelves_may_weigh(
    app: Flask, digest: str, tmp_path: Path, kind: str, bounded: bool
) -> None:
    copies(app, 1_020)
    found = peaks.measured(app, tmp_path / "peaks", "scripts", kind)
    assert (found["weigh"] <= found["most"], found["held"] <= found["most"]) == (bounded,) * 2


def test_a_server_whose_postgresql_was_stopped_serves_and_refuses_choices_for_now(
    tmp_path: Path,
) -> None:
    try:
        with cluster() as private:
            migrate(private.create("stopped"))
            server = Server(tmp_path, private.url("stopped"))
            server.start()
            known = {path: server.get(path) for path in READ_IN_THE_DEMO}
    except Missing as why:
        pytest.skip(str(why))
    try:
        for path, before in known.items():
            now = server.get(path)
            assert (now.status, now.body) == (200, before.body), path
            named = server.get(path, If_None_Match=before.headers["ETag"])
            assert named.status == 304, path
        body = choice_body(known[DEMO_RULES].json()["notice"], datetime.now(UTC))
        body |= {"categories": CATEGORIES, "page": f"https://{DEMO}/"}
        sent = json.dumps(body).encode()
        refused = server.post(
            f"/v1/{DEMO}/consents", sent, Origin=f"https://{DEMO}", Content_Type="text/plain"
        )
        assert (refused.status, refused.json()["error"]["code"]) == (503, "busy"), refused.text
        assert int(refused.headers["Retry-After"]) >= 1
    finally:
        server.kill()
