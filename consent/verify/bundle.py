"""Everything in a bundle: the log, the records, what was shown, and who acted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from consent import leaf
from consent.tlog import checkpoint, note, proof
from consent.tlog.checkpoint import Checkpoint
from consent.tlog.merkle import Wrong
from consent.tlog.note import ED25519, Verifier
from consent.tlog.policy import Policy

from . import page, period, sentences
from .archive import NOTICE, Archive, as_object
from .found import Checked
from .keys import Keys, deployment_of, parse_lines
from .memory import Memory, Seen
from .period import Period
from .report import Report
from .walk import Walk

LARGE = 64 * 1024 * 1024  # bytes of a notice or of the table of regimes


@dataclass
class Asked:
    """What else is wanted of the pass over the log: sizes whose root is needed, and commitments
    of promises with the moment of each. `policy` says which witnesses suffice, `kept` that the
    bundle may end before what was seen."""

    sizes: set[int] = field(default_factory=set)
    promised: dict[str, str] = field(default_factory=dict)
    policy: Policy | None = None
    kept: bool = False


def check(file: Path, keys: Keys, memory: Memory, asked: Asked) -> Checked:
    """Check all of it; what is wrong is in the report. Raises Unreadable where it is no zip."""
    checked = Checked(Report(f"EVIDENCE BUNDLE {file.name}"))
    with Archive(file) as archive:
        _Check(archive, keys, memory, asked, checked).run()
    return checked


class _Check:
    def __init__(
        self, archive: Archive, keys: Keys, memory: Memory, asked: Asked, checked: Checked
    ) -> None:
        self.archive = archive
        self.keys = keys
        self.memory = memory
        self.asked = asked
        self.checked = checked
        self.report = checked.report
        self.pages = 0

    def run(self) -> None:
        try:
            self.checked.period = span = period.parse(self.archive.json("manifest.json"))
            self.report.facts += [("site", span.site), ("log", span.origin)]
            self.report.facts += [("period", span.text()), ("begun", span.began)]
            self.checked.head = head = self._head(span)
            self._names(head.size)
            self._log(span, head)
        except Wrong as wrong:
            self.report.wrong(f"The log: {wrong}.")
            return
        self._part("The deployment log", lambda: self._chain(head))
        self._part("The keys", self._keys)
        self._part("The notices", lambda: self._notices(span))
        self._part("The rules", self._regimes)
        self._part("The acts of the owner", lambda: self._acts(span))
        self._promises(span)
        sentences.tell(self.checked, bool(self.keys.pinned), self._seen(span, head), self.pages)

    def _part(self, name: str, check: Any) -> None:
        try:
            check()
        except Wrong as wrong:
            self.report.wrong(f"{name}: {wrong}.")
        except RecursionError:
            self.report.wrong(f"{name}: something is nested beyond all measure.")

    def _names(self, size: int) -> None:
        for name in self.archive.twice:
            self.report.wrong(f"The bundle holds {name} twice.")
        for name in self.archive.strangers(size):
            self.report.wrong(f"The bundle holds {name}, which no bundle over this log has.")

    def _head(self, span: Period) -> Checkpoint:
        """The signed checkpoint of the site's log; nobody but the log signs it."""
        self.checked.brought = brought = parse_lines(self.archive.text("log/vkeys"))
        verifiers = self.keys.of(span.origin, brought)
        signed = self.archive.text("log/checkpoint")
        text, by = note.open_note(signed, verifiers)
        if not self.keys.pinned and len(note.parse(signed)[1]) != len(by):
            raise Wrong("the checkpoint carries a signature by nobody known")
        head = checkpoint.parse(text)
        if head.origin != span.origin:
            raise Wrong(f"this is a checkpoint of {head.origin}")
        if not 0 <= span.opened <= head.size:
            raise Wrong("the bundle was begun on a longer log than it holds")
        return head

    def _log(self, span: Period, head: Checkpoint) -> None:
        seen = self.memory.of(span.origin)
        wanted = {size for size in {*seen.roots, *self.asked.sizes} if size <= head.size}
        walk = Walk(self.archive, span, self.report, wanted, set(self.asked.promised))
        self.checked.found = walk.found
        root = walk.run(head.size)
        if root != head.root:
            self.report.wrong(
                "The log: the entries do not make the root that was signed: one was changed,"
                " removed, added or moved."
            )

    def _seen(self, span: Period, head: Checkpoint) -> int | None:
        """The largest size seen before, once this log is found to continue all that was seen."""
        seen = self.memory.of(span.origin)
        for size, root in seen.roots.items():
            if size <= head.size and self.checked.found.roots.get(size) != root:
                self.report.wrong(
                    f"This log does not continue the one seen on {seen.days[size]} with {size}"
                    " entries: its history was rewritten."
                )
        last = self._reaches(seen, head)
        if seen.keys and not {one.vkey for one in self.checked.brought} & set(seen.keys):
            self.report.wrong("None of its keys is one that this log was signed with before.")
        return last

    def _reaches(self, seen: Seen, head: Checkpoint) -> int | None:
        """The largest size seen before, where this log reaches it; a shorter one was cut off."""
        last = seen.last
        if last is None or last <= head.size:
            return last
        told = f"ends after {head.size} entries, and on {seen.days[last]} the log had {last}"
        if self.asked.kept:
            self.report.notes.append(
                f"This bundle {told}: it is an older one, and shows nothing of what came since."
            )
            return None
        self.report.wrong(
            f"This bundle {told}: its tail was cut off, or the bundle is older. It does not"
            " continue what was seen; ask for a new one. One that you kept passes with --kept."
        )
        return last

    def _chain(self, head: Checkpoint) -> None:
        """The head is an entry of the deployment log, which the same server signs."""
        chain = self.archive.json("chain.json")
        parts = [chain.get(name) for name in ("entry", "proof", "checkpoint", "vkeys")]
        if set(chain) != {"entry", "proof", "checkpoint", "vkeys"} or not all(
            isinstance(part, str) for part in parts
        ):
            raise Wrong("chain.json is not as it should be")
        entry, spelt, signed, vkeys = (str(part) for part in parts)
        proven = proof.parse(spelt)
        if proven.checkpoint != signed:
            raise Wrong("chain.json holds two checkpoints")
        origin = deployment_of(head.origin, note.parse(signed)[0].partition("\n")[0])
        verifiers = self.keys.of(origin, parse_lines(vkeys))
        self.checked.above = above = proof.verify(proven, entry.encode(), verifiers, origin)
        named = as_object(entry, "the entry of the head")
        if (named.get("k"), named.get("n"), named.get("h")) != ("head", head.size, head.root.hex()):
            raise Wrong("the deployment log holds another head of this site")
        self._witnessed(signed, verifiers)
        seen = self.memory.of(origin)
        if seen.last is not None and seen.last > above.size and not self.asked.kept:
            raise Wrong(
                f"the deployment log ends after {above.size} entries, and on {seen.days[seen.last]}"
                f" it had {seen.last}"
            )
        known = seen.roots.get(above.size)
        if known is not None and known != above.root:
            raise Wrong(f"two roots of {above.size} entries were signed: there are two histories")

    def _witnessed(self, signed: str, verifiers: list[Verifier]) -> None:
        """Who of the policy's witnesses has cosigned; a cosignature that does not hold is Wrong."""
        policy = self.asked.policy
        if policy is None:
            return
        witnesses = {one.key: one.name for one in policy.witnesses}
        _, by = note.open_note(signed, [*verifiers, *witnesses])
        names = [witnesses[one] for one in by if one in witnesses]
        self.checked.cosigned = names if policy.satisfied(by) else []

    def _keys(self) -> None:
        """The list of keys is the one that the log names. A log is told of a new key with its next
        entry, so the list may be ahead of it."""
        named = self.checked.found.key
        publics = [one.public for one in self.checked.brought if one.kind == ED25519]
        lists = (b"".join(publics[start:]) for start in range(len(publics)))
        if named and named not in {hashlib.sha256(raw).hexdigest() for raw in lists}:
            raise Wrong("log/vkeys is not the list of keys that the log names")

    def _notices(self, span: Period) -> None:
        """Every notice in the log and in a record is here, byte for byte; and no other."""
        found, here = self.checked.found, set()
        for name in sorted(self.archive.names):
            match = NOTICE.fullmatch(name)
            if match and match[2] == "json":
                here.add(match[1])
                self._part("The notices", lambda digest=match[1]: self._notice(span, digest))
            elif match and f"notices/{match[1]}.json" not in self.archive.names:
                self.report.wrong(f"The notices: {name} shows a notice that is not here.")
        for digest in sorted({*found.notices, *found.shown} - here):
            self.report.wrong(f"The notices: {digest} is missing.")
        self.pages = len(here)

    def _notice(self, span: Period, digest: str) -> None:
        name = f"notices/{digest}"
        body = self.archive.read(f"{name}.json", LARGE)
        if hashlib.sha256(body).hexdigest() != digest:
            raise Wrong(f"{name}.json was changed: its SHA-256 is not its name")
        content = as_object(body, f"{name}.json")
        if content.get("site") != span.site:
            raise Wrong(f"{name}.json is of another site")
        if digest not in self.checked.found.notices and span.overdue(
            str(content.get("published_at"))
        ):
            raise Wrong(f"{name}.json is not in the log")
        shown = self.archive.read(f"{name}.html", LARGE)
        if shown != page.render(content, digest):
            if page.MADE_BY.encode() in shown:
                raise Wrong(f"{name}.html does not show what {name}.json says")
            self.report.notes.append(f"{name}.html was made by another release; read the JSON.")

    def _regimes(self) -> None:
        told = self.archive.json("regimes.json")
        digest, found = str(told.get("in_force")), self.checked.found
        if hashlib.sha256(self.archive.read("regimes.yaml", LARGE)).hexdigest() != digest:
            raise Wrong("regimes.yaml was changed: its SHA-256 is another")
        listed = told.get("in_log")
        if listed != [{"digest": h, "entry": i} for h, i in found.regimes.items()]:
            raise Wrong("regimes.json lists other tables than the log")
        for other in sorted(found.ruled - set(found.regimes)):
            raise Wrong(f"records name the table {other}, which is not in the log")

    def _acts(self, span: Period) -> None:
        """Each act in the log has its line in the trail, and each act in the trail its entry."""
        acts = self.checked.found.acts
        due = {act for act, (at, day) in acts.items() if at < span.opened and span.holds_day(day)}
        unsalted = 0
        for number, line in self.archive.lines("access.ndjson"):
            where = f"access.ndjson, line {number}"
            act = as_object(line, where)
            salt = act.pop("salt", None)
            if salt is None:
                unsalted += not str(act.get("verb")).endswith(".read")
                continue
            try:
                made = leaf.commitment(act, bytes.fromhex(salt))
            except (TypeError, ValueError) as error:
                raise Wrong(f"{where}: it cannot be what was committed to ({error})") from None
            due.discard(made)
            if made not in acts and span.overdue(str(act.get("at"))):
                raise Wrong(f"{where}: it was changed or added: the log holds no such act")
        if unsalted:
            self.report.notes.append(f"{unsalted} acts in access.ndjson are older than the log.")
        if due:
            raise Wrong(f"{len(due)} acts are in the log and not in access.ndjson")

    def _promises(self, span: Period) -> None:
        found = self.checked.found
        for commitment, received in self.asked.promised.items():
            if commitment in found.kept:
                continue
            latest = max(found.latest, span.began)
            if period.minute_before(received, latest):
                self.report.wrong(
                    f"A promise was broken: {commitment}, received {received}, was to be in the log"
                    " within a minute, and is not in it."
                )
            else:
                self.report.notes.append(
                    f"The promise of {received} is younger than this bundle; ask for a new one."
                )
