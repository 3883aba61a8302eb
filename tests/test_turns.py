"""Locks between processes: each goes in turn, one is the one."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from consent.turns import Sole, turn
from tests.prepare import ROOT

HOLDS = "from consent.turns import Sole; from pathlib import Path; import sys; \
sole = Sole(Path(sys.argv[1])); print(sole(), flush=True); sys.stdin.read()"


def test_whoever_waits_for_its_turn_has_it_when_the_other_is_through(tmp_path: Path) -> None:
    engine, order, waits = create_engine(f"sqlite:///{tmp_path}/db"), list[str](), threading.Event()

    def second() -> None:
        waits.set()
        with turn(engine):
            order.append("second")

    thread = threading.Thread(target=second)
    with turn(engine):
        thread.start()
        waits.wait()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


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
