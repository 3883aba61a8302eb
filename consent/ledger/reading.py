"""Records as the log has them: what an auditor, an owner and a visitor read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import NotFound
from ..records import Names, RecordFilter, find, held
from ..records.rows import ERASED, TEST, Row, uuid_text
from ..sites import Site
from .proofs import places


def page_of(
    site: Site, wanted: RecordFilter, after: str | None = None, limit: int = 100
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of records with "log", and the cursor of the next (None only at the end)."""
    rows, following = find(site, wanted, after, limit)
    return described(site, rows), following


def one(site: Site, record_id: bytes) -> tuple[Row, dict[str, Any]]:
    """Row and record of that id; raises NotFound `not_found`."""
    row = row_of(site, record_id)
    return row, described(site, [row])[0]


def row_of(site: Site, record_id: bytes) -> Row:
    """The row alone; raises NotFound `not_found`."""
    row = held(site.id, record_id)
    if row is None or row.flags & TEST:
        raise NotFound("not_found", "No record of this site has that id.")
    return row


def described(site: Site, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The records of `rows`, in their order, each with "log" (None until it is in the log).

    Of an erased one nothing is left but {v, id, site, erased, log}, with a null salt.
    """
    return described_at(site, rows, places(site, rows))


def described_at(
    site: Site, rows: Sequence[Row], logged: Mapping[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The same where the places in the log are known, by seq (see `places`)."""
    names = Names([row for row in rows if not row.flags & ERASED])
    found = []
    for row in rows:
        if row.flags & ERASED:
            record = {"v": 1, "id": uuid_text(row.id), "site": site.key, "erased": True}
        else:
            record = names.record(row, site.key)
        found.append(record | {"log": logged.get(row.seq)})
    return found
