"""The guard itself, spoken to as no browser would (SECURITY: S01, S02, S03, S06, S08)."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.egress import Guard, Misspelt, Policy, Unreachable, fetch, read_host
from consent.egress import guard as guard_module
from consent.egress.guard import is_own, resolve
from tests.canary import (
    PUBLIC,
    Canary,
    Stranger,
    ask,
    canary,
    connect,
    get,
    guarded,
    own_addresses,
    stranger,
)
from tests.looped import run
from tests.pages import Website

AGENT = "CrumbtrailTest/1"


@pytest.fixture(scope="module")
def inside() -> Iterator[Canary]:
    with canary() as made:
        yield made


def open_to(listener: Canary, private: bool = False, **more: float) -> Policy:
    """The canary's port is not what keeps anybody out: the address is."""
    return Policy(private=private, ports=frozenset({80, 443, listener.port}), **more)  # type: ignore[arg-type]


def spellings(target: str) -> list[str]:
    """An IPv4 address in every way that somebody reads as that address."""
    a, b, c, d = (int(part) for part in target.split("."))
    number = int(ip_address(target))
    full = str.maketrans("0123456789.", "０１２３４５６７８９．")
    circled = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
    return [
        target,
        f"{target}.",
        f"{number}",
        f"0x{number:08x}",
        f"0x{number:08X}",
        f"0{number:o}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"{a}.{b}.{c << 8 | d}",
        f"{a}.{b << 16 | c << 8 | d}",
        f"0{a:o}.{b}.{c}.0x{d:x}",
        f"{a:04d}.{b}.{c}.{d}",
        target.translate(full),
        target.translate(circled),
        target.replace(".", "。"),
        "".join(f"%{ord(sign):02x}" for sign in target),
        target.replace(".", "%2e"),
        f"[::ffff:{target}]",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
        f"[0:0:0:0:0:FFFF:{target}]",
        f"[::{target}]",
        f"[64:ff9b::{target}]",
        f"[64:ff9b:1::{target}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::]",
        f"[2001:0:{number >> 16:x}:{number & 0xFFFF:x}::1]",
        f"[2001:0:808:808::{number >> 16 ^ 0xFFFF:x}:{number & 0xFFFF ^ 0xFFFF:x}]",
        f"[2a00:1450::5efe:{target}]",
        f"[fe80::200:5efe:{target}]",
        f"example.com@{target}",
        f"user:word@{target}",
        f"example.com\\@{target}",
        f"{target}\\.example.com",
        f"{target}\t",
        f"{target}%00.example.com",
        f"{target}#@example.com",
        f"{target}?@example.com",
    ]


def all_spellings() -> list[str]:
    """Loopback, the address of no machine, a private one, metadata; and this machine's own."""
    named = [
        "localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost%00", "[::1]", "[::]",
        "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::1%25lo]", "[::1%lo]", "[fe80::1]", "[fe80::1%lo]",
        "127.127.127.127", "0", "127.0.0.2", "127.255.255.254",
    ]  # fmt: skip
    own = [f"[{one}]" if ":" in one else one for one in own_addresses()]
    targets = ("127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254")  # noqa: S104 - nobody binds
    return named + own + [one for target in targets for one in spellings(target)]


def test_S01_no_spelling_of_an_inner_address_is_connected_to(inside: Canary) -> None:
    tried = all_spellings()
    assert len(tried) >= 160
    dialled: list[str] = []
    with guarded(open_to(inside), names=resolve, dialled=dialled) as guard:
        for host in tried:
            for answer in (
                get(guard, f"http://{host}:{inside.port}/a"),
                connect(guard, f"{host}:{inside.port}"),
            ):
                status = answer[9:12]
                assert status in (b"403", b"502"), (host, answer)
    assert not dialled and not inside.heard


def test_the_same_spellings_are_heard_where_inside_is_allowed(inside: Canary) -> None:
    """The twin: what the canary would have heard without the rule."""
    with guarded(open_to(inside, private=True)) as guard:
        for host in ("127.0.0.1", "localhost", "a.localhost", "[::1]"):
            answer = get(guard, f"http://{host}:{inside.port}/a")
            assert answer.startswith(b"HTTP/1.1 200"), (host, answer)
        tunnel = f"CONNECT 127.0.0.1:{inside.port} HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
        assert ask(guard, tunnel).endswith(b"hi") and "/b" in inside.paths()
        assert get(guard, f"http://[::ffff:127.0.0.1]:{inside.port}/a")[9:12] == b"403"
    assert inside.heard.count("tcp") >= 5
    inside.heard.clear()


def test_a_page_says_why_it_was_not_reached(inside: Canary) -> None:
    with guarded(open_to(inside)) as guard:
        answer = get(guard, "http://192.168.1.1/").decode()
        assert "X-Crumbtrail-Refused: private\r\n" in answer
        assert "This address is in a private network." in answer
        assert guard.refused[-1] == ("192.168.1.1", 80, "192.168.1.1", "private")


def test_only_the_ports_of_the_web_are_opened() -> None:
    with guarded(Policy()) as guard:
        for port in (22, 25, 81, 3306, 5432, 6379, 8080, 65535):
            assert b"Refused: port\r\n" in connect(guard, f"{PUBLIC}:{port}")
        for port in (0, 65536, 99999):
            assert b"Refused: spelling\r\n" in connect(guard, f"{PUBLIC}:{port}")


def test_this_machines_own_addresses_are_known_whatever_they_are() -> None:
    assert is_own(ip_address("127.0.0.1"))
    assert not is_own(ip_address(PUBLIC)) and not is_own(ip_address("2606:4700::1111"))
    for text in own_addresses():
        assert is_own(ip_address(text.partition("%")[0])) or "%" in text


def test_an_own_public_address_and_a_denied_host_are_refused(elsewhere: Website) -> None:
    elsewhere.put("/", "hello")
    denied = Policy(denied=frozenset({"db.example.com", "93.184.216.35"}))
    with guarded(denied, elsewhere.port, lambda _: ["93.184.216.35"]) as guard:
        assert b"Refused: denied\r\n" in get(guard, "http://db.example.com/")
        assert b"Refused: denied\r\n" in get(guard, "http://www.example.com/")
        assert get(guard, f"http://{PUBLIC}/").endswith(b"hello")
        guard.own = lambda address: str(address) == PUBLIC
        assert b"Refused: own\r\n" in get(guard, f"http://{PUBLIC}/")


METADATA_URLS = """
169.254.169.254 169.254.169.254. 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518
[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [::169.254.169.254] [64:ff9b::a9fe:a9fe]
[2002:a9fe:a9fe::1] [fd00:ec2::254] [fd00:ec2:0:0:0:0:0:254] 100.100.100.200 [::ffff:6464:64c8]
metadata.google.internal METADATA.google.internal. metadata.goog 169.254.170.2 168.63.129.16
""".split()


@pytest.mark.parametrize("private", [False, True])
def test_S06_no_way_to_metadata_is_open_to_anybody(private: bool) -> None:
    assert len(METADATA_URLS) == 20
    dialled: list[str] = []
    with guarded(Policy(private=private), dialled=dialled) as guard:
        for host in METADATA_URLS:
            assert get(guard, f"http://{host}/latest/meta-data/")[9:12] == b"403", host
            assert connect(guard, f"{host}:443")[9:12] == b"403", host
    assert not dialled


def test_a_name_that_leads_to_metadata_leads_nowhere() -> None:
    with guarded(Policy(private=True), names=lambda _: ["169.254.169.254"]) as guard:
        assert b"Refused: metadata\r\n" in get(guard, "http://harmless.example/")


# -- rebinding ---------------------------------------------------------------------------------

GOOD_ANSWER = [PUBLIC]
BAD_ANSWERS = [
    ["127.0.0.1"], [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], ["::1"], [PUBLIC, "::1"],
    ["::ffff:127.0.0.1"], [PUBLIC, "64:ff9b::7f00:1"], ["fe80::1%lo"], ["0.0.0.1"], ["10.0.0.1"],
]  # fmt: skip


class Flipping:
    """Answers a good address once, a bad one the next time; sometimes both, in any order."""

    def __init__(self) -> None:
        self.chance = random.Random(3)
        self.asked = 0

    def __call__(self, _: str) -> list[str]:
        self.asked += 1
        return GOOD_ANSWER if self.asked % 2 else self.chance.choice(BAD_ANSWERS)


class AskingTwice(Guard):
    """The broken twin: looks at one answer and connects to the next."""

    async def _addresses(self, host: str, port: int):  # type: ignore[no-untyped-def]
        await super()._addresses(host, port)
        return [ip_address(one) for one in self.resolver(host)]


FLIPS = 1000


def test_S03_a_name_that_answers_differently_each_time_leads_inside_never(
    inside: Canary, elsewhere: Website
) -> None:
    elsewhere.put("/", "hello")
    names, dialled = Flipping(), []  # type: ignore[var-annotated]
    answers: list[bytes] = []
    with guarded(open_to(inside), elsewhere.port, names, dialled) as guard:

        def some() -> None:
            for _ in range(FLIPS // 4):
                answers.append(get(guard, f"http://rebind.example:{inside.port}/")[9:12])

        callers = [threading.Thread(target=some) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert len(guard.refused) == FLIPS // 2
    assert names.asked == FLIPS  # one question a request, and no second
    assert set(dialled) == {PUBLIC} and not inside.heard
    assert answers.count(b"200") == FLIPS // 2 and answers.count(b"403") == FLIPS // 2


def test_a_guard_that_asks_twice_is_led_inside(inside: Canary) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    with AskingTwice(open_to(inside), resolver=lambda _: next(answers)) as guard:
        get(guard, f"http://rebind.example:{inside.port}/")
    assert "tcp" in inside.heard
    inside.heard.clear()


def test_one_bad_answer_among_good_ones_is_enough() -> None:
    dialled: list[str] = []
    for answers in BAD_ANSWERS:
        with guarded(Policy(), names=lambda _, a=answers: a, dialled=dialled) as guard:  # type: ignore[misc]
            assert connect(guard, "mixed.example:443")[9:12] == b"403", answers
    assert not dialled


# -- what is passed on -------------------------------------------------------------------------


def test_a_page_comes_through_as_it_is(elsewhere: Website) -> None:
    elsewhere.put("/a", "é" * 100_000, Set_Cookie="a=b; HttpOnly", Keep_Alive="timeout=5")
    with guarded(Policy(), elsewhere.port) as guard:
        head, _, body = get(guard, "http://shop.example/a?b=c").partition(b"\r\n\r\n")
        assert body.decode() == "é" * 100_000
        assert b"Set-Cookie: a=b; HttpOnly" in head
        assert head.lower().count(b"\r\nconnection:") == 1 and b"Connection: close" in head
        assert guard.carried > 200_000 and not guard.refused


def test_a_body_goes_both_ways_through_a_tunnel(elsewhere: Website) -> None:
    elsewhere.put("/", "hello")
    with guarded(Policy(), elsewhere.port) as guard:
        request = b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n"
        answer = ask(guard, request + b"GET / HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\n")
        assert answer.endswith(b"hello")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
        b"GET file:///etc/passwd HTTP/1.1\r\n\r\n",
        b"GET ftp://a.example/ HTTP/1.1\r\n\r\n",
        b"GET https://a.example/ HTTP/1.1\r\n\r\n",
        b"GET http://a.example/ HTTP/2.0\r\n\r\n",
        b"GET  http://a.example/ HTTP/1.1\r\n\r\n",
        b"GET http://a.example/ b HTTP/1.1\r\n\r\n",
        b"GET http://a.example/\nHost: b HTTP/1.1\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nA: b\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\n Host: 127.0.0.1\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
        b"GET http://a.example/ HTTP/1.1\r\nno colon at all\r\n\r\n",
        b"GET http://a.example/\0 HTTP/1.1\r\n\r\n",
        b"GET http:///a HTTP/1.1\r\n\r\n",
        b"GET http://a.example:/ HTTP/1.1\r\n\r\n",
        b"CONNECT a.example HTTP/1.1\r\n\r\n",
        b"CONNECT http://a.example:443 HTTP/1.1\r\n\r\n",
        b"CONNECT a.example:443@127.0.0.1:80 HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_a_request_that_no_browser_sends_is_refused(request_: bytes) -> None:
    dialled: list[str] = []
    with guarded(Policy(), dialled=dialled) as guard:
        answer = ask(guard, request_)
    assert b"Refused: request\r\n" in answer or b"Refused: spelling\r\n" in answer, answer
    assert not dialled


@given(st.binary(max_size=200), st.text(max_size=60), st.sampled_from(["GET", "CONNECT", ""]))
def test_whatever_is_said_is_answered_or_refused_and_never_breaks(
    raw: bytes, target: str, method: str
) -> None:
    for head in (raw, f"{method} {target} HTTP/1.1\r\n".encode() + raw):
        try:
            said, where, _ = guard_module._read(head + b"\r\n\r\n")
            authority, default = (where, None)
            if said != b"CONNECT":
                authority, path = guard_module._split(where)
                default = 80
                assert path.startswith("/") and not {" ", "\r", "\n", "#"} & set(path)
            host, port = guard_module._authority(authority, default)
            assert 0 < port < 65536 and read_host(host)
        except (guard_module.No, Misspelt):
            continue


def test_the_host_of_a_request_is_the_one_that_was_looked_at(elsewhere: Website) -> None:
    """Another Host header, and headers between one hop and the next, do not travel."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_take, args=(listener, received))
    thread.start()
    with guarded(Policy(), listener.getsockname()[1]) as guard:
        ask(
            guard,
            "GET http://a.example/x#y HTTP/1.1\r\nHost: 127.0.0.1\r\nProxy-Authorization: Basic eA"
            "\r\nUpgrade: websocket\r\nCookie: a=b\r\n\r\n",
        )
    thread.join()
    lines = received[0].split(b"\r\n")
    assert lines[0] == b"GET /x HTTP/1.1"
    assert lines[1:4] == [b"Host: a.example", b"Connection: close", b"Cookie: a=b"]


def _take(listener: socket.socket, received: list[bytes]) -> None:
    with listener, listener.accept()[0] as caller:
        received.append(caller.recv(4096))
        caller.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


# -- limits ------------------------------------------------------------------------------------


class Drip:
    """A server that begins an answer and never ends it: `piece`, again and again."""

    def __init__(self, start: bytes, piece: bytes, pause: float = 0.0) -> None:
        self.start, self.piece, self.pause = start, piece, pause

    def __enter__(self) -> int:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._serve)]
        self.threads[0].start()
        return int(self.listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def _serve(self) -> None:
        while True:
            try:
                caller = self.listener.accept()[0]
            except OSError:
                return
            self.threads.append(threading.Thread(target=self._pour, args=(caller,)))
            self.threads[-1].start()

    def _pour(self, caller: socket.socket) -> None:
        with caller:
            caller.settimeout(30)
            try:
                caller.sendall(self.start)
                while not self.over.wait(self.pause):
                    caller.sendall(self.piece)
            except OSError:
                return


HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"


def test_S08_a_body_without_end_is_cut_off_at_the_bytes_of_the_scan() -> None:
    with Drip(HTML, b"x" * 65536) as port, guarded(Policy(bytes_max=2_000_000), port) as guard:
        assert len(get(guard, "http://endless.example/")) <= 2_000_000
        assert b"Refused: bytes\r\n" in get(guard, "http://endless.example/")


def test_S08_a_page_that_drips_ends_with_the_time_of_the_scan() -> None:
    with Drip(HTML, b"x", 0.05) as port, guarded(Policy(seconds_max=3), port) as guard:
        answer = get(guard, "http://slow.example/")
        assert answer.startswith(b"HTTP/1.1 200") and len(answer) < 300
        assert b"Refused: time\r\n" in get(guard, "http://slow.example/")


def test_S08_a_head_without_end_is_not_kept() -> None:
    with Drip(b"HTTP/1.1 200 OK\r\n", b"A: " + b"x" * 9000 + b"\r\n") as port:
        with guarded(Policy(), port) as guard:
            assert get(guard, "http://headers.example/") == b""
            assert ask(guard, b"GET http://a.example/ HTTP/1.1\r\n" + b"A: b\r\n" * 60_000) == b""


def test_S08_one_connection_too_many_is_refused_and_the_others_go_on() -> None:
    with Drip(HTML, b"x", 0.05) as port:
        with guarded(Policy(connections_max=3), port) as guard:
            held = [_begun(guard) for _ in range(3)]
            assert b"Refused: busy\r\n" in get(guard, "http://d.example/")
            for one in held:
                assert one.recv(1)
                one.close()


def _begun(guard: Guard) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", guard.port), timeout=30)
    made.sendall(b"GET http://a.example/ HTTP/1.1\r\n\r\n")
    assert made.recv(9) == b"HTTP/1.1 "
    return made


def test_refusals_are_remembered_up_to_a_number() -> None:
    with guarded(Policy()) as guard:
        for _ in range(1100):
            get(guard, "http://10.0.0.1/")
        assert len(guard.refused) == 1000


def test_a_guard_that_is_closed_lets_go_of_everything() -> None:
    with Drip(HTML, b"x", 0.05) as port, guarded(Policy(), port) as guard:
        held = _begun(guard)
    while held.recv(4096):
        pass
    held.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", guard.port), timeout=5).close()


def test_a_guard_that_cannot_listen_says_so(tmp_path: object) -> None:
    with pytest.raises(OSError), Guard(unix=tmp_path / "no" / "such" / "folder"):  # type: ignore[operator]
        pass


# -- one document ------------------------------------------------------------------------------


def test_a_document_is_fetched_through_the_guard(elsewhere: Website) -> None:
    elsewhere.put("/robots.txt", "User-agent: *", "text/plain")
    with guarded(Policy(), elsewhere.port) as guard:
        got = fetch(guard, "http://shop.example/robots.txt", agent=AGENT)
        assert (got.status, got.body) == (200, b"User-agent: *")
        assert fetch(guard, "http://shop.example/none", agent=AGENT).status == 404


def test_S02_forty_redirects_that_end_inside_end_nowhere(inside: Canary) -> None:
    ends = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
    ends += ["10.0.0.1", "169.254.169.254"]
    with stranger() as site:
        chains = _chains(site, [f"http://{end}:{inside.port}/hit" for end in ends])
        assert len(chains) == 40
        with guarded(open_to(inside), site.port) as guard:
            for start in chains:
                with pytest.raises(Unreachable):
                    fetch(guard, start, agent=AGENT)
        assert not inside.heard
        with guarded(open_to(inside, private=True), site.port) as guard:  # the twin
            assert fetch(guard, chains[0], agent=AGENT).status == 200
    assert "GET /hit HTTP/1.1" in inside.heard
    inside.heard.clear()


def _chains(site: Stranger, ends: list[str]) -> list[str]:
    """For each end, by each of the five codes, over one to three public hosts."""
    starts = []
    for number, end in enumerate(ends):
        for hops, code in enumerate((301, 302, 303, 307, 308)):
            path, last = f"/{number}/{code}", hops % 3
            for hop in range(last):
                onwards = f"http://h{hop}.example{path}/{hop + 1}"
                site.put(f"{path}/{hop}", status=code, Location=onwards)
            site.put(f"{path}/{last}", status=code, Location=end)
            starts.append(f"http://start.example{path}/0")
    return starts


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("file:///etc/passwd", "scheme"),
        ("ftp://shop.example/", "scheme"),
        ("http://user@shop.example/", "spelling"),
        ("http://10.0.0.1/", "private"),
        ("https://10.0.0.1/", "private"),
        ("http://nobody.example/", "unresolved"),
        ("http://shop.example:99999/", "spelling"),
    ],
)
def test_what_cannot_be_fetched_says_why(where: str, why: str) -> None:
    with guarded(Policy(), names=lambda _: []) as guard, pytest.raises(Unreachable) as caught:
        fetch(guard, where, agent=AGENT)
    assert caught.value.why == why and str(caught.value).endswith(".")


def test_a_document_that_is_too_long_or_too_slow_is_not_waited_for() -> None:
    for start, piece, pause, why, most in (
        (HTML, b"x" * 65536, 0.0, "long", 30),
        (HTML, b"x", 0.05, "slow", 1),
        (b"HTTP/1.1 200 OK\r\nA: ", b"x", 0.05, "slow", 1),
    ):
        with Drip(start, piece, pause) as port, guarded(Policy(), port) as guard:
            with pytest.raises(Unreachable) as caught:
                fetch(guard, "http://a.example/", agent=AGENT, bytes_max=100_000, seconds=most)
            assert caught.value.why == why


def test_no_proxy_of_the_environment_leads_around_the_guard(
    monkeypatch: pytest.MonkeyPatch, inside: Canary
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{inside.port}")
    with guarded(open_to(inside)) as guard, pytest.raises(Unreachable):
        fetch(guard, f"http://127.0.0.1:{inside.port}/", agent=AGENT)
    assert not inside.heard


def test_the_loop_of_a_guard_is_not_the_loop_of_its_caller(elsewhere: Website) -> None:
    elsewhere.put("/", "hello")

    async def within_a_loop() -> bytes:
        with guarded(Policy(), elsewhere.port) as guard:
            return await asyncio.to_thread(get, guard, "http://a.example/")

    assert run(within_a_loop()).endswith(b"hello")
