"""Whose a host is: claimed, proven by a record or a file, looked at again, lost (S1-30)."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from socket import AF_INET, SOCK_DGRAM, socket

import dns.resolver
import pytest
from flask import Flask

from consent import ownership, sites, trail
from consent.egress import Fetched, Policy, Unreachable, fetch, txt
from consent.errors import Forbidden, Invalid
from consent.ownership import Ownership
from consent.sites import Site
from tests.acts import BY, add_site
from tests.canary import guarded, stranger
from tests.conftest import Clock

HOST = "www.example.com"
AGENT = "CrumbtrailTest/1"


class World:
    """The DNS and the websites, as they are at the moment; None does not answer."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] | None = {}
        self.files: dict[str, tuple[int, bytes]] | None = {}
        self.asked: list[str] = []

    def ask(self, name: str) -> list[str]:
        self.asked.append(name)
        if self.records is None:
            raise Unreachable("dns")
        return self.records.get(name, [])

    def get(self, url: str) -> Fetched:
        self.asked.append(url)
        if self.files is None:
            raise Unreachable("unreachable")
        status, body = self.files.get(url, (404, b"no such page"))
        return Fetched(url, status, {}, body)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    return add_site(clock.now, "example.com", origins=["example.com", "*.example.com", "x.test:81"])


def look(site: Site, world: World, clock: Clock, host: str = HOST) -> bool:
    return ownership.look(site, host, BY, clock.now, world.ask, world.get)


def claimed(site: Site, clock: Clock) -> Ownership:
    return ownership.claim(site, HOST, BY, clock.now)


def test_S1_30_a_host_that_nobody_has_proven_is_forbidden(
    site: Site, world: World, clock: Clock
) -> None:
    with pytest.raises(Forbidden) as refused:
        ownership.check(site, HOST, clock.now)
    assert (refused.value.status, refused.value.code) == (403, "not_proven")
    claimed(site, clock)
    assert not look(site, world, clock)
    with pytest.raises(Forbidden):
        ownership.check(site, HOST, clock.now)
    world.records = {"_crumbtrail.www.example.com": [ownership.wanted(claimed(site, clock)).value]}
    assert look(site, world, clock)
    ownership.check(site, HOST, clock.now)


def test_a_txt_record_proves_a_host_and_no_other(site: Site, world: World, clock: Clock) -> None:
    wanted = ownership.wanted(claimed(site, clock))
    assert wanted.record == "_crumbtrail.www.example.com"
    world.records = {wanted.record: ["v=spf1 -all", f" {wanted.value} "]}
    assert look(site, world, clock) and ownership.proven(site, HOST, clock.now)
    assert ownership.proven(site, "WWW.example.com.", clock.now)
    for other in ("example.com", "shop.example.com", "example.org", "127.0.0.1", ""):
        assert not ownership.proven(site, other, clock.now)
    assert [entry.verb for entry in trail.entries(site.key)][:2] == [
        "ownership.prove",
        "ownership.claim",
    ]


def test_a_file_proves_a_host(site: Site, world: World, clock: Clock) -> None:
    wanted = ownership.wanted(claimed(site, clock))
    assert wanted.file.startswith("https://www.example.com/.well-known/crumbtrail-")
    for url in (wanted.file, wanted.file.replace("https", "http")):
        world.files = {url: (200, f"{wanted.text}\n".encode())}
        assert look(site, world, clock) is url.startswith("https")
    world.records = None  # one way is enough, whatever becomes of the other
    world.files = {wanted.file: (200, wanted.text.encode())}
    assert look(site, world, clock)


def test_a_server_without_https_is_asked_over_http(site: Site, world: World, clock: Clock) -> None:
    wanted = ownership.wanted(claimed(site, clock))

    def plain(url: str) -> Fetched:
        if url.startswith("https"):
            raise Unreachable("unreachable")
        return Fetched(url, 200, {}, wanted.text.encode())

    assert ownership.look(site, HOST, BY, clock.now, world.ask, plain)


def test_what_is_no_proof(site: Site, world: World, clock: Clock) -> None:
    """Near misses: another status, more text, the address repeated, another site's token."""
    one = claimed(site, clock)
    wanted = ownership.wanted(one)
    other = ownership.wanted(ownership.claim(site, "example.com", BY, clock.now))
    near = [
        (404, wanted.text.encode()),
        (200, f"<p>{wanted.text}".encode()),
        (200, one.token.encode()),
        (200, wanted.file.encode()),
        (200, other.text.encode()),
        (200, b""),
    ]
    for status, body in near:
        world.files = {wanted.file: (status, body)}
        assert not look(site, world, clock), body
    assert one.token not in wanted.text
    world.files = {}
    for value in (wanted.text, other.value, f"{wanted.value}x", wanted.value.upper()):
        world.records = {wanted.record: [value]}
        assert not look(site, world, clock), value


def test_our_own_script_on_the_page_is_no_proof(site: Site, world: World, clock: Clock) -> None:
    """The site's key is public: whoever pastes our tag owns nothing by it."""
    page = sites.snippet(site, "https://consent.example.net").encode()
    wanted = ownership.wanted(claimed(site, clock))
    world.files = {f"https://{HOST}/": (200, page), wanted.file: (200, page)}
    assert not look(site, world, clock)
    assert f"https://{HOST}/" not in world.asked


def test_another_sites_proof_counts_for_that_site_alone(
    site: Site, world: World, clock: Clock
) -> None:
    theirs = add_site(clock.now, "theirs.example", origins=["www.example.com"])
    assert ownership.wanted(claimed(site, clock)).value != (
        ownership.wanted(ownership.claim(theirs, HOST, BY, clock.now)).value
    )
    world.records = {"_crumbtrail.www.example.com": [ownership.wanted(claimed(site, clock)).value]}
    assert look(site, world, clock) and not look(theirs, world, clock)
    assert not ownership.proven(theirs, HOST, clock.now)


@pytest.mark.parametrize(
    "host",
    ["other.example", "127.0.0.1", "[::1]", "localhost", "2130706433", "a b", "", "com"],
)
def test_a_host_outside_the_sites_origins_cannot_be_claimed(
    site: Site, clock: Clock, host: str
) -> None:
    with pytest.raises(Invalid) as refused:
        ownership.claim(site, host, BY, clock.now)
    assert refused.value.code == "host_value"


def test_a_claim_is_made_once(site: Site, clock: Clock) -> None:
    assert claimed(site, clock).id == ownership.claim(site, "WWW.Example.com.", BY, clock.now).id
    assert ownership.claim(site, "x.test", BY, clock.now).host == "x.test"  # a port is no host
    assert [one.host for one in ownership.of_site(site)] == ["www.example.com", "x.test"]


def test_a_proof_is_looked_at_again_and_lost_when_it_is_gone(
    site: Site, world: World, clock: Clock
) -> None:
    wanted = ownership.wanted(claimed(site, clock))
    world.records = {wanted.record: [wanted.value]}
    look(site, world, clock)
    assert not ownership.due(clock.now)
    clock.advance(days=7)
    assert [host for _, host in ownership.due(clock.now)] == [HOST]
    assert look(site, world, clock) and not ownership.due(clock.now)
    world.records = {}
    assert not look(site, world, clock)
    assert not ownership.proven(site, HOST, clock.now)
    verbs = [entry.verb for entry in trail.entries(site.key)]
    assert verbs.count("ownership.prove") == 1 and verbs[0] == "ownership.lose"
    assert not ownership.due(clock.now + timedelta(days=8))


def test_silence_is_not_a_no_for_thirty_days(site: Site, world: World, clock: Clock) -> None:
    wanted = ownership.wanted(claimed(site, clock))
    world.records = {wanted.record: [wanted.value]}
    look(site, world, clock)
    world.records = world.files = None
    clock.advance(days=29)
    assert not look(site, world, clock)
    assert claimed(site, clock).problem == "unreachable"
    assert ownership.proven(site, HOST, clock.now)
    clock.advance(days=1)
    assert not ownership.proven(site, HOST, clock.now)


# -- the DNS and a server, as they speak ---------------------------------------------------------


def test_the_file_is_fetched_through_the_guard_and_from_its_place_alone(
    site: Site, world: World, clock: Clock
) -> None:
    wanted = ownership.wanted(claimed(site, clock))
    path = wanted.file.partition("example.com")[2]
    with stranger() as there, guarded(Policy(), there.port) as guard:

        def get(url: str) -> Fetched:
            return fetch(guard, url.replace("https", "http"), agent=AGENT, redirects=0)

        there.put(path, status=302, Location="/mine.txt")
        there.put("/mine.txt", wanted.text)
        assert not ownership.look(site, HOST, BY, clock.now, world.ask, get)
        assert "/mine.txt" not in there.asked
        there.put(path, wanted.text)
        assert ownership.look(site, HOST, BY, clock.now, world.ask, get)


def test_a_name_that_leads_inside_is_not_asked_for_a_file() -> None:
    with pytest.raises(Unreachable):
        ownership.getter(AGENT)("http://localhost/.well-known/crumbtrail-x.txt")


@contextmanager
def name_server(answers: dict[bytes, list[bytes]], code: int = 0) -> Iterator[int]:
    """Answers TXT questions as RFC 1035 writes them; a name that is not there is NXDOMAIN."""
    with socket(AF_INET, SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.1)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    asked, who = listening.recvfrom(2048)
                except TimeoutError:
                    continue
                end = asked.index(b"\0", 12) + 5
                texts = answers.get(asked[12 : end - 5])
                flags = 0x8180 | (code or (0 if texts is not None else 3))
                head = asked[:2] + struct.pack("!5H", flags, 1, len(texts or []), 0, 0)
                body = b"".join(_record(text) for text in texts or [])
                listening.sendto(head + asked[12:end] + body, who)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            over.set()
            thread.join()


def _record(text: bytes) -> bytes:
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)] or [b""]
    data = b"".join(bytes([len(piece)]) + piece for piece in pieces)
    return b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 0, len(data)) + data


def ask_at(port: int, monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], port, 5
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    return txt(name)


def test_txt_records_are_read_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    name = b"\x0b_crumbtrail\x03www\x07example\x03com"
    with name_server({name: [b"a", b"x" * 300, "é\xff".encode("latin-1")]}) as port:
        found = ask_at(port, monkeypatch, "_crumbtrail.www.example.com")
        assert sorted(found) == ["a", "x" * 300, "\ufffd\ufffd"]
        assert ask_at(port, monkeypatch, "_crumbtrail.example.com") == []


def test_a_dns_that_fails_is_not_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    with name_server({}, code=2) as port, pytest.raises(Unreachable):
        ask_at(port, monkeypatch, "_crumbtrail.www.example.com")


def test_the_command_says_what_to_put_up_and_whether_it_is_there(
    app: Flask, site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = app.test_cli_runner().invoke
    wanted = ownership.wanted(claimed(site, clock))
    said = run(args=["own", "example.com", HOST])
    assert said.exit_code == 1 and f"{HOST} is not proven." in said.output
    for part in (wanted.record, wanted.value, wanted.file, wanted.text):
        assert part in said.output
    assert "among the site's origins" in run(args=["own", "example.com", "10.0.0.1"]).output
    name = b"\x0b_crumbtrail\x03www\x07example\x03com"
    with name_server({name: [wanted.value.encode()]}) as port:
        ask_at(port, monkeypatch, "_crumbtrail.www.example.com")
        said = run(args=["own", "example.com", HOST, "--look"])
    assert said.exit_code == 0 and said.output == f"{HOST} is proven.\n"
    assert run(args=["own", "example.com", HOST]).exit_code == 0
