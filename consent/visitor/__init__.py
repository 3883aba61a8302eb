"""The visitor's edge: the script, the choice, the receipt. Everything under /v1/<site>/."""

from . import choices, receipts, script
from .blueprint import bp
from .script import build_digest

__all__ = ["bp", "build_digest", "choices", "receipts", "script"]
