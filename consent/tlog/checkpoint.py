"""A checkpoint: which log, how many entries, which root (c2sp.org/tlog-checkpoint).

Its text is three lines. A log signs it as a note and never signs two that contradict each other.
"""

from dataclasses import dataclass

from consent.tlog.merkle import EMPTY, HASH_BYTES, Wrong
from consent.tlog.spelling import NUMBER_MAX, decode, encode, is_name, number, plain


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in plain(self.origin):
            raise Wrong("an origin is one line")
        if not 0 <= self.size <= NUMBER_MAX:
            raise Wrong(f"no tree has {self.size} leaves")
        if len(self.root) != HASH_BYTES:
            raise Wrong(f"a root is {HASH_BYTES} bytes long")
        if self.size == 0 and self.root != EMPTY:
            raise Wrong("an empty tree has another root")


def text(checkpoint: Checkpoint) -> str:
    """What is signed, with its last newline. Wrong if the origin is not one that we give."""
    _check_origin(checkpoint.origin)
    return f"{checkpoint.origin}\n{checkpoint.size}\n{encode(checkpoint.root)}\n"


def parse(text: str, others: bool = False) -> Checkpoint:
    """The checkpoint that a note's text spells; Wrong for anything else.

    Ours have exactly three lines. Those of `others` may go on with extension lines, which say
    nothing about the tree and are passed over, and may have an origin with spaces in it.
    """
    lines = plain(text).split("\n")
    if lines.pop() != "" or len(lines) < 3:
        raise Wrong("a checkpoint has three lines")
    origin, size, root, *extensions = lines
    if not others:
        _check_origin(origin)
    if "" in extensions or (extensions and not others):
        raise Wrong("a checkpoint ends after three lines")
    return Checkpoint(origin, number(size), decode(root))


def _check_origin(origin: str) -> None:
    if not is_name(origin):
        raise Wrong("an origin has neither spaces nor plus signs")
