"""What the gate does to the heads of requests and answers, over WSGI and over ASGI alike."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import brotli
import pytest

from consent.gate import asgi, choice, coding, links, policy, wsgi
from consent.gate.answer import Desk, Place
from consent.gate.hold import judge_of
from consent.gate.page import Page
from consent.gate.rules import read
from tests.looped import run

NOW = 1_800_000_000.0
ID = "0199e0a1-7c1e-7abc-8def-0123456789ab"
RULES: dict[str, Any] = {
    "v": 1,
    "site": "shop.example",
    "asks": 3,
    "cookie_domain": None,
    "services": [
        {"id": "stats", "category": "statistics", "hosts": ["t.example"]},
        {"id": "ads", "category": "marketing", "hosts": ["ads.example", "www.shop.example/push/"]},
    ],
    "trackers": [
        ["_ga", "prefix", "cookie", "stats", "statistics"],
        ["_ad", "exact", "cookie", "ads", "marketing"],
        ["maybe", "exact", "cookie", None, None],
        ["_ga_session", "exact", "cookie", None, "necessary"],
        ["crumbtrail", "exact", "cookie", "crumbtrail", "necessary"],
        [None, "exact", "cookie", None, "marketing"],
        ["key", "exact", "local_storage", None, "marketing"],
    ],
    "stub": "/*stub*/",
}
SERVER = "https://consent.example"
HTML = ("Content-Type", "text/html; charset=utf-8")
PAGE = b"<!doctype html><p><img src=//t.example/i>"
Headers = list[tuple[str, str]]


def said(*flags: str, asks: int = 3, t: float = NOW - 60, end: str = "") -> str:
    return f"crumbtrail=v=1&asks={asks}&t={int(t)}&id={ID}{''.join(f'&{f}' for f in flags)}{end}"


ALL = said("statistics=1", "marketing=1", "s.stats=1", "s.ads=1")
NONE = said("statistics=0", "marketing=0", "s.stats=0", "s.ads=0")


class Told:
    """An answer as a client gets it."""

    def __init__(self, status: int, headers: Headers, pieces: list[bytes]) -> None:
        self.status, self.headers, self.pieces = status, headers, pieces
        self.body = b"".join(pieces)

    def __getitem__(self, name: str) -> str | None:
        found = self.all(name)
        assert len(found) < 2 or name == "set-cookie", found
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        return [value for own, value in self.headers if own.lower() == name]


class World:
    """An application behind the gate, and what it was asked."""

    def __init__(self, speaks: str) -> None:
        self.speaks = speaks
        self.rules: Any = RULES
        self.options: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.scope: dict[str, Any] = {}
        self.more: list[dict[str, Any]] = []

    def get(
        self,
        headers: Headers,
        body: bytes | Iterable[bytes] = PAGE,
        status: int = 200,
        sent: dict[str, str] | None = None,
        method: str = "GET",
        scheme: str = "http",
    ) -> Told:
        pieces = [body] if isinstance(body, bytes) else list(body)
        options = {"rules": self.rules, "clock": lambda: NOW, **self.options}
        asked = {"host": "www.shop.example:8000", **(sent or {})}
        if self.speaks == "wsgi":
            return self._wsgi(options, headers, pieces, status, asked, method, scheme)
        return run(self._asgi(options, headers, pieces, status, asked, method, scheme))

    def _wsgi(
        self,
        options: dict[str, Any],
        headers: Headers,
        pieces: list[bytes],
        status: int,
        sent: dict[str, str],
        method: str,
        scheme: str,
    ) -> Told:
        def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            self.asked = {
                key[5:].lower().replace("_", "-"): value
                for key, value in environ.items()
                if key.startswith("HTTP_")
            }
            start(f"{status} Fine", headers)
            return pieces

        told: list[Any] = []

        def start(line: str, head: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
            told[:] = [int(line[:3]), head]
            return lambda data: None

        environ = {f"HTTP_{name.upper().replace('-', '_')}": v for name, v in sent.items()}
        environ |= {"REQUEST_METHOD": method, "wsgi.url_scheme": scheme}
        result = wsgi.Gate(app, "shop.example", SERVER, **options)(environ, start)
        assert told, "some servers take the head before they ask for the body"
        out = list(result)
        if hasattr(result, "close"):
            result.close()
        return Told(told[0], told[1], out)

    async def _asgi(
        self,
        options: dict[str, Any],
        headers: Headers,
        pieces: list[bytes],
        status: int,
        sent: dict[str, str],
        method: str,
        scheme: str,
    ) -> Told:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            self.asked = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.scope = scope
            for message in self.more:
                await send(message)
            head = [(name.encode(), value.encode()) for name, value in headers]
            await send({"type": "http.response.start", "status": status, "headers": head})
            for number, piece in enumerate(pieces):
                more = number < len(pieces) - 1
                await send({"type": "http.response.body", "body": piece, "more_body": more})

        self.messages: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            self.messages.append(message)

        async def receive() -> dict[str, Any]:
            raise AssertionError("nobody reads the request's body here")

        head = [(name.encode(), value.encode()) for name, value in sent.items()]
        extensions = {"http.response.pathsend": {}, "http.response.early_hint": {}}
        scope = {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "headers": head,
            "extensions": extensions,
        }
        await asgi.Gate(app, "shop.example", SERVER, **options)(scope, receive, send)
        starts = [one for one in self.messages if one["type"] == "http.response.start"]
        told = [(name.decode(), value.decode()) for name, value in starts[0]["headers"]]
        bodies = [one["body"] for one in self.messages if one["type"] == "http.response.body"]
        return Told(starts[0]["status"], told, bodies)


@pytest.fixture(params=["wsgi", "asgi"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


# -- the body and its length ---------------------------------------------------------------------


def test_a_page_is_held_and_its_length_is_right(world: World) -> None:
    told = world.get([HTML, ("Content-Length", str(len(PAGE))), ("Digest", "sha-256=x")])
    assert b"data-src=//t.example/i" in told.body and b"<p><img src" not in told.body
    assert told["content-length"] == str(len(told.body)) and told["digest"] is None
    stub = b'<script data-site="shop.example" data-hold="ads.example t.example">/*stub*/</script>'
    script = b'<script async fetchpriority="high" src="https://consent.example/v1/shop.example/consent.js"></script>'
    assert told.body.startswith(b"<!doctype html>" + stub + script + b"<p>")


def test_a_page_in_pieces_arrives_in_pieces_without_a_length(world: World) -> None:
    pieces = [PAGE[:10], PAGE[10:20], PAGE[20:], b"<p>later"]
    told = world.get([HTML], pieces)
    assert told.body == world.get([HTML], b"".join(pieces)).body
    assert told["content-length"] is None and len([one for one in told.pieces if one]) >= 3


def test_what_is_no_page_passes_untouched(world: World) -> None:
    for kind in (
        "image/png",
        "application/json",
        "application/xhtml+xml",
        "text/html;charset=utf-16",
    ):
        headers = [("Content-Type", kind), ("ETag", '"a"'), ("Accept-Ranges", "bytes")]
        told = world.get(headers)
        assert told.headers == headers or [(n.lower(), v) for n, v in headers] == told.headers
        assert told.body == PAGE
    told = world.get([HTML, ("Content-Disposition", "attachment; filename=a.html")])
    assert told.body == PAGE
    told = world.get([HTML, ("Content-Encoding", "zstd")], b"(packed)")
    assert told.body == b"(packed)"


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "deflate", "raw deflate", "br"])
def test_a_packed_page_is_read_and_packed_again(world: World, name: str) -> None:
    raw = zlib.compressobj(wbits=-15)
    pack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "raw deflate": lambda data: raw.compress(data) + raw.flush(),
        "br": brotli.compress,
    }
    packed = pack[name](PAGE)
    unpack: Any = {
        "br": brotli.decompress,
        "deflate": zlib.decompress,
        "raw deflate": zlib.decompress,
    }
    read_back = unpack.get(name, gzip.decompress)
    headers = [HTML, ("Content-Encoding", name.split()[-1]), ("Content-Length", str(len(packed)))]
    told = world.get(headers, packed)
    plain = world.get([HTML]).body
    assert read_back(told.body) == plain and told["content-length"] == str(len(told.body))
    told = world.get(headers[:2], [packed[:5], packed[5:30], packed[30:]])
    assert read_back(told.body) == plain


def test_an_application_is_asked_only_for_what_can_be_read(world: World) -> None:
    world.get([HTML], sent={"accept-encoding": "gzip, deflate, br;q=0.5, zstd, dcb"})
    assert world.asked["accept-encoding"] == "gzip, deflate, br;q=0.5"
    world.get([HTML], sent={"accept-encoding": "zstd"})
    assert world.asked["accept-encoding"] == "identity"
    assert coding.accepted("*") == "identity"


def test_head_tells_what_get_would_without_a_body(world: World) -> None:
    headers = [HTML, ("Content-Length", "999"), ("ETag", '"a"')]
    told = world.get(headers, b"", method="HEAD")
    assert told.body == b"" and told["content-length"] is None
    assert told["etag"] == world.get(headers)["etag"]


# -- tags, times and ranges ----------------------------------------------------------------------

NAVIGATES = {"accept": "text/html,*/*;q=0.8"}


def test_a_tag_is_ours_goes_back_as_it_was_and_dies_with_the_rules(world: World) -> None:
    headers = [HTML, ("ETag", '"abc"'), ("Last-Modified", "x"), ("Accept-Ranges", "bytes")]
    told = world.get(headers)
    tag = told["etag"]
    assert (
        tag
        and tag.startswith('W/"abc.g')
        and told["last-modified"] is told["accept-ranges"] is None
    )
    told = world.get(
        [("ETag", '"abc"'), ("Link", "<//t.example>; rel=preload")],
        b"",
        304,
        {"if-none-match": f'"x", {tag}', **NAVIGATES},
    )
    assert world.asked["if-none-match"] == '"abc"'
    assert told.status == 304 and told["etag"] == tag and told["link"] is None
    weak = world.get([HTML, ("ETag", 'W/"abc"')])["etag"]
    world.get([HTML], sent={"if-none-match": str(weak)})
    assert world.asked["if-none-match"] == 'W/"abc"'
    world.rules = {**RULES, "asks": 4}
    world.get([HTML], sent={"if-none-match": str(tag)})
    assert "if-none-match" not in world.asked
    assert world.get(headers)["etag"] != tag


def test_a_page_of_before_the_gate_is_never_confirmed(world: World) -> None:
    sent = {"if-none-match": '"abc"', "if-modified-since": "Sat, 21 Nov 2026 10:00:00 GMT"}
    world.get([HTML], sent={**sent, "range": "bytes=0-9", "if-range": '"abc"', **NAVIGATES})
    assert not {*sent, "range", "if-range"} & set(world.asked)
    # Pictures, scripts and films keep theirs.
    world.get([("Content-Type", "video/mp4")], sent={**sent, "range": "bytes=0-9", "accept": "*/*"})
    assert {**sent, "range": "bytes=0-9"}.items() <= world.asked.items()


def test_part_of_a_page_passes_because_it_cannot_be_read(world: World) -> None:
    told = world.get([HTML, ("Content-Range", "bytes 9-19/99")], PAGE, 206)
    assert told.body == PAGE and told.status == 206


# -- headers that fetch --------------------------------------------------------------------------


def test_links_to_published_hosts_are_taken_out(world: World) -> None:
    link = (
        '<https://t.example/a.js>; rel=preload; as=script, </own.css>; rel=preload; title="a, b",'
        '<//t.example>;rel="preconnect dns-prefetch", <https://t.example/>; rel=canonical'
    )
    told = world.get([HTML, ("Link", link), ("Link", "<//ads.example>; rel=modulepreload")])
    assert told.all("link") == [
        '</own.css>; rel=preload; title="a, b", <https://t.example/>; rel=canonical'
    ]
    speculation = '"/own.json", "https://ads.example/rules.json"'
    assert (
        world.get([HTML, ("Speculation-Rules", speculation)])["speculation-rules"] == '"/own.json"'
    )
    told = world.get([("Content-Type", "image/png"), ("Link", "<//t.example>; rel=preload")])
    assert told["link"] is None


def test_what_is_no_list_of_links_stays() -> None:
    judge = judge_of(read(RULES).rule, None)
    for odd in ("", "nothing", "</a>; rel=preload, oops", "<//x.example>"):
        assert links.links(odd, judge) == odd
    assert links.links("<//t.example>; rel=preload, oops", judge) == "oops"
    assert links.links('</a>;rel=preload;imagesrcset="//t.example/a 2x"', judge) == ""


def test_early_hints_are_filtered_and_files_are_not_sent_past() -> None:
    world = World("asgi")
    world.more = [
        {
            "type": "http.response.early_hint",
            "links": [b"<//t.example/a>; rel=preload", b"</b>; rel=preload"],
        },
        {"type": "http.response.early_hint", "links": [b"<//t.example/a>; rel=preload"]},
        {"type": "http.response.push", "path": "/push/a.js", "headers": []},
        {"type": "http.response.push", "path": "/own.js", "headers": []},
    ]
    world.get([HTML])
    kinds = [
        one
        for one in world.messages
        if one["type"] in ("http.response.early_hint", "http.response.push")
    ]
    assert [one.get("links") or one["path"] for one in kinds] == [[b"</b>; rel=preload"], "/own.js"]
    assert set(world.scope["extensions"]) == {"http.response.early_hint"}

    hints: list[Any] = []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.early_hints"](
            [("Link", "<//t.example>; rel=preload"), ("Link", "</b>; rel=preload")]
        )
        start("204 No Content", [])
        return []

    gate = wsgi.Gate(app, "shop.example", SERVER, rules=RULES)
    list(gate({"wsgi.early_hints": hints.extend}, lambda *_: lambda data: None))
    assert hints == [("Link", "</b>; rel=preload")]


# -- cookies -------------------------------------------------------------------------------------

SETS = [
    HTML,
    ("Set-Cookie", "_ga=1; Path=/; HttpOnly"),
    ("Set-Cookie", "_GA_X=1"),
    ("Set-Cookie", "_ad=1"),
    ("Set-Cookie", "maybe=1"),
    ("Set-Cookie", "_ga_session=1"),
    ("Set-Cookie", "own=1"),
    ("Cache-Control", "public, max-age=600, s-maxage=3600"),
    ("Vary", "Accept-Encoding"),
    ("CDN-Cache-Control", "max-age=9"),
]
STATISTICS_ONLY = said("statistics=1", "marketing=0", "s.stats=1", "s.ads=0")


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("", "_ga_session own"),
        (NONE, "_ga_session own"),
        (ALL, "_ga _GA_X _ad _ga_session own"),
        (STATISTICS_ONLY, "_ga _GA_X _ga_session own"),
        (said("statistics=1", "marketing=1", "s.stats=0", "s.ads=1"), "_ad _ga_session own"),
        # A service that was never asked about: granted only while the questions are the same.
        (said("statistics=1"), "_ga _GA_X _ga_session own"),
        (said("statistics=1", asks=2), "_ga_session own"),
        (said("statistics=1", "s.stats=1", asks=2), "_ga _GA_X _ga_session own"),
        # Pending for more than a day.
        (said("statistics=1", t=NOW - 86_300, end="&p=1"), "_ga _GA_X _ga_session own"),
        (said("statistics=1", t=NOW - 86_500, end="&p=1"), "_ga_session own"),
        # The newest choice counts, wherever it stands.
        (f"{ALL}; {said('statistics=0', t=NOW - 5)}", "_ga_session own"),
        (f"{said('statistics=0', t=NOW - 5)}; a=b; {ALL}", "_ga_session own"),
    ],
)
def test_only_what_was_granted_is_set(world: World, cookie: str, kept: str) -> None:
    told = world.get(SETS, sent={"cookie": cookie} if cookie else {})
    assert [one.partition("=")[0] for one in told.all("set-cookie")] == kept.split()
    # Whoever asked, the answer is for them alone: another visitor gets another.
    assert told["cache-control"] == "private, max-age=600"
    assert told["vary"] == "Accept-Encoding, Cookie" and told["cdn-cache-control"] is None
    assert b"data-src=//t.example" in told.body


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        f"v=2&asks=3&t=1799999999&id={ID}&statistics=1",
        f"v=1&asks=3&t=1799999999&id={ID}&statistics=2",
        f"v=1&asks=3&t=1799999999&id={ID}&statistics=1&p=0",
        f"v=1&asks=3&t=1799999999&id={ID}&p=1&statistics=1",
        f"v=1&t=1799999999&asks=3&id={ID}&statistics=1",
        f"v=1&asks=3&t=0&id={ID}&statistics=1",
        f"v=1&asks=3&t={int(NOW) + 90_000}&id={ID}&statistics=1",
        f"v=1&asks=3&t=1799999999&id={ID[:-1]}&statistics=1",
        f"v=1&asks=3&t=1799999999&id={ID.replace('-7', '-4')}&statistics=1",
        f"v=1&asks=３&t=1799999999&id={ID}&statistics=1",
        f"v=1&asks=3&t=1799999999&id={ID}&Statistics=1",
        f"v=1&asks=3&t=1799999999&id={ID}{'&a=1' * 1100}",
    ],
)
def test_what_is_not_exactly_a_choice_is_none(value: str) -> None:
    assert choice.decode(value, NOW) is None
    assert choice.read(f"crumbtrail={value}; crumbtrail_visitor=x", NOW) is None


def test_a_refusal_expires_what_the_browser_still_sends(world: World) -> None:
    sent = {"cookie": f"_ga=1; own=2; maybe=3; _ga_session=4; __Host-x=1; {NONE}; _ad=1; _ga=2"}
    told = world.get([HTML], sent=sent)
    ends = "Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
    assert told.all("set-cookie") == [
        f"{name}=; {ends}{domain}"
        for name in ("_ga", "_ad")
        for domain in ("", "; Domain=www.shop.example", "; Domain=shop.example")
    ]
    assert told["cache-control"] == "private" and told["vary"] == "Cookie"
    told = world.get([HTML], sent=sent, scheme="https")
    assert f"_ga=; {ends}; Secure; SameSite=None; Partitioned" in told.all("set-cookie")
    assert all("; Secure" in one for one in told.all("set-cookie"))


@pytest.mark.parametrize("cookie", ["", ALL, "crumbtrail=nonsense"])
def test_nothing_is_expired_without_a_refusal(world: World, cookie: str) -> None:
    told = world.get(
        [HTML, ("Cache-Control", "public")], sent={"cookie": f"_ga=1; _ad=1; {cookie}"}
    )
    assert not told.all("set-cookie") and told["cache-control"] == "public"


def test_the_page_is_the_same_for_every_visitor(world: World) -> None:
    bodies = {
        world.get(SETS, sent={"cookie": one}).body for one in ("a=b", ALL, NONE, STATISTICS_ONLY)
    }
    assert len(bodies) == 1


def test_an_answer_that_forbids_caches_stays_so() -> None:
    world = World("wsgi")
    told = world.get([*SETS[:2], ("Cache-Control", "no-store")])
    assert told["cache-control"] == "no-store"
    told = world.get([*SETS[:2], ("Cache-Control", "Private, max-age=5"), ("Vary", "*")])
    assert told["cache-control"] == "Private, max-age=5" and told["vary"] == "*"


# -- Content-Security-Policy ---------------------------------------------------------------------

STUB_HASH = policy.stub_hash("/*stub*/")
POLICIES = {
    "default-src 'self'": (
        f"default-src 'self'; script-src 'self' {STUB_HASH} {SERVER}; connect-src 'self' {SERVER}"
    ),
    "script-src 'none'": f"script-src {STUB_HASH} {SERVER}",
    "script-src 'self' 'unsafe-inline'": f"script-src 'self' 'unsafe-inline' {SERVER}",
    f"script-src 'unsafe-inline' {SERVER}": None,
    "script-src https: 'unsafe-inline' 'sha256-x'": (
        f"script-src https: 'unsafe-inline' 'sha256-x' {STUB_HASH}"
    ),
    "script-src 'self'; script-src-elem 'self'": (
        f"script-src 'self'; script-src-elem 'self' {STUB_HASH} {SERVER}"
    ),
    "connect-src 'self'": f"connect-src 'self' {SERVER}",
    "connect-src *; img-src 'none'": None,
    f"script-src {STUB_HASH} {SERVER}; connect-src {SERVER}": None,
    "script-src 'nonce-abc' 'strict-dynamic'": None,
    "frame-ancestors 'none'": None,
}


@pytest.mark.parametrize("text", POLICIES)
def test_a_policy_makes_room_for_our_two_elements(world: World, text: str) -> None:
    for name in ("Content-Security-Policy", "Content-Security-Policy-Report-Only"):
        told = world.get([HTML, (name, text)])
        wanted = POLICIES[text] or text
        if name.endswith("Only") and "nonce" in text:  # nothing enforces it, so it is not ours
            wanted = f"{text} {STUB_HASH} {SERVER}"
        assert told[name.lower()] == wanted


def test_our_elements_carry_the_nonce_of_the_page(world: World) -> None:
    told = world.get([HTML, ("Content-Security-Policy", "script-src 'nonce-abc123'")])
    assert told.body.count(b' nonce="abc123"') == 2
    told = world.get(
        [HTML, ("Content-Security-Policy", "default-src 'self', script-src 'nonce-q'")]
    )
    assert told["content-security-policy"] == (
        f"{'default-src ' + chr(39) + 'self' + chr(39)}; script-src 'self' {STUB_HASH} {SERVER};"
        f" connect-src 'self' {SERVER}, script-src 'nonce-q'"
    )


def test_under_trusted_types_a_held_script_keeps_its_src(world: World) -> None:
    page = b"<!doctype html><script src=//t.example/a.js></script>"
    told = world.get(
        [HTML, ("Content-Security-Policy", "require-trusted-types-for 'script'")], page
    )
    assert b'<script type="text/plain" data-category="statistics"' in told.body
    assert b" src=//t.example/a.js></script>" in told.body


def test_pages_that_bring_our_elements_get_no_policy_and_no_elements(world: World) -> None:
    world.options = {"insert": False}
    told = world.get([HTML, ("Content-Security-Policy", "default-src 'self'")])
    assert told["content-security-policy"] == "default-src 'self'"
    assert b"consent.js" not in told.body and b"data-src=//t.example" in told.body


def test_the_stub_gets_its_own_rules_where_the_server_sends_them(world: World) -> None:
    world.rules = {**RULES, "hold": 't.example=stats "#_ga*=stats'}
    told = world.get([HTML])
    assert b' data-hold="t.example=stats &quot;#_ga*=stats">/*stub*/' in told.body


def test_the_script_may_live_on_the_sites_own_address(world: World) -> None:
    world.options = {"public": "/_ct/"}
    told = world.get([HTML, ("Content-Security-Policy", "default-src 'none'")])
    assert b'src="/_ct/v1/shop.example/consent.js"' in told.body
    assert f"script-src {STUB_HASH} 'self'" in str(told["content-security-policy"])


# -- never broken --------------------------------------------------------------------------------


def test_a_failure_in_the_gate_leaves_the_answer_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a fault in the gate")

    monkeypatch.setattr(Desk, "answer", broken)
    told = world.get([HTML, ("ETag", '"a"')])
    assert told.body == PAGE and told["etag"] == '"a"'
    monkeypatch.undo()
    monkeypatch.setattr(Page, "_steps", broken)
    assert world.get([HTML]).body == PAGE


def test_without_rules_the_page_works_and_gets_our_elements(world: World) -> None:
    world.rules = {"site": "shop.example", "services": [], "stub": "/*stub*/"}
    told = world.get(SETS)
    assert b"<p><img src=//t.example/i>" in told.body and b"/consent.js" in told.body
    assert len(told.all("set-cookie")) == 6


def test_old_ways_of_wsgi_work() -> None:
    class File:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"(a file)"])

        def close(self) -> None:
            self.closed = True

    def late(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        start("200 Fine", [HTML])
        yield PAGE

    def writes(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        write = start("200 Fine", [HTML])
        write(PAGE[:25])
        return [PAGE[25:]]

    def fails(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 Fine", [HTML])
        start("500 Sorry", [("Content-Type", "text/plain")], (None, None, None))
        return [b"sorry"]

    def asks(app: Any) -> tuple[str, bytes, Any]:
        heads, out = [], []

        def start(line: str, head: Headers, exc_info: Any = None) -> Callable[[bytes], Any]:
            heads.append(line)
            return out.append

        result = wsgi.Gate(app, "shop.example", SERVER, rules=RULES)({}, start)
        out += list(result)
        if hasattr(result, "close"):
            result.close()
        assert len(heads) == 1
        return heads[0], b"".join(out), result

    assert b"data-src=//t.example" in asks(late)[1] and asks(late)[1] == asks(writes)[1]
    assert asks(fails)[:2] == ("500 Sorry", b"sorry")

    file = File()

    def files(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 Fine", [("Content-Type", "application/pdf")])
        return file

    # The server's own way to send a file is not taken from it.
    assert asks(files) == ("200 Fine", b"(a file)", file)
    assert file.closed


def test_websockets_and_lifespan_pass() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    gate = asgi.Gate(app, "shop.example", SERVER, rules=RULES)
    receive, send = object(), object()
    for kind in ("websocket", "lifespan"):
        scope = {"type": kind}
        run(gate(scope, receive, send))  # type: ignore[arg-type]
        assert seen.pop() == (scope, receive, send)


def test_the_digest_of_what_is_written_changes_with_all_that_changes_it() -> None:
    rules = read(RULES)
    places = [Place("s", SERVER), Place("s", "/_ct"), Place("s", SERVER, False), Place("t", SERVER)]
    marks = {Desk(place, rules).mark for place in places}
    assert len(marks) == 4 and Desk(places[0], read({**RULES, "stub": "x"})).mark not in marks
