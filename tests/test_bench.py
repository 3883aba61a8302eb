"""`make bench` at its smallest: the figures are there, and what was acknowledged is stored. How
large they are is not asked: tests run on any machine."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench import capacity, memory, report, run
from bench.banner import run as banner
from bench.parameters import parameters
from tests.prepare import chromium

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
    shown = capacity.text(found, capacity.assumptions(["PEAK=2"]))
    assert "| 8.8 billion consents a month | 3,346 | 6,692 |" in shown
    assert "| `PEAK` | 2 |" in shown


def test_the_model_adds_up_what_was_measured() -> None:
    measured = capacity.Measured(
        server_s=0.001,
        database_s=0.0005,
        generator_s=0.0001,
        script_s=0.002,
        record_bytes=250.0,
        rate=900.0,
        cores=2,
    )
    given = capacity.assumptions(["PEAK=4", "BUSY=0.5", "VIEWS=10", "CACHED=0.9", "MONTHS=10"])
    given |= {"COPIES": 2, "CORES": 8, "VOLUME": 1000, "CORE": 10, "GB": 0.5, "SENT": 0.25}
    a_second = capacity.MONTH_S  # one consent a second, all month
    found = capacity.needs("one a second", a_second * 100, measured, given)
    assert found.peak == pytest.approx(400)
    assert found.web_cores == pytest.approx(400 * (0.001 + 1 * 0.002) / 0.5)
    assert found.database_cores == pytest.approx(400 * 0.0005 / 0.5)
    assert found.records == pytest.approx(a_second * 1000)
    assert found.disk_gb == pytest.approx(a_second * 1000 * 250 * 2 / 1e9)
    assert found.nodes == 2 + 2 * 1
    money = 4 * 8 * 10 + found.disk_gb * 0.5 + found.sent_gb * 0.25
    assert found.money == pytest.approx(money)


@pytest.mark.slow
@pytest.mark.skipif(not chromium(), reason="no Chromium is installed (package chromium)")
def test_a_run_of_the_banners_finds_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(1) as own:  # this thread may have a browser already
        arguments = "ROUNDS=1 WARM=0 CPU=1 PEERS=0 WRITE=0".split()
        found = own.submit(banner.main, arguments).result()
    told = capsys.readouterr().out
    ours = ["Crumbtrail, stub and async", "Crumbtrail, one synchronous tag"]
    assert [*found["x1"]] == ["bare", "tags", *ours, "*floor: inline*"]
    for name in ours:
        (seen,) = found["x1"][name]
        assert seen["first"]["requests"] == 1 and seen["first"]["bytes"] > 0
        assert seen["first"]["visible"] > 0 and seen["first"]["ran"] > 0
        assert seen["again"]["bytes"] < seen["first"]["bytes"] / 2  # the script was kept
        assert f"| **{name}** | 1 |" in told


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
        parameters(["ROW=1"], run.PARAMETERS)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("cc"), reason="the generator is built by a C compiler")
def test_a_look_at_memory_finds_its_course_on_both_databases(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = memory.main("MINUTES=0.02 SCRIPTS=5 PER=0.2".split())
    assert [*found] == OURS
    for one in found.values():
        assert 0 < one.begin <= one.most and 0 < one.end <= one.most
        assert min(*one.threads, *one.files) > 0
    assert capsys.readouterr().out.count(" choices a second (") == 2


def test_memory_that_grows_has_a_slope_and_memory_that_stays_has_none() -> None:
    def course(per_hour: int) -> memory.Course:
        return memory.course(
            [
                memory.Sample(at, (100 + at * per_hour // 3600) * memory.MIB, 0, 8, 40, 0)
                for at in range(0, 7200, 360)
            ]
        )

    assert course(0).slope == 0 and course(0).most == course(0).begin == course(0).end == 100
    assert course(10).slope == pytest.approx(10) and course(10).end > course(10).begin
