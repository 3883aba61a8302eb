"""What a bundle says of itself: site, period, and when it was begun. Times are RFC 3339 in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from consent.tlog.merkle import Wrong

GRACE = timedelta(seconds=60)  # what was acknowledged is in the log this much later
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_MIDNIGHT = "T00:00:00.000Z"


@dataclass(frozen=True)
class Period:
    """`from_` ≤ received_at < `to`, either may be open; `opened`: how long the log was when the
    records were read."""

    site: str
    origin: str
    from_: str | None
    to: str | None
    began: str
    opened: int

    def holds(self, received: str) -> bool:
        """`to` may be finer than a record's milliseconds, so a record may be as late as `to`."""
        if not _TIME.fullmatch(received):
            return False
        return (self.from_ or "") <= received <= (self.to or "9999")

    def holds_day(self, day: str) -> bool:
        """Whether every moment of the day lies in the period."""
        if self.from_ and (day < self.from_[:10] or self._cut(day, self.from_)):
            return False
        return not self.to or day < self.to[:10]

    def cuts_day(self, day: str) -> bool:
        """Whether a part of the day lies in the period, and the log alone cannot say which."""
        return any(self._cut(day, edge) for edge in (self.from_, self.to) if edge) and (
            (self.from_ or "")[:10] <= day <= (self.to or "9999")[:10]
        )

    def may_lack(self, index: int, day: str) -> bool:
        """Whether the entry came while the bundle was being made: its record was not read."""
        last = datetime.fromisoformat(self.began) + timedelta(days=1)
        return index >= self.opened and self.due[:10] <= day <= last.strftime("%Y-%m-%d")

    def overdue(self, received: str) -> bool:
        """Whether what was acknowledged then had to be in the log when the bundle was begun."""
        return not _TIME.fullmatch(received) or received < self.due

    @property
    def due(self) -> str:
        return spelt(datetime.fromisoformat(self.began) - GRACE)

    def text(self) -> str:
        return f"{self.from_ or 'the beginning'} to {self.to or 'the making of the bundle'}"

    @staticmethod
    def _cut(day: str, edge: str) -> bool:
        return day == edge[:10] and not edge.endswith(_MIDNIGHT)


def parse(manifest: dict[str, Any]) -> Period:
    """The period of a `manifest.json`; Wrong for anything else."""
    if manifest.get("v") != 1 or manifest.get("kind") != "crumbtrail-evidence":
        raise Wrong("manifest.json is not that of an evidence bundle of version 1")
    site, origin, opened = (manifest.get(name) for name in ("site", "origin", "opened"))
    if not (isinstance(site, str) and isinstance(origin, str) and type(opened) is int):
        raise Wrong("manifest.json does not say which site and which log")
    if not origin.endswith(f"/{site}"):
        raise Wrong("manifest.json names the log of another site")
    moments = [manifest.get(name) for name in ("from", "to", "began_at")]
    for moment in moments:
        if moment is not None and not (isinstance(moment, str) and is_time(moment)):
            raise Wrong("manifest.json holds a time that is none")
    if moments[2] is None:
        raise Wrong("manifest.json does not say when it was made")
    return Period(site, origin, moments[0], moments[1], moments[2], opened)


def is_time(text: str) -> bool:
    """Whether this is a time as records have it."""
    try:
        return bool(_TIME.fullmatch(text)) and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def now() -> str:
    return spelt(datetime.now(UTC))


def spelt(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def minute_before(early: str, late: str) -> bool:
    """Whether the first moment is more than the GRACE before the second."""
    return datetime.fromisoformat(early) + GRACE < datetime.fromisoformat(late)
