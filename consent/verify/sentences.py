"""The words of a verdict on a bundle: for people who judge, not for those who program."""

from __future__ import annotations

from .found import Checked, Found
from .report import Report

NEVER = (
    "That every choice ever made was logged. No log proves what was never logged; test visits of"
    " your own narrow this (python -m consent.verify probe).",
    "Who read the records: reads are in access.ndjson, and not in the log.",
    "What only the browser can say: its times, device, language, page and signals are its claims.",
    "Who the visitors are, and what the law makes of their choices. That is for people to judge.",
)


ALONE = (
    "That no other history was signed for somebody else. {why} Whoever holds the key of the log can"
    " write another one. Keep this program's memory, and compare the checkpoint with what others"
    " hold."
)
NOBODY = "No outside witness was asked for (--policy)."
NOT_ENOUGH = (
    "The head in this bundle carries no cosignatures that satisfy the policy and can be checked"
    " here; a newer bundle may."
)


def tell(checked: Checked, pinned: bool, seen: int | None, pages: int) -> None:
    """Fill the report of a bundle whose parts were all looked at."""
    report, found, head = checked.report, checked.found, checked.head
    if head is None or checked.period is None:
        return
    report.facts.append(("checkpoint", f"{head.size} entries, root {head.root.hex()}"))
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.kinds.items()))
    report.checked += [
        f"The log: {head.size} entries ({kinds}), their tree, and the signature under it.",
        f"The records: {found.records}, each against its entry. Erasures logged: {found.erased}.",
        f"Taken away at the end of their time, as logged: {sum(n for _, n in found.purged)}.",
        f"The notices: {pages}. The acts of the owner: {len(found.acts)} in the log.",
    ]
    _proven(report, found, checked)
    if seen is not None:
        report.proven.append(f"This log continues what was seen before, {seen} entries at most.")
    if pinned:
        report.proven.append("The signatures are by a key that you gave.")
    _unproven(report, found)
    if not pinned:
        report.unproven.append(
            "Whose key it is: it came with the bundle. Compare log/vkeys with a list that you got"
            " in another way, or give the key with --key."
        )
    if seen is None:
        report.unproven.append("That this log continues an earlier one: none was seen before.")
    if checked.cosigned:
        report.proven.append(
            f"{', '.join(checked.cosigned)} cosigned the head of the deployment log, as the policy"
            " asks: each found that it continues what it had seen."
        )
    else:
        why = NOBODY if checked.cosigned is None else NOT_ENOUGH
        report.unproven.append(ALONE.format(why=why))
    report.unproven += NEVER


def _proven(report: Report, found: Found, checked: Checked) -> None:
    report.proven += [
        "Since this checkpoint was signed, no entry was changed, removed, added or moved.",
        f"All {found.records} records are as they were acknowledged, to the last character.",
        "No record of the period that the log knows was left out; where one was erased, or some"
        " were taken away at the end of their time, an entry says so.",
        "Each record leads to the notice that was answered, byte for byte as it was published.",
    ]
    if checked.above:
        report.proven.append(
            f"The head of this log is in the deployment log ({checked.above.origin},"
            f" {checked.above.size} entries), which the same server signs."
        )


def _unproven(report: Report, found: Found) -> None:
    if found.border:
        report.unproven.append(
            f"Whether {found.border} entries of the days on which the period begins or ends belong"
            " to it: an entry names its day only. Ask for whole days (UTC)."
        )
    if found.late:
        report.unproven.append(
            f"{found.late} records arrived while the bundle was being made and are not in it."
        )
    if found.unlogged:
        report.unproven.append(f"{found.unlogged} records were not in the log yet.")
    if found.outside:
        report.notes.append(f"{found.outside} records in the log lie outside the period.")
    if len(found.regimes) > 1:
        report.notes.append("The rules changed with time; the bundle holds the last table only.")
