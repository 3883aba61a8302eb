"""Records: what is kept of each choice. `rows` stores, `verb` judges, `writer` makes durable,
`reading` finds."""

from .reading import Names, RecordFilter, count_between, count_since, find, held
from .verb import Choice, Facts, check, reduced_page
from .writer import Writer

__all__ = [
    "Choice",
    "Facts",
    "Names",
    "RecordFilter",
    "Writer",
    "check",
    "count_between",
    "count_since",
    "find",
    "held",
    "reduced_page",
]
