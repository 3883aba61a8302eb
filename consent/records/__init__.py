"""Records: what is kept of each choice. `rows` stores, `verb` judges, `writer` makes durable,
`reading` finds, `suspicion` flags, `dpv` translates."""

from .dpv import consent_record
from .reading import (
    Found,
    Names,
    RecordFilter,
    all_of,
    count_between,
    count_since,
    find,
    held,
    look,
    named,
    neighbours,
)
from .suspicion import Flag, flags, unflag
from .verb import Choice, Facts, check, reduced_page
from .writer import Writer

__all__ = [
    "Choice",
    "Facts",
    "Flag",
    "Found",
    "Names",
    "RecordFilter",
    "Writer",
    "all_of",
    "check",
    "consent_record",
    "count_between",
    "count_since",
    "find",
    "flags",
    "held",
    "look",
    "named",
    "neighbours",
    "reduced_page",
    "unflag",
]
