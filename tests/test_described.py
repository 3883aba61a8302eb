"""What Schemathesis makes of the description, answered as the description says: a few examples of
each operation here, a hundred with `make schemathesis` (docs/api.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.described import prepared, run

EXAMPLES = 2
# Their answers come from elsewhere in the suite, or are pages.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_every_operation_answers_as_described(tmp_path: Path) -> None:
    app, opened = prepared(tmp_path)
    try:
        wrong = {label: said for label, _, said in run(app, opened, EXAMPLES) if said}
    finally:
        app.extensions["crumbtrail"].close()
    assert not wrong, wrong
