"""Notices: what visitors are shown, frozen as numbered versions addressed by their digest.

A published body never changes: its bytes are stored, its digest names them, and a record points
at it for as long as the record lives. An `Answer` is one served variant of a notice.
"""

from .answers import answer, answers, served
from .asking import asks_again, reasons
from .completing import CHECKS, missing
from .differences import GROUPS, Change, between, changes
from .draft import asks_nobody, draft, hold
from .lint import RETENTION_EXCEEDED, RULES, Finding, lint
from .policies import add_policy, policies, policy
from .proposals import (
    approve,
    decline,
    proposals,
    propose,
    set_two_people,
    waiting_proposal,
)
from .publishing import Seen, content_of, publish, rollback, two_people, withdraw
from .reading import (
    by_digest,
    current,
    current_id,
    latest,
    newest,
    numbered,
    scheduled,
    states_of,
    version,
    versions,
)
from .table import Answer, Notice, PolicyVersion, Proposal, Trial
from .trials import Running, finish, running, stop, takes_part, trials

__all__ = [
    "CHECKS",
    "GROUPS",
    "RETENTION_EXCEEDED",
    "RULES",
    "Answer",
    "Change",
    "Finding",
    "Notice",
    "PolicyVersion",
    "Proposal",
    "Running",
    "Seen",
    "Trial",
    "add_policy",
    "answer",
    "answers",
    "approve",
    "asks_again",
    "asks_nobody",
    "between",
    "by_digest",
    "changes",
    "content_of",
    "current",
    "current_id",
    "decline",
    "draft",
    "finish",
    "hold",
    "latest",
    "lint",
    "missing",
    "newest",
    "numbered",
    "policies",
    "policy",
    "proposals",
    "propose",
    "publish",
    "reasons",
    "rollback",
    "running",
    "scheduled",
    "served",
    "set_two_people",
    "states_of",
    "stop",
    "takes_part",
    "trials",
    "two_people",
    "version",
    "versions",
    "waiting_proposal",
    "withdraw",
]
