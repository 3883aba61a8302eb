"""The visitor's edge: the script, the choice, the receipt. Everything under /v1/<site>/."""

from . import choices, receipts, script
from .blueprint import bp

__all__ = ["bp", "choices", "receipts", "script"]
