"""A table of cookies in, the same table with what we take them for out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from .catalogue import Catalogue
from .facts import Proposal, Seen
from .hosts import same_site
from .proposing import propose
from .reading import Unreadable, delimiter, header, rows

NEEDED = ("name", "domain")
# Read where they are there: they say more than name and domain alone.
WELCOME = ("kind", "party", "script", "site")
ADDED = ("category", "needs_consent", "confidence", "reason")


@dataclass(frozen=True)
class Sheet:
    """The lines of a CSV file: `names` as its first line has them, and the rows below."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    comma: str

    @staticmethod
    def read(text: str, also: tuple[str, ...] = ()) -> Sheet:
        """Raises Unreadable: `empty_file`, `column_missing`, `column_twice`, `row_shape`,
        `not_csv`. `also` names columns that must be there besides name and domain."""
        names = tuple(name.strip() for name in header(text))
        folded = [name.casefold() for name in names]
        missing = [name for name in (*NEEDED, *also) if name not in folded]
        if missing:
            why = f"The first line names no column {' and no '.join(missing)}: {', '.join(names)}."
            raise Unreadable("column_missing", why)
        lines = rows(text)
        next(lines)
        kept: list[tuple[str, ...]] = []
        for line, fields in lines:
            if len(fields) != len(names):
                why = f"Line {line} has {len(fields)} columns, the first line {len(names)}."
                raise Unreadable("row_shape", why)
            kept.append(tuple(fields))
        return Sheet(names, tuple(kept), delimiter(text))

    def column(self, name: str) -> int | None:
        """Where a column stands, by its name in any letters."""
        folded = [one.casefold() for one in self.names]
        return folded.index(name) if name in folded else None

    def cells(self, name: str) -> list[str]:
        """One column, whose name must be there."""
        at = self.column(name)
        return [] if at is None else [row[at] for row in self.rows]

    def seen(self) -> Iterator[Seen]:
        """Every row as something that was seen."""
        places = {name: self.column(name) for name in (*NEEDED, *WELCOME)}
        for row in self.rows:
            said = {name: row[at].strip() for name, at in places.items() if at is not None}
            site, party = said.get("site", ""), said.get("party", "").casefold()
            if party not in ("first", "third"):
                party = _party(said["domain"], site)
            script = said.get("script", "")
            kind = said.get("kind", "") or "cookie"
            yield Seen(said["name"], said["domain"], kind, party, script)

    def proposals(self, catalogue: Catalogue) -> list[Proposal]:
        return [propose(one, catalogue) for one in self.seen()]

    def taken(self) -> list[str]:
        """Columns that were there under a name of ours, and are replaced."""
        return [name for name in self.names if name.casefold() in ADDED]

    def classified(self, catalogue: Catalogue) -> Iterator[dict[str, str]]:
        """Each row with our four columns, as text."""
        keep = [at for at, name in enumerate(self.names) if name.casefold() not in ADDED]
        for row, one in zip(self.rows, self.proposals(catalogue), strict=True):
            values = {self.names[at]: row[at] for at in keep}
            consent = "true" if one.needs_consent else "false"
            found = (one.category, consent, f"{one.confidence:.2f}", one.reason)
            yield values | dict(zip(ADDED, found, strict=True))

    def written(self, catalogue: Catalogue) -> str:
        """The same as CSV, separated as the file was."""
        names = [name for name in self.names if name.casefold() not in ADDED]
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, [*names, *ADDED], delimiter=self.comma, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.classified(catalogue))
        return out.getvalue()


def _party(domain: str, site: str) -> str:
    if not domain or not site:
        return ""
    return "first" if same_site(domain, site) else "third"
