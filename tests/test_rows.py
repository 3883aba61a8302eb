"""bench/rows at work on a few thousand records: what it builds is what it says it measures."""

from __future__ import annotations

from bench.rows.measure import measure


def test_a_record_is_small_and_found_by_its_visitor_its_moment_and_its_place(engine: str) -> None:
    done = measure(6000, engine, 2, rounds=2, tries=20)
    assert set(done.found) == {"look-up by visitor", "page of 100", "proof"}
    assert engine != "sqlite" or done.size <= 220
    assert done.by_cpu > 0 and done.by_clock > 0
    assert set(done.http) == {*done.found, "one record"}
    assert 0 < done.month["records"] < 3000
