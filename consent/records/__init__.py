"""Records: what is kept of each choice. `rows` stores, `verb` judges, `writer` makes durable,
`reading` finds, `dpv` translates."""

from .dpv import consent_record
from .reading import Names, RecordFilter, all_of, count_between, count_since, find, held
from .verb import Choice, Facts, check, reduced_page
from .writer import Writer

__all__ = [
    "Choice",
    "Facts",
    "Names",
    "RecordFilter",
    "Writer",
    "all_of",
    "check",
    "consent_record",
    "count_between",
    "count_since",
    "find",
    "held",
    "reduced_page",
]
