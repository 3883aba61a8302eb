"""Too much at once: few wait for a stuck database, each site and each withdrawal has room, and what
was answered 201 is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from consent.limits import Limiter
from consent.records import room, writer
from tests.acts import choice_body, code_of, make_site, post_choice, rows
from tests.conftest import Clock

SITES = ("example.com", "other.example")
PATIENCE = 120.0
Reply = tuple[str, TestResponse]


class Stuck:
    """An app whose writer stops in the middle of a batch, and visitors who do not."""

    def __init__(self, app: Flask, clock: Clock) -> None:
        self.app, self.clock = app, clock
        self.notices = {site: make_site(app, clock.now, site).digest for site in SITES}
        self.answers: list[Reply] = []
        self.threads: list[threading.Thread] = []
        self.go_on = threading.Event()
        for site in SITES:
            self._post(site, {})  # what is read once is in memory
        assert [reply.status_code for _, reply in self.answers] == [201, 201]
        self.answers.clear()
        self.writer: writer.Writer = app.extensions["crumbtrail"].writer
        also = self.writer._also

        def stop(*of: Any) -> None:
            self.go_on.wait(PATIENCE)
            also(*of)

        self.writer._also = stop

    def post(self, site: str, times: int, **changes: Any) -> None:
        for _ in range(times):
            thread = threading.Thread(target=self._post, args=(site, changes), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _post(self, site: str, changes: dict[str, Any]) -> None:
        body = choice_body(self.notices[site], self.clock.now, **changes)
        self.answers.append((body["id"], post_choice(self.app.test_client(), site, body)))

    def end(self) -> None:
        self.go_on.set()
        for thread in self.threads:
            thread.join(PATIENCE)

    def settles(self, waiting: int, answered: int, seconds: float = PATIENCE) -> bool:
        """Whether so many wait and so many are answered, before the time is over."""
        end = time.monotonic() + seconds
        while (len(self.writer.room), len(self.answers)) != (waiting, answered):
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


@pytest.fixture
def stuck(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stuck]:
    monkeypatch.setattr(writer, "WAIT_S", 2 * PATIENCE)
    made = Stuck(make_app(RATE_SITE="0", RATE_CLIENT="0"), clock)
    yield made
    made.end()


def test_few_wait_for_a_stuck_database_and_there_is_room_for_others(stuck: Stuck) -> None:
    one, other = SITES
    stuck.post(one, 40)
    assert stuck.settles(12, 28), "one site has its share and no more"
    stuck.post(other, 12)
    assert stuck.settles(24, 28), "the other site has its own"
    stuck.post(other, 1)
    stuck.post(one, 1)
    assert stuck.settles(24, 30), "who comes then is told so"
    stuck.post(one, 12, action="withdraw")
    assert stuck.settles(36, 30), "withdrawals have more room"
    stuck.post(one, 3, action="withdraw")
    stuck.post(other, 6, action="withdraw")
    assert stuck.settles(40, 35), "and an end of it"
    shed = [reply for _, reply in stuck.answers]
    assert {(reply.status_code, code_of(reply)) for reply in shed} == {(503, "busy")}
    assert {int(reply.headers["Retry-After"]) for reply in shed} <= {1, 2, 3, 4, 5}
    stuck.end()
    assert stuck.settles(0, 75)
    kept = {id_ for id_, reply in stuck.answers if reply.status_code == 201}
    assert len(kept) == 40
    with stuck.app.app_context():
        there = {row.id.hex() for row in rows()}
    assert {id_.replace("-", "") for id_ in kept} <= there


def test_who_was_told_to_come_back_is_taken_then(stuck: Stuck) -> None:
    stuck.post(SITES[0], 20)
    assert stuck.settles(12, 8)
    stuck.end()
    refused = [id_ for id_, reply in stuck.answers if reply.status_code == 503]
    for id_ in refused:
        body = choice_body(stuck.notices[SITES[0]], stuck.clock.now, id=id_)
        assert post_choice(stuck.app.test_client(), SITES[0], body).status_code in (200, 201)
    with stuck.app.app_context():
        assert len(rows()) == 2 + 20


def test_who_waits_for_a_choice_need_not_leave_for_a_withdrawal() -> None:
    waiting = room.Room()
    for withdrawal in (False, True):
        for _ in range(room.CHOICES[1]):
            waiting.enter(1, withdrawal)
    assert not waiting.crowded(1, withdrawal=False)
    assert waiting.full(1, withdrawal=False)
    waiting.enter(1, withdrawal=True)
    assert waiting.crowded(1, withdrawal=True)
    for withdrawal in (False, True):
        for _ in range(room.CHOICES[1]):
            waiting.leave(1, withdrawal)
    assert len(waiting) == 0 and not waiting.full(1, withdrawal=False)


def test_a_room_without_bounds_is_found_out(stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CHOICES", (10**6, 10**6))
    stuck.post(SITES[0], 20)
    assert stuck.settles(20, 0)
    assert not stuck.settles(12, 8, seconds=3 * room.SLOW_S)


def test_what_nobody_waits_for_is_not_kept_in_memory(stuck: Stuck) -> None:
    stuck.post(SITES[0], 60)
    assert stuck.settles(12, 48)
    before = stuck.writer.depth
    stuck.post(SITES[0], 60)
    assert stuck.settles(12, 108)
    assert stuck.writer.depth == before


def flood(app: Flask, clock: Clock) -> int:
    """How many of ten choices for a quiet site are taken while another is flooded."""
    digests = {site: make_site(app, clock.now, site).digest for site in SITES}
    client, taken = app.test_client(), 0
    for _ in range(10):
        for site, times in ((SITES[0], 8), (SITES[1], 1)):
            for _ in range(times):
                reply = post_choice(client, site, choice_body(digests[site], clock.now))
                assert reply.status_code == 201 or int(reply.headers["Retry-After"]) >= 1
                taken += site == SITES[1] and reply.status_code == 201
    return taken


def test_a_flooded_site_takes_nothing_from_another(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    assert flood(make_app(RATE_SITE="20", RATE_CLIENT="0"), clock) == 10


def test_a_limit_that_all_sites_share_is_found_out(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Limiter.take
    monkeypatch.setattr(Limiter, "take", lambda self, key, now, cost=1.0: real(self, "", now, cost))
    assert flood(make_app(RATE_SITE="20", RATE_CLIENT="0"), clock) < 9


def crowded_by_one(app: Flask, clock: Clock) -> int:
    """How many of ten visitors are taken while one client sends far more than its site may."""
    digest, client, taken = make_site(app, clock.now).digest, app.test_client(), 0
    for number in range(10):
        for address in ["198.51.100.7"] * 8 + [f"203.0.113.{number}"]:
            body = choice_body(digest, clock.now)
            reply = post_choice(client, "example.com", body, X_Forwarded_For=address)
            taken += address.startswith("203") and reply.status_code == 201
    return taken


ONE = {"RATE_SITE": "20", "RATE_CLIENT": "5", "TRUSTED_PROXIES": "127.0.0.0/8"}


def test_what_one_client_is_refused_its_site_does_not_pay_for(
    make_app: Callable[..., Flask], clock: Clock
) -> None:
    assert crowded_by_one(make_app(**ONE), clock) == 10


def test_a_site_that_pays_for_what_is_refused_is_found_out(
    make_app: Callable[..., Flask], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(**ONE)
    limits = app.extensions["crumbtrail"].limits

    def paid(self: Limiter, key: str, now: float, cost: float = 1.0) -> float:
        if self is limits["client_choice"]:
            limits["site_choice"].take("example.com", now)
        return real(self, key, now, cost)

    real = Limiter.take
    monkeypatch.setattr(Limiter, "take", paid)
    assert crowded_by_one(app, clock) < 9
