"""INGEST: a choice is taken by a stream, and by the database when it is there.

The database of these tests is stopped, so each module run has one of its own. Under load, and with
parts that are killed: tests/faults/test_stream.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import keeper
from consent import ledger, notices, parts, rollup, sites, tokens, users
from consent.db import db
from consent.ingest import Keeper, Stream
from consent.ingest.message import subject_of
from consent.leaf import visitor_id
from consent.ledger.fsck import fsck
from consent.records.names import Names
from consent.records.rows import ERASED, Row
from consent.records.runs import Indexing
from tests import stoppable
from tests.acts import BY, SECRET, choice_body, make_site, post_choice
from tests.conftest import Clock
from tests.jetstream import Jetstream, Missing, jetstream
from tests.postgres import Cluster
from tests.test_admin import EMAIL, WORDS, Owner

PATIENCE = 120.0
SITE, OTHER = "example.com", "example.org"
YES = {"action": "accept_all", "categories": {"statistics": True, "marketing": True}}
AS_VISITOR = {"Authorization": f"Visitor {SECRET}"}
postgres, databases = stoppable.postgres, stoppable.databases


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Jetstream]:
    try:
        with jetstream(tmp_path / "nats") as running:
            yield running
    except Missing as why:
        pytest.skip(str(why))


@pytest.fixture
def settings(servers: Jetstream) -> dict[str, str]:
    return {"INGEST": servers.urls, "RATE_CLIENT": "0"}


@pytest.fixture
def stream(app: Flask) -> Stream:
    found: Stream = app.extensions["crumbtrail"].stream
    assert found.opened(PATIENCE)
    return found


@pytest.fixture
def keep(app: Flask, clock: Clock, stream: Stream) -> Iterator[Callable[[], Keeper]]:
    """`keep()`: something that empties the stream from now on."""
    made: list[Keeper] = []

    def begin() -> Keeper:
        made.append(keeper(app, clock, stream))
        return made[-1]

    yield begin
    for one in made:
        one.close()


@pytest.fixture
def digest(app: Flask, clock: Clock, stream: Stream) -> str:
    return make_site(app, clock()).digest


@pytest.fixture
def known(
    client: FlaskClient, clock: Clock, digest: str, keep: Callable[[], Keeper]
) -> tuple[dict[str, Any], bytes]:
    """A choice that is stored, and what it was answered."""
    body = choice_body(digest, clock())
    first = post_choice(client, SITE, body)
    keep()
    until(lambda: stored() == 1, "not stored")
    db.session.remove()
    return body, first.data


@pytest.fixture
def away(postgres: Cluster, clock: Clock, client: FlaskClient, digest: str) -> Iterator[Cluster]:
    """The database is stopped, after the site was served once."""
    assert client.get(f"/v1/{SITE}/consent.js").status_code == 200
    db.session.remove()
    postgres.stop()
    yield postgres
    back(postgres, clock)


def back(postgres: Cluster, clock: Clock) -> None:
    if postgres._process is None:
        postgres.start()
        clock.advance(seconds=3)


def until(right: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not right():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def stored() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Row)) or 0


def empty(stream: Stream) -> bool:
    return stream.state().waiting == 0


def test_a_choice_is_answered_before_the_database_has_it_and_stored_once(
    client: FlaskClient, clock: Clock, stream: Stream, digest: str, keep: Callable[[], Keeper]
) -> None:
    bodies = [choice_body(digest, clock()) for _ in range(20)]
    replies = [post_choice(client, SITE, body) for body in bodies]
    assert [reply.status_code for reply in replies] == [201] * 20, replies[0].text
    assert stored() == 0
    assert stream.state().waiting == 20
    keep()
    until(lambda: empty(stream), "the stream is not emptied")
    assert stored() == 20
    again = [post_choice(client, SITE, body) for body in bodies]
    assert [(a.status_code, a.data) for a in again] == [(200, r.data) for r in replies]
    assert stored() == 20


def test_what_was_answered_is_what_the_log_proves(
    app: Flask, client: FlaskClient, clock: Clock, digest: str, keep: Callable[[], Keeper]
) -> None:
    replies = [post_choice(client, SITE, choice_body(digest, clock())) for _ in range(5)]
    keep()
    until(lambda: stored() == 5, "not stored")
    book: ledger.Ledger = app.extensions["crumbtrail"].ledger
    book.tick(clock.advance(seconds=1))
    for reply in replies:
        told = client.get(reply.json["receipt"], headers=AS_VISITOR).json
        assert json.loads(told["proof"]["entry"])["c"] == reply.json["commitment"]
    assert list(fsck(book.signer, clock())) == []
    assert rollup.rebuild(sites.get(SITE)).wrong == []


def test_a_repeat_that_is_not_stored_yet_gets_the_first_answer_and_another_content_is_refused(
    client: FlaskClient, clock: Clock, digest: str, stream: Stream
) -> None:
    body = choice_body(digest, clock())
    first = post_choice(client, SITE, body)
    again = post_choice(client, SITE, body)
    assert (again.status_code, again.data) == (200, first.data)
    other = post_choice(client, SITE, body | {"page": "https://example.com/elsewhere"})
    assert (other.status_code, other.json["error"]["code"]) == (422, "id_reused")
    assert stream.state().waiting == 1


def test_without_a_database_choices_are_taken_repeated_and_shown_to_their_visitor(
    client: FlaskClient, clock: Clock, away: Cluster, digest: str, keep: Callable[[], Keeper]
) -> None:
    keep()
    bodies = [choice_body(digest, clock()) for _ in range(5)]
    replies = [post_choice(client, SITE, body) for body in bodies]
    assert [reply.status_code for reply in replies] == [201] * 5, replies[0].text
    again = post_choice(client, SITE, bodies[0])
    assert (again.status_code, again.data) == (200, replies[0].data)
    told = client.get(replies[0].json["receipt"], headers=AS_VISITOR)
    assert told.status_code == 200
    assert (told.json["proof"], told.json["record"]["log"]) == (None, None)
    assert told.json["record"]["id"] == bodies[0]["id"]
    strange = {"Authorization": "Visitor somebody-elses-secret_01"}
    assert client.get(replies[0].json["receipt"], headers=strange).status_code == 503
    ready = client.get("/readyz")
    assert (ready.status_code, "database" in ready.json["warnings"]) == (200, True)
    back(away, clock)
    until(lambda: stored() == 5, "not stored after the outage")


def test_without_a_database_who_says_no_age_is_granted_nothing_where_it_is_asked(
    app: Flask, client: FlaskClient, clock: Clock, postgres: Cluster, stream: Stream
) -> None:
    make_site(app, clock(), OTHER)
    site = sites.get(OTHER)
    sites.change(site, BY, clock(), facts={**site.facts, "min_age": 18, "ask_age": True})
    asking = notices.publish(site, BY, clock()).digest
    assert client.get(f"/v1/{OTHER}/consent.js").status_code == 200
    known = choice_body(asking, clock(), **YES)
    first = post_choice(client, OTHER, known)
    assert (first.status_code, first.json.get("denied")) == (201, None)
    db.session.remove()
    postgres.stop()
    again = post_choice(client, OTHER, known)
    silent = post_choice(client, OTHER, choice_body(asking, clock(), **YES))
    sent = {"Origin": f"https://{OTHER}", "Content-Type": "text/plain"}
    grown = client.post(
        f"/v1/{OTHER}/consents?age=over",
        data=json.dumps(choice_body(asking, clock(), **YES)),
        headers=sent,
    )
    back(postgres, clock)
    assert (again.status_code, again.data) == (200, first.data)
    assert (silent.status_code, silent.json["denied"]) == (201, "age")
    assert (grown.status_code, grown.json.get("denied")) == (201, None)


def test_without_a_database_an_id_that_may_be_stored_long_ago_is_not_taken_twice(
    client: FlaskClient, clock: Clock, away: Cluster, digest: str
) -> None:
    old = choice_body(digest, clock())
    clock.advance(minutes=11)
    reply = post_choice(client, SITE, old)
    assert (reply.status_code, reply.json["error"]["code"]) == (503, "busy")
    assert "Retry-After" in reply.headers
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201


def test_a_stored_choice_is_known_when_the_database_goes_away(
    client: FlaskClient, clock: Clock, postgres: Cluster, known: tuple[dict[str, Any], bytes]
) -> None:
    body, answer = known
    postgres.stop()
    again = post_choice(client, SITE, body)
    back(postgres, clock)
    assert (again.status_code, again.data) == (200, answer)


def test_a_stored_choice_is_known_when_the_database_goes_away_while_it_is_looked_up(
    client: FlaskClient,
    clock: Clock,
    postgres: Cluster,
    known: tuple[dict[str, Any], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body, answer = known
    learn = Names.learn

    def late(names: Names, numbers: Any) -> None:
        monkeypatch.undo()
        postgres.stop()
        learn(names, numbers)

    monkeypatch.setattr(Names, "learn", late)
    again = post_choice(client, SITE, body)
    assert postgres._process is None
    back(postgres, clock)
    assert (again.status_code, again.data) == (200, answer)


def test_without_a_stream_nothing_is_promised(
    client: FlaskClient, clock: Clock, digest: str, servers: Jetstream
) -> None:
    servers.end()
    reply = post_choice(client, SITE, choice_body(digest, clock()))
    assert (reply.status_code, reply.json["error"]["code"]) == (503, "busy")
    assert "Retry-After" in reply.headers
    assert "ingest" in client.get("/readyz").json["warnings"]


def test_two_servers_that_gave_the_same_microsecond_are_both_stored(
    make_app: Callable[..., Flask],
    settings: dict[str, str],
    client: FlaskClient,
    clock: Clock,
    digest: str,
    keep: Callable[[], Keeper],
) -> None:
    other = make_app(**settings).test_client()  # the same clock, which stands still
    replies = [
        post_choice(one, SITE, choice_body(digest, clock()))
        for _ in range(10)
        for one in (client, other)
    ]
    assert {reply.status_code for reply in replies} == {201}
    keep()
    until(lambda: stored() == 20, "not all are stored")
    assert len(set(db.session.scalars(select(Row.seq)))) == 20
    shown = {
        client.get(r.json["receipt"], headers=AS_VISITOR).json["record"]["id"] for r in replies
    }
    assert len(shown) == 20


def test_a_choice_that_the_database_contradicts_is_kept_for_a_person(
    app: Flask,
    make_app: Callable[..., Flask],
    client: FlaskClient,
    clock: Clock,
    digest: str,
    stream: Stream,
    keep: Callable[[], Keeper],
) -> None:
    """An id that was stored without the stream, and whose repeat the stream took on its own."""
    direct = make_app(RATE_CLIENT="0").test_client()
    body = choice_body(digest, clock())
    assert post_choice(client, SITE, body).status_code == 201
    assert post_choice(direct, SITE, body | {"layer": 2}).status_code == 201
    held = json.loads(stream.first(SITE, bytes.fromhex(body["id"].replace("-", ""))) or b"")
    held["row"] |= {"site_id": 999, "id": "07" * 16}
    stream.put("gone.example", bytes.fromhex("07" * 16), json.dumps(held).encode())
    stream.put(SITE, bytes(16), b"no choice at all")
    keep()
    until(lambda: stream.state().conflicts == 3, "no conflict is kept")
    assert empty(stream)
    assert stored() == 1
    assert sorted(why for why, _ in stream.conflicts()) == ["id_reused", "malformed", "refused"]
    assert "conflicts" in client.get("/readyz").json["warnings"]
    result = app.test_cli_runner().invoke(args=["ingest", "conflicts"])
    assert result.exit_code == 0 and body["id"] in result.output
    result = app.test_cli_runner().invoke(args=["ingest", "status"])
    assert result.exit_code == 0 and "waiting for the database: 0\n" in result.output


Door = Callable[[str], bool]  # by a record's id: whether all of its visitor's are erased, or busy


def by_the_visitor(app: Flask, clock: Clock) -> Door:
    client = app.test_client()
    return lambda _: done(client.post(f"/v1/{SITE}/visitor/erase", headers=AS_VISITOR))


def by_the_owner(app: Flask, clock: Clock) -> Door:
    users.add_user(EMAIL, WORDS, BY, clock())
    owner = Owner(app.test_client())
    assert owner.sign_in().status_code == 303
    wish = {"reason": "Asked for", "scope": "visitor", "sure": "yes"}
    return lambda number: done(owner.send(f"/sites/{SITE}/records/{number}/erase", wish))


def by_a_program(app: Flask, clock: Clock) -> Door:
    user, _ = users.add_user(EMAIL, WORDS, BY, clock())
    ends = clock() + timedelta(days=1)
    token = tokens.create_token(user, users.seats(user)[0], "owner", "Ours", ends, BY, clock())
    client, bearer = app.test_client(), {"Authorization": f"Bearer {token}"}
    wish = {"reason": "Asked for", "scope": "visitor"}
    path = f"/v1/admin/sites/{SITE}/records"
    return lambda number: done(client.post(f"{path}/{number}/erase", json=wish, headers=bearer))


def at_a_terminal(app: Flask, clock: Clock) -> Door:
    wish = ["record", "erase", SITE, "--visitor", visitor_id(SITE, SECRET), "--reason", "Asked for"]

    def erase(_: str) -> bool:
        result = app.test_cli_runner().invoke(args=wish)
        assert result.exit_code == 0 or "Nothing was stored; please repeat." in result.output
        return result.exit_code == 0

    return erase


def done(reply: TestResponse) -> bool:
    assert reply.status_code in (200, 303, 503), reply.text
    return reply.status_code != 503


DOORS = (by_the_visitor, by_the_owner, by_a_program, at_a_terminal)


@pytest.fixture(params=DOORS, ids=lambda door: door.__name__)
def erase(request: pytest.FixtureRequest, app: Flask, clock: Clock, digest: str) -> Door:
    door: Door = request.param(app, clock)
    return door


def erased_whole(
    erase: Door, app: Flask, client: FlaskClient, clock: Clock, keep: Callable[[], Keeper]
) -> None:
    """One choice is in the log, another under way; when both are stored, both are erased."""
    digest = notices.versions(sites.get(SITE))[0].digest
    tick = app.extensions["crumbtrail"].ledger.tick
    first = choice_body(digest, clock())
    assert post_choice(client, SITE, first).status_code == 201
    keeping = keep()
    until(lambda: stored() == 1, "not stored")
    keeping.close()
    tick(clock.advance(seconds=1))
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    at_once = erase(first["id"])
    keep()
    until(lambda: stored() == 2, "not stored")
    tick(clock.advance(seconds=1))
    if not at_once:
        until(lambda: erase(first["id"]), "never erased")
    db.session.rollback()
    left = [row for row in db.session.scalars(select(Row)) if not row.flags & ERASED]
    assert not left, "a choice that was under way is left"


def test_nothing_is_erased_while_a_record_is_on_its_way(
    erase: Door, app: Flask, client: FlaskClient, clock: Clock, keep: Callable[[], Keeper]
) -> None:
    erased_whole(erase, app, client, clock, keep)


def test_twin_an_erasure_that_does_not_wait_leaves_what_was_under_way(
    erase: Door,
    app: Flask,
    client: FlaskClient,
    clock: Clock,
    keep: Callable[[], Keeper],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "settled", lambda stream: None)
    with pytest.raises(AssertionError, match="a choice that was under way is left"):
        erased_whole(erase, app, client, clock, keep)


def test_what_was_stored_a_while_ago_leaves_the_stream_and_is_known_to_the_database(
    client: FlaskClient, clock: Clock, digest: str, stream: Stream, keep: Callable[[], Keeper]
) -> None:
    body = choice_body(digest, clock())
    number = bytes.fromhex(body["id"].replace("-", ""))
    first = post_choice(client, SITE, body)
    keeping = keep()
    until(lambda: stored() == 1, "not stored")
    until(lambda: empty(stream), "not heard")
    for _ in range(2):
        samples = len(keeping._seen)
        clock.advance(minutes=2)
        until(lambda: len(keeping._seen) > samples, "nothing is noted")  # noqa: B023
    assert stream.first(SITE, number) is not None
    clock.advance(minutes=21)
    until(lambda: stream.first(SITE, number) is None, "it stays in the stream")
    again = post_choice(client, SITE, body)
    assert (again.status_code, again.data) == (200, first.data)


@pytest.mark.parametrize("secret", ["early-secret-of-one_01", "late-secret-of-another_01"])
def test_a_choice_that_is_stored_late_is_found_by_its_visitor(
    client: FlaskClient,
    clock: Clock,
    digest: str,
    keep: Callable[[], Keeper],
    make_app: Callable[..., Flask],
    secret: str,
) -> None:
    """Others of the site were stored meanwhile, and are in a run of the visitors' index."""
    direct = make_app(RATE_CLIENT="0").test_client()
    early = choice_body(digest, clock(), visitor="early-secret-of-one_01")
    assert post_choice(direct, SITE, early).status_code == 201
    clock.advance(seconds=1)
    late = choice_body(digest, clock(), visitor="late-secret-of-another_01")
    assert post_choice(client, SITE, late).status_code == 201
    for _ in range(3):
        clock.advance(seconds=1)
        assert post_choice(direct, SITE, choice_body(digest, clock())).status_code == 201
    clock.advance(minutes=5)
    Indexing(size=2)(clock())
    keep()
    until(lambda: stored() == 5, "not stored")
    for _ in range(2):
        asked = {"Authorization": f"Visitor {secret}"}
        found = client.get(f"/v1/{SITE}/visitor/records", headers=asked).json["records"]
        assert [one["visitor"] for one in found] == [visitor_id(SITE, secret)]
        Indexing(size=2)(clock.advance(minutes=2))  # built again, it is in a run


def test_what_the_stream_holds_names_no_secret(
    client: FlaskClient, clock: Clock, digest: str, stream: Stream
) -> None:
    body = choice_body(digest, clock())
    post_choice(client, SITE, body)
    held = stream.first(SITE, bytes.fromhex(body["id"].replace("-", "")))
    assert held is not None and SECRET.encode() not in held


def test_a_site_is_one_word_of_a_subject() -> None:
    number = bytes(16)
    words = subject_of("shop.example.com", number).split(".")
    assert words[:3] == ["crumbtrail", "consents", "shop%2Eexample%2Ecom"]
    assert len(words) == 4
    assert subject_of("a*b>c d", number).split(".")[2] == "a%2Ab%3Ec%20d"
