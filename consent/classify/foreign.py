"""A database of cookies that somebody else wrote, in the columns of the Open Cookie Database.

It is of use and it misleads, so it is read with care: "Functional", "Security" and "Necessary" say
nothing about consent there and count as unknown; a prefix of three characters or fewer, and a name
that many programs use, count only on the domain that the row names; the domain of a row, which is
often the vendor's for first-party cookies, raises the confidence and excludes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .facts import TRACKING, Imported
from .hosts import host_of, mentioned, under
from .reading import Unreadable, header, rows

NAME = "Cookie / Data Key name"
COLUMNS = (
    "ID",
    "Platform",
    "Category",
    NAME,
    "Domain",
    "Description",
    "Retention period",
    "Data Controller",
    "Wildcard match",
)
NEEDED = ("Platform", "Category", NAME, "Wildcard match")
THEIRS = {
    "analytics": "statistics",
    "statistics": "statistics",
    "performance": "statistics",
    "marketing": "marketing",
    "advertising": "marketing",
    "targeting": "marketing",
    "personalization": "preferences",
    "preferences": "preferences",
    # None of these says that no consent is needed.
    "functional": "",
    "security": "",
    "necessary": "",
}
GENERIC = frozenset(
    "a anonymous_id api_key auth c client_id config connect.sid consent cookie country data debug"
    " device_id expires hash history i id key lang language language_id last_visit locale login"
    " name optout pid pref prefs psid referrer region s sess session session-id session_id"
    " sessionid sid state status t tc test timestamp timezone token tracking u uid uids user"
    " user_id userid uuid v version visit visitor visitor_id".split()
)
SHORT = 3
LONGEST = {"id": 400, "name": 256, "domain": 500, "platform": 120, "provider": 200}
OWN_SITE = ("website", "advertiser")


@dataclass(frozen=True)
class Database:
    """The rows, asked by name and by domain."""

    rows: tuple[Imported, ...]
    _exact: dict[str, list[Imported]] = field(init=False, repr=False, compare=False)
    _prefixes: list[Imported] = field(init=False, repr=False, compare=False)
    _domains: dict[str, Counter[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact: dict[str, list[Imported]] = {}
        domains: dict[str, Counter[str]] = {}
        for row in self.rows:
            if not row.prefix:
                exact.setdefault(row.name.casefold(), []).append(row)
            for host in set(mentioned(row.domain)):
                domains.setdefault(host, Counter())[category(row)] += 1
        prefixes = sorted((row for row in self.rows if row.prefix), key=lambda r: -len(r.name))
        for name, value in (("_exact", exact), ("_prefixes", prefixes), ("_domains", domains)):
            object.__setattr__(self, name, value)

    def find(self, name: str, domain: str) -> tuple[Imported, str] | None:
        """The row for a name and how it fits: `domain`, `exact`, `prefix domain` or `prefix`."""
        named = self._exact.get(name.casefold(), [])
        # The same spelling before another one; what needs consent before what says nothing.
        named = sorted(named, key=lambda row: (row.name != name, not category(row)))
        for row in named:
            if under(domain, tuple(mentioned(row.domain))):
                return row, "domain"
        if named and not _says_nothing(name):
            return named[0], "exact"
        return self._by_prefix(name, domain)

    def at(self, domain: str) -> str:
        """`statistics` or `marketing` where most rows of a domain are that, else ""."""
        host = host_of(domain)
        while "." in host:
            counted = self._domains.get(host)
            if counted:
                ours, times = counted.most_common(1)[0]
                return ours if ours in TRACKING and times * 2 > counted.total() else ""
            host = host.partition(".")[2]
        return ""

    def _by_prefix(self, name: str, domain: str) -> tuple[Imported, str] | None:
        fits = [row for row in self._prefixes if name.startswith(row.name)]
        fits = fits or [
            row for row in self._prefixes if name.casefold().startswith(row.name.casefold())
        ]
        for row in fits:
            if under(domain, tuple(mentioned(row.domain))):
                return row, "prefix domain"
        long = [row for row in fits if len(row.name) > SHORT and not _says_nothing(row.name)]
        return (long[0], "prefix") if long else None


def category(row: Imported) -> str:
    """Ours for theirs; "" where theirs says nothing about consent."""
    return THEIRS.get(row.category.casefold(), "")


def read_database(text: str) -> Iterator[Imported | tuple[int, str, str]]:
    """Rows of a CSV, or (line, code, why) for one that cannot be used.

    Codes: `row_shape`, `name_missing`, `category_unknown`, `wildcard_unknown`, `too_long`,
    `row_twice`. Raises Unreadable for what is not this kind of file.
    """
    names = [name.strip() for name in header(text)]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Unreadable(
            "column_missing",
            f"The first line must name {', '.join(COLUMNS)}; missing: {', '.join(missing)}.",
        )
    lines = rows(text)
    next(lines)
    seen: dict[str, int] = {}
    for line, fields in lines:
        if len(fields) != len(names):
            why = f"{len(fields)} columns where the first line has {len(names)}."
            yield line, "row_shape", why
            continue
        row, wrong = _row(dict(zip(names, map(str.strip, fields), strict=True)))
        if row.id in seen:
            wrong = wrong or ("row_twice", f"The same as line {seen[row.id]}.")
        seen.setdefault(row.id, line)
        yield (line, *wrong) if wrong else row


def _row(values: dict[str, str]) -> tuple[Imported, tuple[str, str] | None]:
    row = Imported(
        id=values.get("ID") or f"{values['Platform']}/{values[NAME]}/{values.get('Domain', '')}",
        name=values[NAME],
        prefix=values["Wildcard match"] == "1",
        domain=values.get("Domain", ""),
        platform=values["Platform"],
        provider=values.get("Data Controller", ""),
        category=values["Category"],
        purpose=values.get("Description", ""),
        duration=values.get("Retention period", ""),
    )
    return row, _wrong(row, values["Wildcard match"])


def _wrong(row: Imported, wildcard: str) -> tuple[str, str] | None:
    if not row.name:
        return "name_missing", "The row names no cookie."
    if row.category.casefold() not in THEIRS:
        return "category_unknown", f"{row.category!r} is no category of theirs."
    if wildcard not in ("0", "1"):
        return "wildcard_unknown", f"{wildcard!r} where 0 or 1 belongs."
    for name, most in LONGEST.items():
        if len(getattr(row, name)) > most:
            return "too_long", f"{name}: more than {most} characters."
    if any("\0" in str(value) for value in vars(row).values()):
        return "row_shape", "A NUL is no text."
    return None


def _says_nothing(name: str) -> bool:
    return len(name) <= SHORT or name.casefold() in GENERIC
