"""What was seen before: heads and keys of each log, in one small file of the auditor's own.

Two bundles of one server may each be sound and yet tell two stories. Only who remembers the first
can find that the second does not continue it.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .report import Unreadable

DEFAULT = Path("~/.crumbtrail-verify.json")
HEADS = 200  # of one log; the oldest are forgotten first, the newest never


@dataclass
class Seen:
    """Of one log: root by size, the day each was seen, and every key that signed."""

    roots: dict[int, bytes] = field(default_factory=dict)
    days: dict[int, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)

    @property
    def last(self) -> int | None:
        """The largest size seen."""
        return max(self.roots, default=None)


@dataclass
class Memory:
    """The file at `path`, or a memory for this run alone where it is None."""

    path: Path | None
    logs: dict[str, Seen] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None) -> Memory:
        """Raises Unreadable for a file that is not ours: it is never written over."""
        if path is None or not path.exists():
            return cls(path)
        try:
            known = json.loads(path.read_text("utf-8"))
            logs = {origin: _seen(spelt) for origin, spelt in known["logs"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreadable(f"{path} is not a memory of this program ({error}).") from None
        return cls(path, logs)

    def of(self, origin: str) -> Seen:
        return self.logs.get(origin, Seen())

    def note(self, origin: str, size: int, root: bytes, keys: list[str], day: str) -> None:
        """Remember a head that was found to hold."""
        seen = self.logs.setdefault(origin, Seen())
        seen.roots[size] = root
        seen.days.setdefault(size, day)
        seen.keys = list(dict.fromkeys([*seen.keys, *keys]))
        for old in sorted(seen.roots)[:-HEADS]:
            del seen.roots[old], seen.days[old]

    def save(self) -> bool:
        """Whether it could be written; a crash leaves the old file or the new one."""
        if self.path is None:
            return False
        logs = {origin: _spelt(seen) for origin, seen in sorted(self.logs.items())}
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            fresh.write_text(json.dumps({"v": 1, "logs": logs}, indent=1), "utf-8")
            os.replace(fresh, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            return False
        return True


def _seen(spelt: dict[str, Any]) -> Seen:
    seen = Seen(keys=[str(key) for key in spelt["keys"]])
    for size, root, day in spelt["heads"]:
        seen.roots[int(size)] = bytes.fromhex(root)
        seen.days[int(size)] = str(day)
    return seen


def _spelt(seen: Seen) -> dict[str, Any]:
    heads = [[size, seen.roots[size].hex(), seen.days[size]] for size in sorted(seen.roots)]
    return {"heads": heads, "keys": seen.keys}
