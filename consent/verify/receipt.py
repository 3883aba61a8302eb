"""A receipt, and a promise: what one visitor holds."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from consent import leaf
from consent.tlog import checkpoint, ed25519, note, proof
from consent.tlog.checkpoint import Checkpoint
from consent.tlog.merkle import Wrong
from consent.tlog.note import ED25519, Verifier

from . import period
from .archive import as_object
from .keys import Keys, deployment_of
from .memory import Memory
from .report import Report, Unreadable

_RECEIPT = re.compile(r"/v1/([a-z0-9.-]+)/receipts/[0-9a-f-]{36}")
LATER = "That every choice was logged, and that nobody was shown another history."


@dataclass(frozen=True)
class Proven:
    """Where a receipt's record stands, and under which heads."""

    commitment: str
    index: int
    head: Checkpoint
    above: Checkpoint


def check_receipt(
    title: str, receipt: dict[str, Any], keys: Keys, brought: list[Verifier], memory: Memory
) -> tuple[Report, Proven | None]:
    """`brought` are keys that came with a bundle or from the server; see Keys."""
    report = Report(f"RECEIPT {title}")
    if receipt.get("proof") is None:
        raise Unreadable(f"{title}: the record is not in the log yet. Fetch the receipt again.")
    try:
        proven = prove(receipt, keys, brought)
        remembered(proven, memory)
    except Wrong as wrong:
        report.wrong(f"{wrong}.".capitalize())
        return report, None
    record = receipt["record"]
    report.facts += [("site", str(record["site"])), ("record", str(record["id"]))]
    report.facts.append(("received", str(record["received_at"])))
    report.facts.append(("checkpoint", f"{proven.head.size} entries of {proven.head.origin}"))
    report.checked.append("The record against its commitment, the entry, two proofs, signatures.")
    report.proven += [
        f"This record, as it is here, is entry {proven.index} of the log.",
        f"The head of the log is in the deployment log ({proven.above.size} entries).",
    ]
    if not keys.pinned:
        report.unproven.append("Whose key it is: it was not given with --key.")
    report.unproven += [LATER, "What the law makes of the choice. That is for people to judge."]
    return report, proven


def prove(receipt: dict[str, Any], keys: Keys, brought: list[Verifier]) -> Proven:
    """Record, entry, proof, head, deployment log; Wrong where one does not follow."""
    record, spelt = receipt.get("record"), receipt.get("proof")
    if not isinstance(record, dict) or not isinstance(spelt, dict):
        raise Wrong("this is not a receipt")
    try:
        chain, log = spelt["chain"], record["log"]
        entry, path = str(spelt["entry"]), proof.parse(str(spelt["proof"]))
        made = leaf.commitment(record, bytes.fromhex(log["salt"]))
        above_entry, above_path = str(chain["entry"]), proof.parse(str(chain["proof"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Wrong(f"the receipt cannot be read ({error})") from None
    day = str(record.get("received_at"))[:10]
    if made != log.get("commitment") or leaf.entry(made, day).decode() != entry:
        raise Wrong("the record was changed: it does not make the entry of the log")
    if path.index != log.get("index"):
        raise Wrong("the record names another place in the log than its proof")
    origin = _origin(path.checkpoint)
    if not origin.endswith(f"/{record.get('site')}"):
        raise Wrong("the proof is under the log of another site")
    head = proof.verify(path, entry.encode(), keys.of(origin, brought), origin)
    top = deployment_of(origin, _origin(above_path.checkpoint))
    above = proof.verify(above_path, above_entry.encode(), keys.of(top, brought), top)
    named = as_object(above_entry, "the entry of the head")
    if (named.get("k"), named.get("n"), named.get("h")) != ("head", head.size, head.root.hex()):
        raise Wrong("the deployment log holds another head of this site")
    return Proven(made, path.index, head, above)


def remember(proven: Proven, memory: Memory) -> None:
    """The next bundle must continue what this was proven under."""
    for head in (proven.head, proven.above):
        memory.note(head.origin, head.size, head.root, [], period.now()[:10])


def remembered(proven: Proven, memory: Memory) -> None:
    """Wrong where another root of the same size was seen before."""
    for head in (proven.head, proven.above):
        known = memory.of(head.origin).roots.get(head.size)
        if known is not None and known != head.root:
            raise Wrong(
                f"another root of {head.size} entries of {head.origin} was seen before: there are"
                " two histories"
            )


def check_promise(
    title: str, answer: dict[str, Any], keys: Keys, brought: list[Verifier], logged: bool = False
) -> Report:
    """The answer to a choice: is its promise by one of the keys? `logged`: a bundle that was
    checked beside it has the record in its log."""
    report = Report(f"PROMISE {title}")
    commitment, received = str(answer.get("commitment")), str(answer.get("received_at"))
    report.facts += [("received", received), ("commitment", commitment)]
    report.checked.append("The signature of the promise.")
    try:
        origin = verify_promise(answer, keys, brought)
    except Wrong as wrong:
        report.wrong(f"{wrong}.".capitalize())
        return report
    report.facts.append(("log", origin))
    report.proven.append(
        f"The key of {origin} has signed that this record arrived at {received} and will be in its"
        " log."
    )
    if logged:
        report.proven.append("The bundle checked beside it has the record in its log.")
    else:
        report.unproven.append("That it is in the log: a bundle or a receipt shows that.")
    report.unproven.append(LATER)
    return report


def verify_promise(answer: dict[str, Any], keys: Keys, brought: list[Verifier]) -> str:
    """The origin whose key has signed; Wrong where none of the keys has."""
    match = _RECEIPT.fullmatch(str(answer.get("receipt")))
    if match is None:
        raise Wrong("this is not the answer to a choice")
    try:
        signature = base64.b64decode(str(answer.get("promise")), validate=True)
    except binascii.Error:
        raise Wrong("there is no promise in it") from None
    origins = {one.name for one in (*keys.pinned, *brought)}
    for name in sorted(origins):
        origin = name if name.endswith(f"/{match[1]}") else f"{name}/{match[1]}"
        for verifier in keys.of(origin, brought):
            said = leaf.promised(
                origin, str(answer.get("commitment")), str(answer.get("received_at")), verifier.id
            )
            if verifier.kind == ED25519 and ed25519.verify(verifier.public, said, signature):
                return origin
    if not origins:
        raise Wrong("there is no key to check it with: give one with --key")
    raise Wrong("the promise is not by any of the keys, or it was changed")


def _origin(signed: str) -> str:
    return note.parse(signed)[0].partition("\n")[0]


def size_of(receipt: dict[str, Any]) -> int:
    """How many entries the log had under a receipt; Wrong where it does not say."""
    spelt = receipt.get("proof")
    if not isinstance(spelt, dict):
        raise Wrong("there is no proof")
    signed = proof.parse(str(spelt.get("proof"))).checkpoint
    return checkpoint.parse(note.parse(signed)[0]).size
