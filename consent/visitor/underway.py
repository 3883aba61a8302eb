"""Choices that were acknowledged and may not be in the database yet: only where INGEST is set."""

from __future__ import annotations

import contextlib

from ..ingest import Away, Buffer, Taken
from ..parts import parts
from ..sites import Site


def first(of: Site, record_id: bytes) -> Taken | None:
    """What the stream holds of an id, stored or not; None also where the stream is away."""
    writer = parts().writer
    if isinstance(writer, Buffer):
        with contextlib.suppress(Away):
            return writer.first(of.key, record_id)
    return None
