"""`python -m consent.verify FILE… [--key VKEY]… [--memory FILE]`, and `… probe`."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consent.tlog import policy
from consent.tlog.merkle import Wrong
from consent.tlog.note import Verifier
from consent.tlog.policy import Policy

from . import bundle, period, probe, receipt
from .archive import as_object
from .bundle import Asked
from .found import Checked
from .keys import Keys, parse_all
from .memory import DEFAULT, Memory
from .report import OK, UNCHECKED, Report, Unreadable

ZIP = b"PK\x03\x04"


def main(words: Sequence[str] | None = None) -> int:
    """The exit code: 0 nothing is wrong, 1 something is, 2 it could not be checked."""
    given = list(sys.argv[1:] if words is None else words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        if given[:1] == ["probe"]:
            return probe.main(given[1:])
        return _verify(_parser().parse_args(given))
    except (Unreadable, OSError) as error:
        print(f"This could not be checked: {error}", file=sys.stderr)
        return UNCHECKED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="verify",
        description="Checks evidence offline: bundles, receipts, and promises (the answer to a"
        " choice). Receipts and promises beside a bundle are looked up in its log."
        " Your own test visits: verify probe --help.",
        epilog="Exit code 0: nothing is wrong. 1: something is. 2: it could not be checked.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--policy",
        type=Path,
        metavar="FILE",
        help="which witnesses suffice for a bundle (c2sp.org/tlog-policy)",
    )
    parser.add_argument(
        "--kept",
        action="store_true",
        help="the bundle is one you kept: it may end before the last head that you saw",
    )
    add_common(parser)
    return parser


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--key", action="append", default=[], metavar="VKEY", help="count only this key; repeatable"
    )
    parser.add_argument(
        "--memory", type=Path, metavar="FILE", help=f"what was seen before (default {DEFAULT})"
    )
    parser.add_argument("--no-memory", action="store_true", help="neither read nor write one")


def _verify(asked: argparse.Namespace) -> int:
    try:
        keys = Keys(parse_all(asked.key))
    except Wrong as wrong:
        raise Unreadable(f"--key: {wrong}.") from None
    memory = Memory.load(None if asked.no_memory else asked.memory or DEFAULT.expanduser())
    bundles = [file for file in asked.files if _is_zip(file)]
    papers = [(file, _paper(file)) for file in asked.files if file not in bundles]
    run = _Run(keys, memory, papers, _policy(asked.policy), asked.kept)
    for file in bundles:
        run.bundle(file)
    run.papers()
    remembered = memory.path is None or run.worst != OK or memory.save()
    print("\n\n".join(report.text() for report in run.reports))
    if len(run.reports) > 1:
        good = run.worst == OK
        verdict = "nothing was found wrong." if good else "something is WRONG: see above."
        print(f"\nALL FILES: {verdict}")
    if not remembered:
        print(f"\nThe memory {memory.path} could not be written.", file=sys.stderr)
    return run.worst


class _Run:
    def __init__(
        self,
        keys: Keys,
        memory: Memory,
        papers: list[tuple[Path, dict[str, Any]]],
        policy: Policy | None,
        kept: bool,
    ) -> None:
        self.policy = policy
        self.kept = kept
        self.logged: set[str] = set()  # commitments of promises that a bundle's log has
        self.keys = keys
        self.memory = memory
        self.reports: list[Report] = []
        self.brought: list[Verifier] = []
        self.promises = [(f, p) for f, p in papers if "record" not in p]
        self.to_prove = [(f, p) for f, p in papers if "record" in p]

    @property
    def worst(self) -> int:
        return max((report.code for report in self.reports), default=OK)

    def bundle(self, file: Path) -> None:
        asked = Asked(policy=self.policy, kept=self.kept)
        for _, paper in self.to_prove:
            if (head := _head_of(paper)) is not None:
                asked.sizes.add(head)
        for _, paper in self.promises:
            if period.is_time(str(paper.get("received_at"))):
                asked.promised[str(paper.get("commitment"))] = str(paper["received_at"])
        checked = bundle.check(file, self.keys, self.memory, asked)
        self.reports.append(checked.report)
        self.brought += [one for one in checked.brought if one not in self.brought]
        self._compare(checked)
        self.logged |= checked.found.kept
        if checked.report.code == OK:
            self._remember(checked)

    def papers(self) -> None:
        known = [*self.brought, *self._remembered_keys()]
        for file, paper in self.to_prove:
            report, proven = receipt.check_receipt(file.name, paper, self.keys, known, self.memory)
            self.reports.append(report)
            if proven is not None:
                receipt.remember(proven, self.memory)
        for file, paper in self.promises:
            if not (known or self.keys.pinned):
                raise Unreadable(f"there is no key to check {file.name} with: give one with --key.")
            logged = str(paper.get("commitment")) in self.logged
            said = receipt.check_promise(file.name, paper, self.keys, known, logged)
            self.reports.append(said)

    def _compare(self, checked: Checked) -> None:
        """A receipt's head must be one that the bundle's log has had."""
        if checked.head is None:
            return
        for file, paper in self.to_prove:
            try:
                proven = receipt.prove(paper, self.keys, checked.brought)
            except Wrong:
                continue  # said of the receipt itself
            if proven.head.origin != checked.head.origin:
                continue
            root = checked.found.roots.get(proven.head.size)
            if root is None:
                checked.report.notes.append(f"{file.name} is younger than this bundle.")
            elif root != proven.head.root:
                checked.report.wrong(
                    f"{file.name} was signed under another history of {proven.head.size} entries."
                )

    def _remember(self, checked: Checked) -> None:
        day = period.now()[:10]
        if checked.head and checked.above:
            vkeys = [one.vkey for one in checked.brought]
            self.memory.note(checked.head.origin, checked.head.size, checked.head.root, vkeys, day)
            above = checked.above
            self.memory.note(above.origin, above.size, above.root, [], day)

    def _remembered_keys(self) -> list[Verifier]:
        vkeys = (vkey for seen in self.memory.logs.values() for vkey in seen.keys)
        return [one for one in parse_all(vkeys) if one not in self.brought]


def _policy(file: Path | None) -> Policy | None:
    if file is None:
        return None
    try:
        return policy.parse(file.read_text("utf-8"))
    except (Wrong, UnicodeDecodeError) as wrong:
        raise Unreadable(f"{file}: {wrong}.") from None


def _is_zip(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == ZIP


def _paper(file: Path) -> dict[str, Any]:
    try:
        paper = as_object(file.read_bytes(), file.name)
    except Wrong as wrong:
        raise Unreadable(f"{wrong}.") from None
    if "record" not in paper and "promise" not in paper:
        raise Unreadable(f"{file.name} is neither a bundle, nor a receipt, nor a promise.")
    return paper


def _head_of(paper: dict[str, Any]) -> int | None:
    """How large the log was under a receipt, as far as it can be read."""
    try:
        return receipt.size_of(paper)
    except Wrong:
        return None


if __name__ == "__main__":
    raise SystemExit(main())
