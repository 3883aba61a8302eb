"""Scans: what a browser saw on the owner's pages, what is proposed for the inventory because of it,
and who is told.

A scan changes nothing by itself: it makes proposals, and a person accepts or dismisses each. What
was accepted is an ordinary change of the inventory, and its evidence stays beside it.
"""

from .alerts import deliver, messages
from .allowing import host_of, is_demo, options
from .book import (
    cancel,
    claim,
    difference,
    fail,
    finish,
    forget_old,
    get,
    history,
    last_done,
    progress,
    site_of,
    start,
)
from .drafting import Draft, from_policy, from_scan
from .queue import (
    Accepted,
    accept,
    confident,
    decided,
    dismiss,
    open_count,
    proposal,
    propose,
    reopen,
    waiting,
)
from .rows import PROBLEMS, Alert, Proposal, Scan, Watch
from .running import Scanner
from .watching import EVERY, due, put_watch, watch, watch_back

__all__ = [
    "EVERY",
    "PROBLEMS",
    "Accepted",
    "Alert",
    "Draft",
    "Proposal",
    "Scan",
    "Scanner",
    "Watch",
    "accept",
    "cancel",
    "claim",
    "confident",
    "decided",
    "deliver",
    "difference",
    "dismiss",
    "due",
    "fail",
    "finish",
    "forget_old",
    "from_policy",
    "from_scan",
    "get",
    "history",
    "host_of",
    "is_demo",
    "last_done",
    "messages",
    "open_count",
    "options",
    "progress",
    "proposal",
    "propose",
    "put_watch",
    "reopen",
    "site_of",
    "start",
    "waiting",
    "watch",
    "watch_back",
]
