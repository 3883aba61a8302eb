"""The hot road and Flask's give one answer: status, headers, bytes and rows, whatever is sent."""

from __future__ import annotations

import contextlib
import copy
import gzip
import io
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app import create_app
from consent import config, leaf, logs, notices, schemas, serving, sites
from consent.db import db
from consent.errors import Refusal
from consent.records import Choice, Writer, job
from consent.records.beside import KeptAddress
from consent.serving import Serving
from consent.strict_json import Malformed, parse
from consent.visitor import hot, packed, quick, taking
from consent.visitor import script as script_module
from tests.acts import BY, SECRET, choice_body, make_site, uuid7
from tests.conftest import START, Clock
from tests.databases import Databases, lent
from tests.looped import Looped
from tests.test_choices import CANNOT_BE
from tests.test_strict_json import REFUSED

SITE = "example.com"
PAGE = "https://example.com"
TABLES = ("record", "waiting", "record_flag", "record_denial", "rollup", "rule", "place", "page")
BESIDE = "record_address"  # sealed anew each time, so it is compared opened
DIGEST = "a" * 64

# -- the body ----------------------------------------------------------------------------------

FULL = choice_body(
    DIGEST,
    START,
    action="save",
    categories={"statistics": True, "marketing": False},
    services={"google-analytics": True, "ads": False},
    shown_at="2026-11-21T09:59:50.250+02:00",
    answer="b" * 64,
    device="phone",
    previous=uuid7(START),
    signals={"gpc": True, "dnt": False},
)
OPTIONAL = ("visitor", "services", "shown_at", "answer", "device", "previous")
TWICE = (
    '"action":"accept_all"',
    '"signals":{"gpc":true}',
    '"services":{"ads":true}',
    '"categories":{}',
    '"v":1',
)
ODD = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"a"',
    b"\xef\xbb\xbf{}",
    b"[" * 8000,
    json.dumps(FULL).encode("utf-16"),
    json.dumps(FULL).replace("example", "ex\\u0061mple").encode(),
    json.dumps(FULL, ensure_ascii=False).replace("pricing", "cennik-ł").encode(),
    json.dumps(FULL).replace("pricing", "a\tb").encode(),
    json.dumps(FULL).replace("pricing", "a\x7fb").encode(),
    json.dumps(FULL).replace('"v": 1', '"v": 1.0').encode(),
    json.dumps(FULL).replace('"layer": 1', '"layer": -0').encode(),
    json.dumps(FULL).replace('"layer": 1', '"layer": 1e0').encode(),
    json.dumps(FULL).replace('"layer": 1', '"layer": 01').encode(),
    json.dumps(FULL).replace('"ads": false', '"ads": false, "ads": true').encode(),
    json.dumps(FULL).replace('"gpc": true', '"gpc": true, "gpc": false').encode(),
    json.dumps(FULL).encode() + b" x",
    json.dumps({**FULL, "page": PAGE + "/" + "a" * 600}).encode(),
    json.dumps({**FULL, "services": {f"s{n}": False for n in range(65)}}).encode(),
    *(f"{{{again},{json.dumps(FULL)[1:]}".encode() for again in TWICE),
    *(f"{json.dumps(FULL)[:-1]},{again}}}".encode() for again in TWICE),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


def slowly(data: bytes) -> Choice | None:
    """What Flask's road reads in a body, or None for a refusal."""
    try:
        return schemas.choice(parse(data))
    except (Malformed, Refusal):
        return None


def misread(read: Callable[[bytes], Choice | None], data: bytes) -> bool:
    found = read(data)
    return found is not None and found != slowly(data)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A whole choice in which something was changed, as JSON or as bytes."""
    body: dict[str, Any] = json.loads(json.dumps(FULL))
    for name in draw(st.lists(st.sampled_from([*body, "ip"]), max_size=3)):
        how = draw(st.sampled_from(("drop", "value", "inside")))
        if how == "drop":
            body.pop(name, None)
        elif how == "inside" and isinstance(body.get(name), dict):
            body[name][draw(st.text(max_size=9) | st.sampled_from(["ads", "dnt"]))] = draw(VALUES)
        else:
            other = draw(VALUES | st.sampled_from([*FULL.values()]))
            body[name] = copy.deepcopy(other)
    text = json.dumps(body, ensure_ascii=draw(st.booleans()))
    data = text.encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        at = draw(st.integers(0, len(data)))
        drawn = draw(st.binary(max_size=3) | st.sampled_from([w.encode() + b"," for w in TWICE]))
        data = data[:at] + drawn + data[at + draw(st.integers(0, 2)) :]
    return data


@settings(max_examples=400)
@given(bodies())
def test_what_is_read_at_once_is_what_the_schemas_read(data: bytes) -> None:
    assert not misread(quick.choice, data)


@settings(max_examples=200)
@given(st.text(), st.integers(-(2**53) + 1, 2**53 - 1), st.none() | st.booleans())
def test_what_is_committed_to_at_once_is_the_canonical_form(
    text: str, number: int, other: bool | None
) -> None:
    record = {"page": text, "layer": number, "signals": {"gpc": other, "dnt": [text]}}
    assert job.canonical(record) == leaf.jcs(record)


@pytest.mark.parametrize("data", [*REFUSED.values(), *ODD])
def test_no_odd_body_is_read_at_once_as_another(data: bytes) -> None:
    assert not misread(quick.choice, data)


@pytest.mark.parametrize("without", [(), *((name,) for name in OPTIONAL), OPTIONAL])
def test_a_body_in_order_is_read_at_once(without: tuple[str, ...]) -> None:
    body = {name: value for name, value in FULL.items() if name not in without}
    for signals in ({"gpc": False}, FULL["signals"]):
        data = json.dumps({**body, "signals": signals}).encode()
        assert quick.choice(data) == slowly(data) != None  # noqa: E711 - all three are compared


@pytest.mark.parametrize("check", ["_quotes", "_fits"])
def test_a_reader_with_a_check_less_is_found_out(
    check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Any_(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

        def __ne__(self, other: object) -> bool:
            return False

    monkeypatch.setattr(quick, check, lambda sent: Any_(1))
    more = [json.dumps({**FULL, name: "?"}).encode() for name in FULL]
    assert [data for data in [*ODD, *more] if misread(quick.choice, data)]


# -- the roads ---------------------------------------------------------------------------------


@dataclass
class Sent:
    """One request; a header of None is not sent."""

    name: str
    data: bytes
    headers: dict[str, str | None] = field(default_factory=dict)
    method: str = "POST"
    path: str = f"/v1/{SITE}/consents"
    environ: dict[str, Any] = field(default_factory=dict)

    def to(self, app: Flask) -> TestResponse:
        named = {"Origin": PAGE, "Content-Type": "text/plain;charset=UTF-8", **self.headers}
        sent = {name: value for name, value in named.items() if value is not None}
        how: dict[str, Any] = {"data": self.data}
        if self.environ:
            how = {"input_stream": io.BytesIO(self.data), "environ_overrides": self.environ}
        client = app.test_client(use_cookies=False)
        return client.open(self.path, method=self.method, headers=sent, **how)


@dataclass
class Roads:
    """Two apps that differ in nothing but the road: the same clock, keys, salts and notice."""

    hot: Flask
    plain: Flask
    digest: str
    clock: Clock
    answered: list[str] = field(default_factory=list)  # on the hot road

    def unlike(self, asked: list[Sent]) -> list[str]:
        """Which requests were answered otherwise, and which tables are others afterwards."""
        found = []
        for one in asked:
            replies = [one.to(app) for app in (self.hot, self.plain)]
            said = [(r.status, _timeless(r), r.get_data()) for r in replies]
            if said[0] != said[1]:
                found.append(one.name)
        kept = [_kept(app) for app in (self.hot, self.plain)]
        return found + [name for name in kept[0] if kept[0][name] != kept[1][name]]

    def both(self, act: Callable[[], object]) -> None:
        for app in (self.hot, self.plain):
            with app.app_context():
                act()

    def body(self, **changes: Any) -> bytes:
        return json.dumps(choice_body(self.digest, self.clock.now, **changes)).encode()


def _timeless(reply: TestResponse) -> list[tuple[str, str]]:
    """All headers; a cookie's Expires is its Max-Age by the wall clock, which goes on between."""
    return [(name, re.sub(r"Expires=[^;]+; ", "", value)) for name, value in reply.headers]


def _kept(app: Flask) -> dict[str, list[Any]]:
    with app.app_context():
        kept = {
            name: sorted(
                repr(tuple(row)) for row in db.session.execute(select(db.metadata.tables[name]))
            )
            for name in TABLES
        }
        opened = db.session.scalars(select(KeptAddress).order_by(KeptAddress.seq))
        return {**kept, BESIDE: [(row.record, row.seq, row.address) for row in opened]}


MakeRoads = Callable[..., Roads]


@pytest.fixture(params=["a thread waits", "the loop goes on"])
def make_roads(
    request: pytest.FixtureRequest,
    databases: Databases,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MakeRoads]:
    monkeypatch.setattr("secrets.token_bytes", lambda n=32: bytes(range(n)))
    with contextlib.ExitStack() as stack:

        def make(site: dict[str, Any] | None = None, **environ: str) -> Roads:
            apps, digests = [], []
            for road in ("hot", "plain"):
                values = {
                    "DATABASE_URL": stack.enter_context(lent(databases)),
                    "INSTANCE_PATH": str(tmp_path / road),
                    "SECRET_KEY": "not a secret",
                    "TRUSTED_PROXIES": "127.0.0.0/8",
                    **environ,
                }
                app = create_app(config.load(values), clock)
                app.testing = True
                stack.callback(_close, app)
                notice = make_site(
                    app, clock.now, **{"preview_hosts": ["preview.example"], **(site or {})}
                )
                apps.append(app)
                digests.append(notice.digest)
            assert digests[0] == digests[1]
            made = Roads(apps[0], apps[1], digests[0], clock)
            road = apps[0].extensions["hot"]
            apps[1].wsgi_app = apps[1].wsgi_app._flask  # type: ignore[method-assign,attr-defined]
            if request.param == "the loop goes on":
                looped = Looped(Serving(apps[0].wsgi_app, road))
                stack.callback(looped.close)
                apps[0].wsgi_app = looped  # type: ignore[method-assign]
            ended = road._ended

            def noted(way: hot.Road, status: int, refused: str | None, began: float) -> None:
                made.answered.append(refused or str(status))
                ended(way, status, refused, began)

            road._ended = noted
            return made

        yield make


def _close(app: Flask) -> None:
    app.extensions["crumbtrail"].close()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def everything(roads: Roads) -> list[Sent]:
    """Every kind of request that CONTRACT speaks of, and some that it does not."""
    body, now = roads.body, roads.clock.now
    one, other = body(), body()
    refused = {
        name: choice_body(roads.digest, now, **change) for name, (_, change) in CANNOT_BE.items()
    }
    headers: list[dict[str, str | None]] = [
        {"Origin": None},
        {"Origin": "https://evil.com"},
        {"Origin": "null"},
        {"Origin": "https://EXAMPLE.com"},
        {"Origin": "http://localhost:5173"},
        {"Origin": "https://preview.example"},
        {"Origin": "https://exa\u00e4mple.com"},
        {"Content-Type": None},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": "text/plain;charset=iso-8859-1"},
        {"Content-Type": "application/problem+json"},
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": ""},
        {"Sec-GPC": "1"},
        {"X-Forwarded-For": "83.12.34.56"},
        {"X-Forwarded-For": "24.48.0.1, 127.0.0.1"},
        {"X-Forwarded-For": "not an address"},
        {"X-Forwarded-For": "[2001:db8::1]:443"},
        {"CF-IPCountry": "FR"},
        {"User-Agent": "Mozilla/5.0 (X11) Firefox/150.0"},
        {"User-Agent": "Mozilla/5.0 Chrome/140 Safari/537 Edg/140"},
        {"Cookie": f"crumbtrail_visitor={SECRET}; crumbtrail=v=1"},
        {"Host": "example.com", "Origin": "http://example.com"},
        {"Host": "consent.example.com:8443"},
        {"Host": "[::1"},
        {"Authorization": "Bearer x"},
    ]
    return [
        Sent("a choice", one),
        Sent("a repeat", one),
        Sent("a repeat from elsewhere", one, {"X-Forwarded-For": "24.48.0.1"}),
        Sent("an id with another content", one.replace(b'"layer": 1', b'"layer": 2')),
        Sent("a withdrawal", body(action="withdraw")),
        Sent("everything said", body(**{**FULL, "id": uuid7(now), "answer": ...})),
        Sent("an answer never served", body(answer="c" * 64)),
        Sent("a notice never published", body(notice="0" * 64)),
        Sent("a signal", body(action="gpc", signals={"gpc": True})),
        Sent("a quick hand", body(shown_at="2026-11-21T09:59:59.990Z")),
        Sent("a site of nobody", body(), path="/v1/nowhere.example/consents"),
        Sent("an admin's word", body(), path="/v1/audit/consents"),
        Sent("a NUL in the address", body(), path="/v1/exam\0ple.com/consents"),
        Sent("a slash too many", body(), path=f"/v1/{SITE}/consents/"),
        Sent("a question", body(), path=f"/v1/{SITE}/consents?a=b"),
        Sent("a body that was packed", gzip.compress(other), {"Content-Encoding": "gzip"}),
        Sent("a body without a length", body(), environ={"wsgi.input_terminated": True}),
        Sent("a body shorter than said", body()[:-5], environ={"CONTENT_LENGTH": "400"}),
        Sent("a length of nonsense", body(), environ={"CONTENT_LENGTH": "4_0"}),
        Sent("8 KiB", (data := body()) + b" " * (8192 - len(data))),
        Sent("more than 8 KiB", (data := body()) + b" " * (8193 - len(data))),
        Sent("nothing", b""),
        Sent("no visitor", body(visitor=...)),
        *(
            Sent(f"{method} {origin}", b"", {"Origin": origin}, method)
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
            for origin in (PAGE, "https://evil.com", None)
        ),
        *(Sent(repr(some), body(), some) for some in headers),
        *(Sent(name, json.dumps(sent).encode()) for name, sent in refused.items()),
        *(Sent(f"JSON: {name}", data) for name, data in REFUSED.items()),
        *(Sent(repr(data[-60:]), data) for data in ODD),
        Sent("the other, at last", other),
    ]


def test_both_roads_answer_every_request_alike_and_keep_the_same(make_roads: MakeRoads) -> None:
    roads = make_roads(CDN_COUNTRY_HEADER="CF-IPCountry")
    assert roads.unlike(everything(roads)) == []
    assert roads.answered.count("201") > 20
    assert {"200", "201"} == set(roads.answered)


def test_an_hour_a_version_and_an_erasure_later_they_still_do(make_roads: MakeRoads) -> None:
    roads = make_roads()
    one, other = roads.body(), roads.body()
    sent = [Sent("one", one), Sent("other", other)]
    assert roads.unlike(sent) == []
    at = roads.clock.advance(hours=1)
    roads.both(lambda: notices.publish(sites.get(SITE), BY, at))
    roads.both(_erase)
    roads.clock.advance(minutes=1)
    late = roads.body()  # of the notice before
    old = roads.body(id=uuid7(START - timedelta(days=40)))
    sent += [Sent("late", late), Sent("late again", late), Sent("old", old)]
    assert roads.unlike(sent) == []


def _erase() -> None:
    record = db.metadata.tables["record"]
    first = select(db.func.min(record.c.seq)).scalar_subquery()
    wiped = {"flags": 4, "visitor": None, "salt": None, "services": None}
    db.session.execute(record.update().where(record.c.seq == first).values(**wiped))
    db.session.commit()


def test_cookies_are_set_and_read_alike(make_roads: MakeRoads) -> None:
    of = {"cookie_domain": SITE, "origins": [SITE, f"*.{SITE}"]}
    roads = make_roads(of, BASE_URL="https://consent.example.com")
    ours = {"Host": "consent.example.com"}
    first, again = roads.body(visitor=...), roads.body(visitor=...)
    newer = "crumbtrail=v=1&asks=1&t=1999999999&id=" + uuid7(START) + "&marketing=1"
    kept = f"crumbtrail_visitor={SECRET}"
    asked = [
        Sent("with a secret", roads.body(), ours),
        Sent("without", first, ours),
        Sent("a repeat whose cookie came", first, {**ours, "Cookie": kept}),
        Sent("by the cookie", again, {**ours, "Cookie": kept}),
        Sent("beside a newer one", roads.body(), {**ours, "Cookie": f"{newer}; {kept}"}),
        Sent("from below", roads.body(), {**ours, "Origin": "https://www.example.com"}),
        Sent("by http", roads.body(visitor=...), {**ours, "Origin": "http://example.com"}),
        Sent("refused", roads.body(action="accept_all"), ours),
        Sent("of last month", roads.body(at="2026-10-25T10:00:00.000Z"), ours),
    ]
    assert roads.unlike(asked) == []
    assert roads.answered.count("201") == 6
    reply = Sent("one more", roads.body(), ours).to(roads.hot)
    assert len(reply.headers.getlist("Set-Cookie")) == 2


def test_an_age_and_an_address_are_kept_alike(make_roads: MakeRoads) -> None:
    facts = {"min_age": 18, "ask_age": True, "ip_mode": "truncated"}
    roads = make_roads({"facts": facts})
    here: dict[str, str | None] = {"X-Forwarded-For": "83.12.34.56"}
    one, again = roads.body(), roads.body()
    path = f"/v1/{SITE}/consents"
    asked = [
        Sent("of age", roads.body(), here, path=f"{path}?age=over"),
        Sent("too young", one, here, path=f"{path}?age=under"),
        Sent("the same later", one, here, path=f"{path}?age=over"),
        Sent("who said nothing more", again, here),
        Sent("who takes it back", roads.body(), here, path=f"{path}?age=over"),
        Sent("an age that means nothing", roads.body(), here, path=f"{path}?age=9"),
        Sent("from a test origin", roads.body(), {**here, "Origin": "http://localhost:5173"}),
        Sent("of no place", roads.body(), {"X-Forwarded-For": "not an address"}),
    ]
    assert roads.unlike(asked) == []
    assert roads.answered == ["201", "201", "200", "201", "201", "201", "201"]
    kept = _kept(roads.hot)
    assert len(kept["record_denial"]) == 2
    assert {address for _, _, address in kept[BESIDE]} == {"truncated 83.12.34.0/24"}


def test_a_flood_is_refused_alike_and_a_withdrawal_let_through(make_roads: MakeRoads) -> None:
    roads = make_roads(RATE_SITE="5", RATE_CLIENT="2")
    asked = []
    for host in range(4):
        client: dict[str, str | None] = {"X-Forwarded-For": f"83.12.34.{host}"}
        asked += [Sent(f"{host}.{n}", roads.body(), client) for n in range(3)]
        asked += [Sent(f"{host} back", roads.body(action="withdraw"), client)]
        asked += [Sent(f"{host} false", roads.body(action="accept_all"), client)]
    assert roads.unlike(asked) == []
    assert roads.answered[3::5] == ["201"] * 4  # the withdrawals
    assert roads.answered.count("slow_down") > len(asked) // 2
    assert Sent("more", roads.body()).to(roads.hot).headers["Retry-After"] == "1"


def test_a_stopped_log_takes_nothing_on_either_road(make_roads: MakeRoads) -> None:
    roads = make_roads()
    for app in (roads.hot, roads.plain):
        app.extensions["crumbtrail"].ledger.alarms["log"] = "stopped"
    assert roads.unlike([Sent("a choice", roads.body()), Sent("not one", b"{}")]) == []
    assert roads.answered == ["busy"]


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, Exception()), ValueError("x")])
def test_what_breaks_is_answered_alike(
    make_roads: MakeRoads, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads = make_roads()
    monkeypatch.setattr("consent.records.writer.random.randint", lambda *_: 3)
    monkeypatch.setattr("consent.logs.secrets.token_hex", lambda n: "0" * 2 * n)
    Sent("first", roads.body()).to(roads.hot)
    Sent("first", roads.body()).to(roads.plain)

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(taking.shelf, "notice", broken)
    for app in (roads.hot, roads.plain):
        app.testing = app.config["PROPAGATE_EXCEPTIONS"] = False
    replies = [Sent("a choice", roads.body()).to(app) for app in (roads.hot, roads.plain)]
    assert replies[0].status_code == (503 if isinstance(error, OperationalError) else 500)
    assert replies[0].data == replies[1].data
    assert list(replies[0].headers) == list(replies[1].headers)


def test_both_roads_are_counted_and_logged_alike(
    make_roads: MakeRoads, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads = make_roads(LOG_REQUESTS="1", LOG_FORMAT="json", RATE_CLIENT="3")
    monkeypatch.setattr("consent.logs.secrets.token_hex", lambda n: "0" * 2 * n)
    one = roads.body()
    asked = [Sent("", one), Sent("", one), Sent("", b"{}"), Sent("", roads.body())]
    asked += [Sent("", roads.body()), *(script(lang="en/") for _ in range(2))]
    asked += [script(), script(), script(), script(X_Forwarded_For="1.1.1.1")]
    said = {}
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        for app in (roads.hot, roads.plain):
            logs.settle(app, app.extensions["crumbtrail"].config)
            heard = io.StringIO()
            root.handlers[0].setStream(heard)  # type: ignore[attr-defined]
            for sent in asked:
                sent.to(app)
            lines = [json.loads(line) for line in heard.getvalue().splitlines()]
            lines = [line for line in lines if line["logger"] == "crumbtrail.requests"]
            for line in lines:
                assert line.pop("ms") >= 0 and line.pop("at")
            text = app.test_client().get("/metrics").text
            keep = ("crumbtrail_requests_total", "crumbtrail_choices_total", "seconds_count")
            counts = [x for x in text.splitlines() if any(name in x for name in keep)]
            said[app] = [list(line.items()) for line in lines], counts
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert said[roads.hot] == said[roads.plain]
    assert len(said[roads.hot][0]) == len(asked)
    assert roads.answered == ["201", "200", "201", "slow_down", *["200"] * 3]


# -- the script --------------------------------------------------------------------------------


def script(lang: str = "", method: str = "GET", query: str = "", **headers: str | None) -> Sent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"Origin": None, "Content-Type": None, "Accept-Encoding": "br", **named}
    path = f"/v1/{SITE}/{lang}consent.js{query}"
    return Sent(f"{method} {lang} {query} {named}", b"", sent, method, path)


def scripts(etag: str) -> list[Sent]:
    """A script as browsers, caches and others ask for it; each three times, for it is made at the
    first and made small at the second."""
    told: list[dict[str, str | None]] = [
        {},
        {"Accept_Encoding": None},
        {"Accept_Encoding": "gzip, deflate"},
        {"Accept_Encoding": "br;q=0, gzip"},
        {"Accept_Language": "pl,en;q=0.5"},
        {"Accept_Language": "x" * 5000},
        {"Sec_GPC": "1"},
        {"X_Forwarded_For": "83.12.34.56"},
        {"X_Forwarded_For": "24.48.0.1", "Sec_GPC": "1"},
        {"X_Forwarded_For": "not an address"},
        {"CF_IPCountry": "DE"},
        {"Referer": f"{PAGE}/a/page"},
        {"Referer": "https://evil.com/"},
        {"Origin": PAGE},
        {"Host": "invented.example"},
        {"If_None_Match": etag},
        {"If_None_Match": f'W/{etag}, "other"'},
        {"If_None_Match": "*"},
        {"If_None_Match": '"other"'},
    ]
    found = [script(**one) for one in told]
    found += [script(lang=lang) for lang in ("en/", "pl/", "xx/", "PL-pl/", "%00/", "a/b/", "en")]
    found += [script(method=method) for method in ("HEAD", "OPTIONS", "POST", "PUT")]
    found += [script(query="?a=b"), script(query="?")]
    unknown = replace(script(), path="/v1/unknown.example/consent.js")
    return [*found, unknown] * 3


def scripts_alike(roads: Roads) -> list[str]:
    """Which of `scripts` were answered otherwise."""
    made = [script().to(app) for app in (roads.hot, roads.plain)]  # and smaller from then on
    unlike = []
    for one in scripts(made[0].headers["ETag"]):
        replies = [one.to(app) for app in (roads.hot, roads.plain)]
        said = [(r.status, sorted(r.headers), r.get_data()) for r in replies]
        if said[0] != said[1]:
            unlike.append(one.name)
    return unlike


@pytest.mark.parametrize("https", ["http://consent.example", "https://consent.example"])
def test_both_roads_answer_a_script_alike(make_roads: MakeRoads, https: str) -> None:
    roads = make_roads(BASE_URL=https, CDN_COUNTRY_HEADER="CF-IPCountry")
    assert scripts_alike(roads) == []
    assert len(roads.answered) > 30 and set(roads.answered) == {"200", "304"}


def test_a_script_of_another_version_on_another_day_is_answered_alike(
    make_roads: MakeRoads,
) -> None:
    roads = make_roads()
    assert scripts_alike(roads) == []
    roads.clock.advance(days=1)
    roads.both(lambda: sites.change(sites.get(SITE), BY, roads.clock.now, name="Another name"))
    roads.both(lambda: notices.publish(sites.get(SITE), BY, roads.clock.now))
    assert scripts_alike(roads) == []


@pytest.mark.parametrize(
    "twin", ["no guard", "a kind of nothing", "another visitor's", "whoever came first"]
)
def test_a_hot_road_with_another_script_is_found_out(
    make_roads: MakeRoads, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads, real = make_roads(), script_module.held_answer
    road = roads.hot.extensions["hot"]
    if twin == "no guard":
        road._beside = []
    elif twin == "a kind of nothing":
        monkeypatch.setattr(packed, "whole", says_more)
    elif twin == "whoever came first":
        monkeypatch.setattr(script_module, "HEARD", ())
    else:
        signal = {"HTTP_SEC_GPC": "1"}
        monkeypatch.setattr(
            hot.script,
            "held_answer",
            lambda of, lang, asked, more: real(of, lang, Request(asked.environ | signal), more),
        )
    assert scripts_alike(roads) != []


def says_more(made: packed.Answer, beside: list[tuple[str, str]]) -> packed.Answer:
    """What describes a body, where nothing was changed too."""
    status, headers, body = made
    return status, [*headers, *beside], body


@pytest.mark.parametrize("twin", ["no leave to read", "no guard", "an own order", "another layer"])
def test_a_hot_road_that_answers_otherwise_is_found_out(
    make_roads: MakeRoads, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    roads = make_roads()
    road, real = roads.hot.extensions["hot"], quick.choice
    if twin == "no leave to read":
        monkeypatch.setattr(hot, "allowed", lambda *_: [])
        monkeypatch.setattr(hot, "readable", lambda *_: [])
    elif twin == "no guard":
        road._always = []
    elif twin == "an own order":
        monkeypatch.setattr(
            hot.msgspec.json, "encode", lambda body, order: json.dumps(body).encode()
        )
    else:
        monkeypatch.setattr(quick, "choice", lambda data: structs.replace(real(data), layer=7))
    assert roads.unlike([Sent("a choice", roads.body())]) != []


# -- a batch that hangs ------------------------------------------------------------------------


def hanging(roads: Roads, monkeypatch: pytest.MonkeyPatch) -> TestResponse:
    """The answer to a choice whose batch hangs when all of it is written and nothing is synced."""
    monkeypatch.setattr(serving, "SLOW_S", 0.05)
    monkeypatch.setattr(serving, "WAIT_S", 0.1)
    monkeypatch.setattr("consent.records.writer.SLOW_S", 0.05)
    monkeypatch.setattr("consent.records.writer.WAIT_S", 0.1)
    Sent("so that memory holds what a choice needs", roads.body()).to(roads.hot)
    writer = roads.hot.extensions["crumbtrail"].writer
    also, ends = writer._also, threading.Event()

    def hangs(connection: Connection, jobs: Sequence[job.Job]) -> None:
        ends.wait(30)
        raise OperationalError("", {}, Exception("the line is cut"))

    monkeypatch.setattr(writer, "_also", hangs)
    try:
        return Sent("a choice", roads.body()).to(roads.hot)
    finally:
        ends.set()
        monkeypatch.setattr(writer, "_also", also)


def test_a_choice_that_is_written_and_not_synced_is_not_acknowledged(
    make_roads: MakeRoads, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = hanging(make_roads(), monkeypatch)
    assert reply.status_code == 503 and int(reply.headers["Retry-After"]) >= 1


def until_written(_: Writer, one: job.Job) -> None:
    while one.outcome is None:
        time.sleep(0.01)


@pytest.mark.sqlite_only
def test_a_writer_whose_word_counts_before_the_batch_is_over_is_found_out(
    make_roads: MakeRoads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "outcome", lambda self, job: (job.outcome, True))
    monkeypatch.setattr(Writer, "_wait", until_written)
    assert hanging(make_roads(), monkeypatch).status_code == 201
