"""Locks between processes: each goes in turn, one is the one."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select

from consent import duties
from consent.db import db
from consent.ledger import integrate
from consent.ledger.fsck import fsck
from consent.ledger.rows import Head
from consent.records import pulse
from consent.records.rows import Page
from consent.turns import Sole, turn
from tests.acts import choice_body, make_site, post_choice, rows
from tests.conftest import Clock
from tests.prepare import ROOT

SITE = "example.com"

HOLDS = "from consent.turns import Sole; from pathlib import Path; import sys; \
sole = Sole(Path(sys.argv[1])); print(sole(), flush=True); sys.stdin.read()"


def test_never_two_have_their_turn_at_once_and_each_has_it(tmp_path: Path) -> None:
    engine, inside, most = create_engine(f"sqlite:///{tmp_path}/db"), list[int](), list[int]()

    def writes(number: int) -> None:
        for _ in range(20):
            with turn(engine):
                inside.append(number)
                time.sleep(0.001)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=writes, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 80


def test_where_the_files_cannot_be_had_nobody_waits(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/db")
    (tmp_path / "db-turn").mkdir()
    with turn(engine), turn(engine):
        pass


def test_who_has_had_its_turn_comes_after_those_that_wait(tmp_path: Path) -> None:
    engine, order = create_engine(f"sqlite:///{tmp_path}/db"), list[str]()

    def second() -> None:
        with turn(engine):
            order.append("second")

    for _ in range(10):
        thread = threading.Thread(target=second)
        with turn(engine):
            thread.start()
            until(lambda: waits(thread))  # noqa: B023
        with turn(engine):
            order.append("first again")
        thread.join()
    assert order == ["second", "first again"] * 10


def test_a_turn_ends_also_where_its_work_fails(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/db")
    with pytest.raises(ZeroDivisionError), turn(engine):
        raise ZeroDivisionError
    with turn(engine):
        pass


def test_nobody_waits_on_postgresql() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with turn(engine), turn(engine):
        pass


@pytest.mark.sqlite_only
def test_choices_and_the_log_wait_for_their_turn_and_nobody_takes_that_for_a_hang(
    app: Flask, clock: Clock
) -> None:
    known, digest = app.extensions["crumbtrail"], make_site(app, clock()).digest
    here, replies = known.engine(), list[int]()
    client = app.test_client()
    assert post_choice(client, SITE, choice_body(digest, clock())).status_code == 201
    body = choice_body(digest, clock())
    chooses = threading.Thread(
        target=lambda: replies.append(post_choice(client, SITE, body).status_code)
    )
    ticks = threading.Thread(target=ticked, args=(app, clock))
    with turn(here):
        for thread in (chooses, ticks):
            thread.start()
        until(lambda: waits(known.writer._thread) or waits(ticks))
        until(lambda: stands(known.writer._thread) and stands(ticks))
        assert not pulse.lost(known.writer._thread, time.monotonic() - 2 * pulse.LOST_S)
        assert pulse.late(known.writer._thread, time.monotonic() - 2 * pulse.LOST_S)
        assert len(rows()) == 1 and not db.session.scalar(select(func.max(Head.size)))
    for thread in (chooses, ticks):
        thread.join()
    assert replies == [201] and len(rows()) == 2
    assert db.session.scalar(select(func.max(Head.size)))


@pytest.mark.sqlite_only
def test_new_pages_of_a_batch_are_made_in_one_order_whichever_came_first(
    app: Flask, clock: Clock
) -> None:
    """Two writers that made them in the order they came could wait for each other crosswise."""
    known, digest = app.extensions["crumbtrail"], make_site(app, clock()).digest
    origin, writer = "https://example.com", known.writer

    def choose(page: str) -> threading.Thread:
        body = choice_body(digest, clock(), page=f"{origin}/{page}")
        thread = threading.Thread(
            target=lambda: post_choice(app.test_client(), SITE, body), name=page
        )
        thread.start()
        return thread

    with turn(known.engine()):
        threads = [choose("first")]
        until(lambda: waits(writer._thread))
        for number, page in enumerate(("z", "m", "a"), 1):
            threads.append(choose(page))
            until(lambda: writer.depth == number)  # noqa: B023
    for thread in threads:
        thread.join()
    made = db.session.scalars(select(Page.text).order_by(Page.id))
    assert [text.rpartition("/")[2] for text in made] == ["first", "a", "m", "z"]


def test_many_logs_grow_in_parts_and_agree(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrate, "AHEAD", 2)
    known, keys = app.extensions["crumbtrail"], [f"{name}.example" for name in "abcde"]
    for key in keys:
        digest = make_site(app, clock(), key).digest
        assert post_choice(app.test_client(), key, choice_body(digest, clock())).status_code == 201
    ticked(app, clock)
    assert db.session.scalar(select(func.count()).select_from(Head)) == len(keys) + 1
    assert db.session.scalar(select(func.min(Head.signed))) > 0
    assert list(fsck(known.ledger.signer, clock())) == []


def ticked(app: Flask, clock: Clock) -> None:
    with app.app_context():
        app.extensions["crumbtrail"].ledger.tick(clock())


def waits(thread: threading.Thread) -> bool:
    """Whether it is the next to have its turn."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None or frame.f_code.co_name != "_locked":
        return False
    return str(frame.f_locals["name"]).endswith("-turn")


def stands(thread: threading.Thread) -> bool:
    """Whether it waits for its turn at all."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_name == "_locked"


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_one_does_for_all_is_not_done_by_another(tmp_path: Path) -> None:
    done = list[str]()
    first, second = Sole(tmp_path / "sole"), Sole(tmp_path / "sole")
    works = [
        duties.by_one(one, name, lambda at, name=name: done.append(name))  # type: ignore[misc]
        for one, name in ((first, "first"), (second, "second"))
    ]
    for work in (*works, *works):
        work(datetime.now(UTC))
    assert done == ["first", "first"]
    first.close()
    works[1](datetime.now(UTC))
    assert done == ["first", "first", "second"]
    second.close()


def test_of_processes_that_share_a_file_one_is_the_one_until_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "sole"
    command = [sys.executable, "-c", HOLDS, str(file)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "True\n"
        here = Sole(file)
        assert [here(), here()] == [False, False]
        other.kill()
        other.wait()
        assert [here(), here()] == [True, True]
        here.close()
