"""Moving in from another tool: its configuration becomes a draft, its log becomes records.

What a configuration says outright is taken, what is doubtful is left out and said. Nothing here
publishes: what was brought in is a draft until the owner publishes it.
"""

from .configs import TOOLS, read
from .found import Found, Row
from .logged import Entry, entries, previously, visitor_of
from .plan import Plan, apply, plan

__all__ = [
    "TOOLS",
    "Entry",
    "Found",
    "Plan",
    "Row",
    "apply",
    "entries",
    "plan",
    "previously",
    "read",
    "visitor_of",
]
