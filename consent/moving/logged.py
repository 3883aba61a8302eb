"""Another tool's log of consents, line by line, as records of ours.

Accepted is what vanilla-cookieconsent's documentation sends from `onFirstConsent` and `onChange`
(`consentId`, `acceptType`, `acceptedCategories`, `rejectedCategories`), with the time that every
log adds, or what its `getCookie()` returns. Such a line proves less than a record of ours: nobody
here saw the choice, the notice that was shown is not ours, and the time is claimed. So it becomes
a record with action `migrate`, `claimed_at` its own time, `received_at` the time of the import,
the place unknown, page `*`, layer 0, and no answer: nothing is said that is not known.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import leaf, records, sites
from ..db import from_micros, micros
from ..records import Choice
from ..records.rows import ACTIONS, Row
from ..sites import Site
from ..strict_json import Malformed, parse
from .found import category

LINE = 16_384  # bytes
TIMES = ("lastConsentTimestamp", "consentTimestamp", "timestamp", "time", "date", "created_at")
IDENTITY = re.compile(r"[A-Za-z0-9-]{8,64}")
STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)")
LAYER = 0  # not known
PAGE = "*"
MIGRATE = ACTIONS.index("migrate")


@dataclass(frozen=True)
class Entry:
    """One line that can be kept: who in their words, what of our categories, when in UTC."""

    line: int
    consent_id: str
    categories: dict[str, bool]
    language: str | None
    at: datetime

    def choice(self, site: Site, notice: dict[str, Any], digest: str, now: datetime) -> Choice:
        """The record-to-be. Services follow their category, as in their tool without services."""
        spoken: list[str] = notice["languages"]
        known = self.language in spoken
        return Choice(
            id=_uuid7(now),
            visitor=_secret(self.consent_id),
            notice=digest,
            action="migrate",
            categories=self.categories,
            services=None,
            language=str(self.language if known else notice["default_language"]),
            layer=LAYER,
            page=PAGE,
            at=self.at,
            shown_at=None,
            answer=None,
            device=None,
            gpc=False,
            dnt=None,
            previous=None,
        )


def entries(
    data: bytes, site: Site, notice: dict[str, Any], names: dict[str, str], now: datetime
) -> Iterator[Entry | tuple[int, str]]:
    """Each line as an Entry, or (line number, why not). `names` maps their categories to ours."""
    asked = [c["id"] for c in notice["categories"] if c["id"] != "necessary"]
    oldest = now - timedelta(seconds=sites.seconds(notice["retention"]))
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            entry = _entry(number, line, asked, names)
            if entry.at > now + timedelta(days=1):
                raise ValueError("its time is ahead.")
            if entry.at < oldest:
                raise ValueError("it is older than records of this site are kept.")
            yield entry
        except (ValueError, Malformed) as error:
            yield number, str(error)


def visitor_of(site: Site, consent_id: str) -> str:
    """The code under which records of `consentId` stand, 32 hex digits."""
    return leaf.visitor_id(site.key, _secret(consent_id))


def previously(site: Site, entry: Entry) -> tuple[bytes | None, bool]:
    """The visitor's newest imported record, and whether this very entry is among them."""
    held = records.all_of(site, bytes.fromhex(visitor_of(site, entry.consent_id)))
    mine = [row for row in held if row.action == MIGRATE]
    there = any(_claimed_ms(row) == micros(entry.at) // 1000 for row in mine)
    return (mine[-1].id if mine else None), there


def _claimed_ms(row: Row) -> int:
    return row.seq // 1000 + row.claimed


def _entry(number: int, line: bytes, asked: list[str], names: dict[str, str]) -> Entry:
    if len(line) > LINE:
        raise ValueError(f"more than {LINE} bytes.")
    body = parse(line)
    if not isinstance(body, dict):
        raise ValueError("not an object.")
    identity = body.get("consentId")
    if not isinstance(identity, str) or not IDENTITY.fullmatch(identity):
        raise ValueError("consentId is missing or of another form.")
    accepted = _words(body, "acceptedCategories" if "acceptedCategories" in body else "categories")
    rejected = _words(body, "rejectedCategories") if "rejectedCategories" in body else []
    if set(accepted) & set(rejected):
        raise ValueError("a category is accepted and rejected.")
    kind = body.get("acceptType")
    if kind not in (None, "all", "necessary", "custom") or (kind == "all" and rejected):
        raise ValueError("acceptType does not fit the categories.")
    granted = _granted(accepted, rejected, asked, names)
    if kind == "necessary" and any(granted.values()):
        raise ValueError("acceptType does not fit the categories.")
    spoken = body.get("languageCode", body.get("language"))
    language = spoken.split("-")[0].lower() if isinstance(spoken, str) else None
    return Entry(number, identity, granted, language, _time(body))


def _words(body: dict[str, Any], field: str) -> list[str]:
    found = body.get(field)
    if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
        raise ValueError(f"{field} is missing or not a list of names.")
    return found


def _granted(
    accepted: list[str], rejected: list[str], asked: list[str], names: dict[str, str]
) -> dict[str, bool]:
    """Ours is granted where one of theirs was accepted and none rejected; the rest is denied."""
    ours = {word: names.get(word) or category(word) for word in (*accepted, *rejected)}
    unknown = [word for word in accepted if ours[word] is None]
    if unknown:
        raise ValueError(f"say what {unknown[0]!r} is: --category {unknown[0]}=statistics.")
    given = {ours[word] for word in accepted} - {ours[word] for word in rejected}
    return {name: name in given for name in asked}


def _time(body: dict[str, Any]) -> datetime:
    for field in TIMES:
        said = body.get(field)
        if isinstance(said, int) and not isinstance(said, bool):
            return _checked(from_micros((said if said > 10**11 else said * 1000) * 1000))
        if isinstance(said, str) and STAMP.fullmatch(said):
            return _checked(datetime.fromisoformat(said).astimezone(UTC))
    raise ValueError(f"no time: one of {', '.join(TIMES)}, with its offset from UTC.")


def _checked(at: datetime) -> datetime:
    if not 2015 <= at.year <= 2200:
        raise ValueError("there can be no such time.")
    return at


def _secret(consent_id: str) -> str:
    """Not of the form that opens a visitor's own page: a consentId was never kept secret."""
    return f"vanilla-cookieconsent/{consent_id}"


def _uuid7(at: datetime) -> bytes:
    """A version 7 UUID of that moment (RFC 9562, 5.7)."""
    drawn = secrets.token_bytes(10)
    made = bytes([0x70 | drawn[0] & 0x0F, drawn[1], 0x80 | drawn[2] & 0x3F]) + drawn[3:]
    return (micros(at) // 1000).to_bytes(6) + made
