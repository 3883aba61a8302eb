"""Records: what is kept of each choice. `rows` stores, `verb` judges, `writer` makes durable,
`reading` finds, `plain` many at once, `visitors` knows whose they are, `runs` builds what it reads,
`names` says what their numbers stand for, `suspicion` flags,
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
from .names import Names
from .reading import (
    Found,
    RecordFilter,
    all_of,
    count_between,
    count_since,
    find,
    find_plain,
    held,
    look,
    meant,
    named,
    neighbours,
    plain_of,
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
    "find_plain",
    "flags",
    "forget",
    "forget_before",
    "held",
    "last_denial",
    "look",
    "meant",
    "mode_now",
    "named",
    "neighbours",
    "plain_of",
    "reduced",
    "reduced_page",
    "sealed",
]
