"""Names and patterns of the catalogue, asked by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .facts import Entry


@dataclass(frozen=True)
class Match:
    """An entry that a name matches; `how` is `exact`, `pattern` or `case`."""

    entry: Entry
    how: str


@dataclass(frozen=True)
class Pattern:
    """A pattern ready to match; the more letters it spells, the lower its `rank`."""

    rank: int
    form: re.Pattern[str]
    entry: Entry

    def spelt(self, name: str) -> bool:
        """Whether the letters of the pattern stand in `name` as they are written."""
        return all(part in name for part in self.entry.pattern.split("*"))


class Names:
    """Entries by name. Patterns are kept by their first letter, so that few are tried."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._exact: dict[str, list[Entry]] = {}
        self._folded: dict[str, list[Entry]] = {}
        self._patterns: dict[str, list[Pattern]] = {}
        for entry in entries:
            if "*" in entry.pattern:
                first = entry.pattern[0].casefold().strip("*")
                self._patterns.setdefault(first, []).append(_pattern(entry))
            else:
                self._exact.setdefault(entry.pattern, []).append(entry)
                self._folded.setdefault(entry.pattern.casefold(), []).append(entry)

    def matches(self, name: str) -> Iterator[Match]:
        """Entries that `name` matches, the surest first: exact, longest pattern, other case.

        A pattern for something necessary counts only as it is spelt. `__Secure-` and `__Host-`
        (RFC 6265bis, 4.1.3) belong to the browser, so the name without them is looked for too.
        """
        yield from self._found(name)
        bare = name.removeprefix("__Secure-").removeprefix("__Host-")
        if bare != name:
            yield from (Match(match.entry, "case") for match in self._found(bare))

    def _found(self, name: str) -> Iterator[Match]:
        yield from (Match(entry, "exact") for entry in self._exact.get(name, ()))
        later: list[Match] = []
        for pattern in self._tried(name):
            if pattern.form.fullmatch(name) is None:
                continue
            if pattern.spelt(name):
                yield Match(pattern.entry, "pattern")
            elif pattern.entry.category != "necessary":
                later.append(Match(pattern.entry, "case"))
        for entry in self._folded.get(name.casefold(), ()):
            if entry.pattern != name:
                yield Match(entry, "case")
        yield from later

    def _tried(self, name: str) -> list[Pattern]:
        some = [*self._patterns.get(name[:1].casefold(), ()), *self._patterns.get("", ())]
        return sorted(some, key=lambda pattern: pattern.rank)


def _pattern(entry: Entry) -> Pattern:
    parts = entry.pattern.split("*")
    form = re.compile(".*".join(map(re.escape, parts)), re.DOTALL | re.IGNORECASE)
    return Pattern(-len("".join(parts)), form, entry)
