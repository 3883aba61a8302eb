"""Records: what is kept of each choice. `rows` stores, `verb` judges, `writer` makes durable,
`reading` finds, `visitors` knows whose they are, `runs` builds what it reads, `suspicion` flags,
`beside` keeps what is no part of them, `dpv` translates."""

from .beside import (
    AGE,
    Beside,
    beside,
    forget,
    forget_before,
    last_denial,
    mode_now,
    reduced,
    sealed,
)
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
from .runs import Indexing
from .suspicion import Flag, flags
from .verb import Choice, Facts, check, denied, reduced_page
from .writer import Writer

__all__ = [
    "AGE",
    "Beside",
    "Choice",
    "Facts",
    "Flag",
    "Found",
    "Indexing",
    "Names",
    "RecordFilter",
    "Writer",
    "all_of",
    "beside",
    "check",
    "consent_record",
    "count_between",
    "count_since",
    "denied",
    "find",
    "flags",
    "forget",
    "forget_before",
    "held",
    "last_denial",
    "look",
    "mode_now",
    "named",
    "neighbours",
    "reduced",
    "reduced_page",
    "sealed",
]
