"""The log and the records, side by side, in one pass.

Both lie in the order of the log, so an entry of a consent and its record meet without a table of
either. What is kept is a stack of subtree roots and three bits an entry (its record is here; is
not; is marked as erased). An `erase` entry may come much later than the entry it is about.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from consent import leaf
from consent.tlog import merkle
from consent.tlog.merkle import Wrong

from .archive import Archive, as_object
from .found import Found
from .period import Period
from .report import Report


class Stack:
    """RFC 6962 leaf by leaf: two subtrees of one height become one."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[tuple[int, bytes]] = []

    def push(self, digest: bytes) -> None:
        height = 0
        while self._roots and self._roots[-1][0] == height:
            digest = merkle.node_hash(self._roots.pop()[1], digest)
            height += 1
        self._roots.append((height, digest))
        self.size += 1

    def root(self) -> bytes:
        found: bytes | None = None
        for _, digest in reversed(self._roots):
            found = digest if found is None else merkle.node_hash(digest, found)
        return merkle.EMPTY if found is None else found


class Bits:
    """A set of whole numbers, at one bit for each up to the largest."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def set(self, index: int, value: bool) -> None:
        place, bit = divmod(index, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(place - len(self._bits) + 4096))
        if value:
            self._bits[place] |= 1 << bit
        else:
            self._bits[place] &= ~(1 << bit)

    def has(self, index: int) -> bool:
        place, bit = divmod(index, 8)
        return place < len(self._bits) and bool(self._bits[place] >> bit & 1)

    def __iter__(self) -> Iterator[int]:
        for place, byte in enumerate(self._bits):
            if byte:
                yield from (place * 8 + bit for bit in range(8) if byte >> bit & 1)


class Walk:
    """`sizes`: where the root is wanted; `promised`: commitments somebody holds a promise of."""

    def __init__(
        self,
        archive: Archive,
        period: Period,
        report: Report,
        sizes: set[int],
        promised: set[str],
    ) -> None:
        self._archive = archive
        self._period = period
        self._report = report
        self._sizes = sizes
        self._promised = promised
        self._missing, self._here = Bits(), Bits()
        self._marked = Bits()
        self._days: list[tuple[int, str]] = []  # where the day of the entries changes
        self._records = self._read_records()
        self._next: tuple[int, int, dict[str, Any]] | None = None
        self._stack = Stack()
        self.found = Found()

    def run(self, size: int) -> bytes:
        """The root over all entries; raises Wrong where the log cannot be read to its end."""
        try:
            self._next = next(self._records, None)
            self._pass(size)
        finally:
            self._records.close()
        return self._stack.root()

    def _pass(self, size: int) -> None:
        if 0 in self._sizes:
            self.found.roots[0] = merkle.EMPTY
        for index, entry in enumerate(self._archive.entries(size)):
            self._stack.push(merkle.leaf_hash(entry))
            if index + 1 in self._sizes:
                self.found.roots[index + 1] = self._stack.root()
            self._entry(index, entry)
        while self._next is not None:
            self._stray("where the log has ended")
        self._left_out()

    def _entry(self, index: int, entry: bytes) -> None:
        try:
            facts = as_object(entry, f"entry {index}")
        except Wrong as wrong:
            self._report.wrong(f"The log: {wrong}.")
            return
        kind = str(facts.get("k"))
        self.found.kinds[kind] += 1
        while self._next is not None and self._next[0] < index:
            self._stray("which is no consent")
        if kind == "consent":
            self._consent(index, str(facts.get("c")), str(facts.get("d")))
        elif kind == "erase":
            self._erase(index, facts.get("r"))
        elif kind == "purge":
            self._purge(index, facts.get("u"), facts.get("n"))
        elif kind == "key":
            self.found.key = str(facts.get("h"))
        elif kind == "notice":
            self.found.notices.setdefault(str(facts.get("h")), index)
        elif kind == "regimes":
            self.found.regimes.setdefault(str(facts.get("h")), index)
        elif kind == "admin":
            self.found.acts[str(facts.get("c"))] = (index, str(facts.get("d")))

    def _consent(self, index: int, commitment: str, day: str) -> None:
        if not self._days or self._days[-1][1] != day:
            self._days.append((index, day))
        if commitment in self._promised:
            self.found.kept.add(commitment)
        if self._next is not None and self._next[0] == index:
            _, number, record = self._next
            self._next = next(self._records, None)
            self._pair(index, commitment, day, number, record)
        elif self._period.holds_day(day):
            if self._period.may_lack(index, day):
                self.found.late += 1
            else:
                self._missing.set(index, True)
        elif self._period.cuts_day(day):
            self.found.border += 1
        else:
            self.found.outside += 1

    def _pair(
        self, index: int, commitment: str, day: str, number: int, record: dict[str, Any]
    ) -> None:
        where = f"Record {record.get('id')} (records.ndjson, line {number}, entry {index})"
        if record["log"].get("commitment") != commitment:
            self._report.wrong(f"{where}: the log holds another commitment than the record names.")
        if record.get("site") != self._period.site:
            self._report.wrong(f"{where}: it is of another site.")
        if record.get("erased") is True:
            self._missing.set(index, True)
            self._marked.set(index, True)
            return
        self._here.set(index, True)
        self.found.records += 1
        try:
            made = leaf.commitment(record, bytes.fromhex(record["log"]["salt"]))
        except (TypeError, ValueError, KeyError, RecursionError) as error:
            self._report.wrong(f"{where}: it cannot be what was committed to ({error}).")
            return
        if made != commitment:
            self._report.wrong(f"{where}: it was changed: it does not make its commitment.")
            return
        received = str(record.get("received_at"))
        if received[:10] != day or not self._period.holds(received):
            self._report.wrong(f"{where}: it arrived at {received}, which is not its place.")
        self.found.latest = max(self.found.latest, received)
        self.found.shown.add(str(record.get("notice")))
        self.found.ruled.add(str(record.get("regimes")))

    def _erase(self, index: int, target: object) -> None:
        if not isinstance(target, int) or isinstance(target, bool) or not 0 <= target < index:
            self._report.wrong(f"Entry {index} erases what is not there.")
            return
        self.found.erased += 1
        self._missing.set(target, False)
        self._marked.set(target, False)
        if self._here.has(target) and index < self._period.opened:
            self._report.wrong(
                f"Entry {target} was erased, as entry {index} says, and its record is still here."
            )

    def _purge(self, index: int, until: object, count: object) -> None:
        if not isinstance(until, str) or type(count) is not int or count < 1:
            self._report.wrong(f"Entry {index} takes records away, and does not say which.")
            return
        self.found.purged.append((until, count))

    def _left_out(self) -> None:
        """Name what is gone without a reason: neither erased nor, so many of a day, purged."""
        gone = Counter(self._day(index) for index in self._missing)
        unexplained = dict(_unexplained(gone, self.found.purged))
        for index in self._missing:
            day = self._day(index)
            if unexplained.get(day) == gone[day]:
                self._name(index)
        for day, count in unexplained.items():
            if count < gone[day]:
                self._report.wrong(
                    f"Records were left out: {gone[day]} of {day} are gone, and the log explains"
                    f" {gone[day] - count} of them."
                )

    def _name(self, index: int) -> None:
        if self._marked.has(index):
            self._report.wrong(
                f"The record of entry {index} is marked as erased, and no entry of the log says"
                " that it was."
            )
        else:
            self._report.wrong(
                f"A record was left out: entry {index} of the log is a consent of this period,"
                " and neither is its record here nor does an entry say that it was erased."
            )

    def _day(self, index: int) -> str:
        return self._days[bisect_right(self._days, (index, "\U0010ffff")) - 1][1]

    def _stray(self, where: str) -> None:
        if self._next is not None:
            index, number, record = self._next
            self._report.wrong(
                f"Record {record.get('id')} (records.ndjson, line {number}) was added or moved: it"
                f" says that it is entry {index}, {where}."
            )
            self._next = next(self._records, None)

    def _read_records(self) -> Generator[tuple[int, int, dict[str, Any]], None, None]:
        """Index, line and record of each line that has a place in the log, the places rising."""
        last = -1
        for number, line in self._archive.lines("records.ndjson"):
            where = f"records.ndjson, line {number}"
            try:
                record = as_object(line, where)
            except Wrong as wrong:
                self._report.wrong(f"{wrong}.")
                continue
            log = record.get("log")
            index = log.get("index") if isinstance(log, dict) else None
            if log is None:
                self._unlogged(record, where)
            elif not isinstance(index, int) or isinstance(index, bool) or index < 0:
                self._report.wrong(f"{where}: the record has no place in the log.")
            elif index <= last:
                self._report.wrong(
                    f"{where}: record {record.get('id')} is out of order, or here twice: entry"
                    f" {index} comes after entry {last}."
                )
            else:
                last = index
                yield index, number, record

    def _unlogged(self, record: dict[str, Any], where: str) -> None:
        self.found.unlogged += 1
        received = str(record.get("received_at"))
        if self._period.overdue(received):
            self._report.wrong(
                f"{where}: record {record.get('id')} arrived at {received} and is not in the log."
            )


def _unexplained(
    gone: Mapping[str, int], purged: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, int]]:
    """Day and number of the records that are gone and that no purge accounts for.

    A purge takes at most as many as it says, none of a later day than it says. The latest days
    are matched first, so nothing is called unexplained that some matching would explain.
    """
    room, free = sorted(purged), 0
    for day in sorted(gone, reverse=True):
        while room and room[-1][0] >= day:
            free += room.pop()[1]
        left = max(0, gone[day] - free)
        free -= gone[day] - left
        if left:
            yield day, left
