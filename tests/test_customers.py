"""The four customers: every core row and every scenario has a test, and the page says which."""

from __future__ import annotations

import pytest

from tests.customers import DOC, SCENARIOS, by_row, core, named, of_scenario, page, rows_of


def test_every_core_row_has_a_test_named_after_it() -> None:
    assert len(core()) == 104
    assert [row for row, names in by_row().items() if not names] == []


@pytest.mark.parametrize("number", SCENARIOS)
def test_every_scenario_is_walked(number: int) -> None:
    for word in SCENARIOS[number][1]:
        assert any(word in name for name in named()), word
    assert of_scenario(number)


def test_there_are_fourteen_scenarios() -> None:
    assert list(SCENARIOS) == list(range(1, 15))


def test_the_page_says_what_the_tests_are_called() -> None:
    assert DOC.read_text("utf-8") == page(), "run: python -m tests.customers"


def test_a_name_may_stand_for_several_rows() -> None:
    assert list(rows_of("test_S3_43_to_45_x")) == ["S3-43", "S3-44", "S3-45"]
    assert list(rows_of("test_S0_17_S1_22_x")) == ["S0-17", "S1-22"]
    assert list(rows_of("test_nothing")) == []
