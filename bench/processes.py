"""What processes cost, read from /proc (Linux): seconds of processor time, and memory."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def family(root: int) -> list[int]:
    """The process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (status := _status(int(entry.name))):
            children.setdefault(int(status[1]), []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        one = queue.pop()
        found.append(one)
        queue += children.get(one, [])
    return found


def cpu(root: int) -> float:
    """Seconds that a family has used, with those of its members that have ended."""
    used = (status[11:15] for one in family(root) if (status := _status(one)))
    return sum(int(ticks) for four in used for ticks in four) / TICKS


def each(root: int) -> dict[int, float]:
    """Seconds that each living member of a family has used by itself."""
    said = ((one, _status(one)) for one in family(root))
    return {one: sum(map(int, status[11:13])) / TICKS for one, status in said if status}


def resident(process: int) -> int:
    """Bytes of memory; pages shared with others are counted whole."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * PAGE
    except OSError:
        return 0


def share(process: int) -> int:
    """Kilobytes of memory, of shared pages its share alone (PSS)."""
    return kinds(process).get("Pss", 0) // 1024


def kinds(process: int) -> dict[str, int]:
    """Bytes of memory by kind, as in smaps_rollup: Rss, Pss, Anonymous and so on; none if it
    ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return {}
    found = re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    return {name: int(kilobytes) * 1024 for name, kilobytes in found}


def _status(process: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the name, so that [1] is field 4; none if it ended."""
    try:
        return (
            Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        )
    except OSError:
        return []


class Watch:
    """The memory of the largest process of a family, looked at twice a second."""

    def __init__(self, root: int) -> None:
        self.root, self.seen = root, list[int]()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.seen.append(max(map(resident, family(self.root))))
            if self._over.wait(0.5):
                return

    @property
    def most(self) -> float:
        """MiB."""
        return max(self.seen) / 2**20

    @property
    def growth(self) -> float:
        """MiB between the medians of the second tenth and of the last."""
        tenth = max(1, len(self.seen) // 10)
        early, late = sorted(self.seen[tenth : 2 * tenth] or self.seen), sorted(self.seen[-tenth:])
        return (late[len(late) // 2] - early[len(early) // 2]) / 2**20
