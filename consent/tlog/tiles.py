"""The tree in tiles, and entries in bundles, as they are stored and served (c2sp.org/tlog-tiles).

A tile holds up to 256 hashes of one level: those of level 0 are leaf hashes, every hash of level
L + 1 is the root of one full tile of level L. A full tile never changes; a partial one only grows.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from consent.tlog.merkle import Subtree, Wrong, root_of

HEIGHT = 8
WIDTH = 256
ENTRY_MAX = 65535

_LEVELS = 64
_NUMBER_MAX = 2**63 - 1
_PATH = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII
)

# (tile level, tile number) -> the hashes that the tile has so far, at most 256.
Read = Callable[[int, int], Sequence[bytes]]


def subtree_of(read: Read) -> Subtree:
    """The subtrees of a tree that is stored in tiles; each is computed from one tile."""

    def subtree(height: int, index: int) -> bytes:
        level, inner = divmod(height, HEIGHT)
        number, position = divmod(index << inner, WIDTH)
        hashes = read(level, number)[position : position + (1 << inner)]
        if len(hashes) != 1 << inner:
            raise Wrong(f"{path(level, number)} is missing or too short")
        return root_of(hashes)

    return subtree


def partial_width(size: int, level: int, number: int) -> int:
    """How many hashes (on level 0: or entries) a tile has in a tree of `size` leaves: 0 to 256."""
    return min(max((size >> HEIGHT * level) - number * WIDTH, 0), WIDTH)


def path(level: int | Literal["entries"], number: int, width: int = WIDTH) -> str:
    """Where a tile or a bundle is served; raises Wrong where there can be none."""
    if level != "entries" and not 0 <= level < _LEVELS:
        raise Wrong(f"there is no tile level {level}")
    if not 0 <= number <= _NUMBER_MAX:
        raise Wrong(f"there is no tile number {number}")
    if not 1 <= width <= WIDTH:
        raise Wrong(f"no tile is {width} wide")
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [f"x{digits[start : start + 3]}/" for start in range(0, len(digits) - 3, 3)]
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{''.join(groups)}{digits[-3:]}{partial}"


def parse_path(text: str) -> tuple[int | Literal["entries"], int, int]:
    """Level, number and width of what is asked for; Wrong for every spelling but `path`'s own."""
    match = _PATH.fullmatch(text)
    if not match:
        raise Wrong("this is not the path of a tile")
    level: int | Literal["entries"] = "entries" if match[1] == "entries" else int(match[1])
    number = int(re.sub("[x/]", "", match[2]))
    width = int(match[3]) if match[3] else WIDTH
    if path(level, number, width) != text:
        raise Wrong("this is not how the path of a tile is spelt")
    return level, number, width


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """A bundle: each entry after its length in two bytes, big-endian."""
    packed = bytearray()
    for entry in entries:
        if len(entry) > ENTRY_MAX:
            raise Wrong(f"an entry is longer than {ENTRY_MAX} bytes")
        packed += len(entry).to_bytes(2, "big") + entry
    return bytes(packed)


def unpack_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle; Wrong if it ends within one."""
    entries = []
    start = 0
    while start < len(data):
        after = start + 2
        end = after + int.from_bytes(data[start:after], "big")
        if len(data) < end:
            raise Wrong("a bundle ends within an entry")
        entries.append(data[after:end])
        start = end
    return entries
