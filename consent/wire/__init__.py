"""The wire's building stones: fields that take nothing for what it is not, and what they look like
in JSON Schema.

`fields` load and dump, `describing` makes the schema of a field or of a whole mapping, so that what
is described is what is checked.
"""

from .describing import described, name_of
from .fields import (
    TYPE,
    Facts,
    Moment,
    Said,
    StrictBoolean,
    StrictInteger,
    Text,
    Word,
    loaded,
    moment,
    refused,
)

__all__ = [
    "TYPE",
    "Facts",
    "Moment",
    "Said",
    "StrictBoolean",
    "StrictInteger",
    "Text",
    "Word",
    "described",
    "loaded",
    "moment",
    "name_of",
    "refused",
]
