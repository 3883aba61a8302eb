"""A finding: what is wrong, where, why, and who caused it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..classify import Proposal
from ..saying import packed, unpacked
from .model import Cause, cause_from_json

SEVERITIES = ("error", "warning", "info")  # the gravest first
CODES = {
    "leak-before-choice": "Stored or sent before any choice",
    "leak-after-reject": "Stored or sent after a refusal",
    "leak-after-withdraw": "Stored or sent after consent was withdrawn",
    "needs-gate": "A tag that a script cannot hold",
    "kept-after-reject": "Still there after a refusal",
    "kept-after-withdraw": "Still there after consent was withdrawn",
    "undeclared": "Not in the published inventory",
    "needs-review": "Nobody has said what it is for",
    "lifetime": "Kept longer than declared or allowed",
    "party-conflict": "Another party than declared",
    "not-seen": "Declared but not seen",
    "not-run": "A pass could not be done",
}
SENTENCES = ("what", "why")
LEAKS = ("leak-before-choice", "leak-after-reject", "leak-after-withdraw", "needs-gate")


@dataclass(frozen=True)
class Finding:
    """`what` is a sentence that names thing, cause, service and page; `why` says the rule. `kind`,
    `name` and `domain` are of what was stored, or the request's kind and host. `id` stays the same
    from scan to scan."""

    code: str
    severity: str
    what: str
    where: str = ""
    why: str = ""
    cause: Cause | None = None
    proposal: Proposal | None = None
    id: str = ""
    kind: str = ""
    name: str = ""
    domain: str = ""

    @property
    def leak(self) -> bool:
        """An error that a visitor suffers: what waits for consent did not wait."""
        return self.code in LEAKS and self.severity == "error"


def named(*parts: str) -> str:
    """The stable digest of what makes a finding this one; ports and pages do not."""
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    codes = list(CODES)
    return sorted(
        findings,
        key=lambda one: (SEVERITIES.index(one.severity), codes.index(one.code), one.what),
    )


def failing(findings: Iterable[Finding], fail_on: str) -> list[Finding]:
    """Those at or above `fail_on`: leak, error, warning, or any."""
    if fail_on == "leak":
        return [one for one in findings if one.leak]
    known = SEVERITIES if fail_on == "any" else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return [one for one in findings if one.severity in known]


def difference(
    old: Sequence[Finding], new: Sequence[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """What was added since the old ones, and what is gone."""
    before, after = {one.id for one in old}, {one.id for one in new}
    added = [one for one in new if one.id not in before]
    return added, [one for one in old if one.id not in after]


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """`what` and `why` are in English; `said` has them with words and values apart."""
    said = {name: packed(getattr(finding, name)) for name in SENTENCES}
    return {**asdict(finding), "said": said}


def finding_from_json(data: Mapping[str, Any]) -> Finding:
    """Raises ValueError where `data` is not a finding."""
    try:
        known = {one.name: data[one.name] for one in fields(Finding) if one.name in data}
        known |= sentences(data)
        proposal = known.get("proposal")
        known["proposal"] = None if proposal is None else _proposal(proposal)
        known["cause"] = cause_from_json(known.get("cause"))
        made = Finding(**known)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a finding: {error}") from None
    if made.code not in CODES or made.severity not in SEVERITIES:
        raise ValueError(f"not a finding: {made.code} {made.severity}")
    return made


def sentences(data: Mapping[str, Any]) -> dict[str, str]:
    """`what` and `why` of a finding's JSON, as they can be said in a language; those kept before
    `said` was are English alone. Raises ValueError."""
    said = data.get("said") or {}
    return {name: unpacked(said.get(name, data.get(name) or "")) for name in SENTENCES}


def _proposal(data: Mapping[str, Any]) -> Proposal:
    return Proposal(**{one.name: data[one.name] for one in fields(Proposal) if one.name in data})
