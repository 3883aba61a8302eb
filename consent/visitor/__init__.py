"""The visitor's edge: the script, the choice, the receipt, the visitor's own page. Everything under
/v1/<site>/."""

from . import asking, choices, me, plain, receipts, script
from .blueprint import bp
from .script import build_digest

__all__ = ["asking", "bp", "build_digest", "choices", "me", "plain", "receipts", "script"]
