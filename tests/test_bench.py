"""`make bench` at its smallest: the figures are there, and what was acknowledged is stored. How
large they are is not asked: tests run on any machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench import report, run

SMALLEST = "SECONDS=0.3 ROUNDS=1 ROWS=300 RATE=20 MINUTES=0.02 ASKED=2 PEER=0 WRITE=0".split()
OURS = ["Crumbtrail, SQLite", "Crumbtrail, PostgreSQL"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("cc"), reason="the generator is built by a C compiler")
def test_a_run_finds_every_figure_and_every_choice(capsys: pytest.CaptureFixture[str]) -> None:
    found = run.main(SMALLEST)
    told = capsys.readouterr().out
    assert [*found["writes"]] == [*OURS, "bare Flask"]
    assert [*found["writes_at_rows"]] == [*found["open"]] == [*found["exports"]] == OURS
    for one in OURS:
        (empty,), (full,), steady = (
            found["writes"][one],
            found["writes_at_rows"][one],
            found["open"][one],
        )
        for figures in (empty, full, steady):
            assert figures["ok"] > 0
            assert figures["missing"] == figures["refused"] == figures["broken"] == 0
            assert figures["per_cpu_s"] > 0
            assert figures["memory_mib"] > 0
        assert steady["proof_s"] and steady["bytes_per_record"] > 0
        assert len(found["audit"][one]) == len(found["audit_few"][one]) == 6
        assert all(kind["whole"] for kind in found["exports"][one].values())
    for heading in ("Writing", "Reading", "Auditing", "Exporting", "A steady 20 choices a second"):
        assert f"### {heading}\n" in told
    assert "0 were missing" in told


def test_a_choice_that_is_not_stored_is_missing() -> None:
    class Forgetful:
        database = "any"

        def rows(self) -> int:
            return 107

    assert run.lost(Forgetful(), 100, 9) == 2  # type: ignore[arg-type]
    assert run.lost(Forgetful(), 100, 7) == 0  # type: ignore[arg-type]


def test_a_ratio_is_made_within_a_round() -> None:
    ours = [{"per_s": 100.0}, {"per_s": 30.0}, {"per_s": 90.0}]
    theirs = [{"per_s": 50.0}, {"per_s": 10.0}, {"per_s": 30.0}]
    assert report.ratio(ours, theirs, "per_s") == "3.00× (2.00–3.00)"


def test_what_a_run_writes_stands_between_its_marks_alone(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n\n{report.BEGIN}\nold\n{report.END}\nafter\n", "utf-8")
    for words in ("first", "second"):
        report.put(words, page)
    want = f"before\n\n{report.BEGIN}\n\nsecond\n\n{report.END}\nafter\n"
    assert page.read_text("utf-8") == want


def test_a_parameter_that_is_none_is_named() -> None:
    with pytest.raises(SystemExit, match="ROW is not one of SECONDS, ROUNDS, ROWS"):
        run.parameters(["ROW=1"])
