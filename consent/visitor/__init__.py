"""The visitor's edge: the script, the choice, the receipt, the visitor's own page. Everything under
/v1/<site>/."""

from . import (
    asking,
    choices,
    declaration,
    me,
    openly,
    plain,
    receipts,
    rules,
    script,
    signals,
    staged,
)
from .blueprint import bp
from .built import build_digest
from .hot import CHOICE, Hot, Road, Stored
from .reach import AT_ONCE, Reach
from .signals import own

__all__ = [
    "AT_ONCE",
    "CHOICE",
    "Hot",
    "Reach",
    "Road",
    "Stored",
    "asking",
    "bp",
    "build_digest",
    "choices",
    "declaration",
    "me",
    "openly",
    "own",
    "plain",
    "receipts",
    "rules",
    "script",
    "signals",
    "staged",
]
