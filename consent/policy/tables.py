"""Cookies in tables: HTML rows, flattened columns, and the columns' many headings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from . import names
from .document import Block
from .facts import Source, Tracker
from .words import SESSION, category_of, kind_of, label_of, lifetime_of, party_of, period_in

COLUMNS = (
    (
        "name",
        r"(?:cookie'?s? ?)?(?:names?|nazwa(?: pliku)?(?: cookie\w*)?|noms?(?: du cookie| du "
        r"traceur)?)"
        r"(?: of (?:the )?(?:cookie|tracker)s?)?(?: \(.*\))?|cookies?|plik(?:i)? cookies?|"
        r"ciasteczk[oa]|traceurs?|"
        r"cookie ?(?:id|key|title)|cookie ?/ ?\w+|nazwa ciasteczka|nom du cookie|nom des cookies",
    ),
    (
        "provider",
        r"(?:service )?providers?|vendors?|suppliers?|set by|placed by|issuer|dostawc\w+|wydawca|"
        r"dostarczyciel|fournisseurs?|[ée]metteur|[ée]diteur|société|company|host|domain|domen\w+|"
        r"domaine|source|"
        r"cookie subgroup|third party|administrator|podmiot|owner|origin|service|usługa|nazwa "
        r"usługi|firma|partner",
    ),
    (
        "purpose",
        r"(?:purposes?|descriptions?|functions?|what (?:it|they) do(?:es)?|why.*|use[ds]?(?: for)?|"
        r"cel\w*|opis\w*|funkcj\w+|zastosowanie|przeznaczenie|finalités?|objectifs?|but|usage|"
        r"utilisations?|"
        r"fonctions?|rôle)(?: .*)?|more information",
    ),
    (
        "duration",
        r"(?:.*\b)?(?:expir\w*|maximum storage|durations?|lifespan|lifetime|life|retention(?: "
        r"period)?|storage "
        r"period|"
        r"validity|period|max-age|ttl|wygasa\w*|wygaśnięci\w*|czas\w*.*|okres\w*.*|ważność|"
        r"trwałość|data ważności|"
        r"durées?.*|conservation|validité)(?:\b.*)?",
    ),
    ("category", r"(?:cookie )?categor(?:y|ies)|kategori[ae]|catégories?|group|grupa"),
    ("type", r"(?:cookie )?types?(?: .*)?|rodzaj(?: .*)?|typ(?: .*)?|kind|nature"),
    ("party", r"party|1st.*3rd.*|first.*third.*|cookies used|własn\w+.*zewn.*|pierwszej.*"),
)
HEADINGS = tuple(
    (name, re.compile(rf"\W*(?:{words})\W*", re.IGNORECASE)) for name, words in COLUMNS
)
NAME = re.compile(
    r"(?:cookie )?names?|nazwa(?: (?:pliku )?cookie)?|nom(?: du cookie)?", re.IGNORECASE
)
OF_IT = re.compile(
    r"\s+(?:du|des|of the|of|pliku|plików)\s+(?:cookies?|traceurs?)(?: .*)?$", re.IGNORECASE
)
GAP = re.compile(r"[\t\u2000-\u200a\u3000]+ *| {2,}|\s*\|\s*")


def columns(header: Sequence[str]) -> dict[str, int]:
    """Which column is what; empty where the row does not head a table of cookies."""
    found: dict[str, int] = {}
    exact = any(NAME.fullmatch(cell.strip()) for cell in header)
    for number, cell in enumerate(header):
        name = heading(cell)
        if name == "name" and exact and not NAME.fullmatch(cell.strip()):
            continue  # "Cookie | Name | …": the first says whose
        if name and name not in found and len(cell) < 60:
            found[name] = number
    if "name" not in found and "purpose" in found and "provider" in found:
        found["name"] = found.pop("provider") if heading(header[0]) == "provider" else -1
        if found["name"] < 0:
            return {}
    return found if "name" in found and len(found) > 1 else {}


def heading(cell: str) -> str | None:
    text = " ".join(cell.split())
    bare = OF_IT.sub("", text)
    if bare != text and (known := heading(bare)):
        return known
    return next((name for name, words in HEADINGS if words.fullmatch(text)), None)


def cells_of(block: Block) -> tuple[str, ...]:
    """A row's cells; of a line of text, its columns."""
    if block.kind == "row":
        return block.cells
    if "\n" in block.text or len(block.text) > 600:
        return ()
    parts = tuple(part for part in GAP.split(block.text.strip().strip("|")) if part.strip())
    return parts if len(parts) > 1 else ()


def trackers_of(row: Sequence[str], known: dict[str, int], block: Block) -> Iterator[Tracker]:
    """The trackers of one row; several where its name column lists several."""
    if len(row) <= known["name"]:
        return
    shown = names.in_cell(row[known["name"]])
    for place, name in enumerate(shown):
        made = Tracker(name)
        put = made.facts.put
        put("name", name, Source(block.line, block.text))
        for column, at in known.items():
            if column != "name" and at < len(row) and row[at].strip():
                cell = row[at].strip()
                if column == "duration" and len(shown) > 1:
                    cell = _own(cell, place, len(shown))
                _fill(made, column, cell, block.line)
        yield made


def _own(cell: str, place: int, many: int) -> str:
    """Several names in one row: one lifetime for all, or one for each in their order."""
    parts = [part.strip() for part in re.split(r"[,;/\n]", cell) if part.strip()]
    if len(parts) == 1:
        return parts[0]
    return parts[place] if len(parts) == many else ""


def _fill(made: Tracker, column: str, cell: str, line: int) -> None:
    where = Source(line, cell)
    put = made.facts.put
    if _says_nothing(cell):
        return
    if column == "purpose":
        put("purpose", cell, where)
    elif column == "provider":
        _provider(made, cell, where)
    elif column == "duration":
        put("duration", lifetime_of(cell), where)
    elif column == "category":
        put("category_published", cell if len(cell) < 80 else None, where)
        put("category", category_of(cell), where)
    elif column == "party":
        put("party", party_of(cell), where)
    else:
        _type(made, cell, where)


def _says_nothing(cell: str) -> bool:
    return bool(
        re.fullmatch(r"\W*|n/?a|none|brak|unknown|pending|learn more.*|nieznany|-+", cell, re.I)
    )


def _provider(made: Tracker, cell: str, where: Source) -> None:
    party = party_of(cell)
    if party and len(cell.split()) <= 3 and not names.HOST.match(cell):
        made.facts.put("party", party, where)
        return
    if len(cell) <= 120:
        made.facts.put("provider", cell, where)


def _type(made: Tracker, cell: str, where: Source) -> None:
    """A column "type" holds a party, a kind, a category or a lifetime, as its author liked."""
    made.facts.put("party", party_of(cell), where)
    made.kind = kind_of(cell) or made.kind
    if label_of(cell):
        made.facts.put("category_published", cell, where)
        made.facts.put("category", category_of(cell), where)
    if SESSION.search(cell) or (period_in(cell) and len(cell) < 40):
        made.facts.put("duration", lifetime_of(cell), where)
