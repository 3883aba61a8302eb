"""Plain text as blocks: paragraphs, headings, items; hard-wrapped lines become paragraphs again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .document import Block

BULLET = re.compile(r"^\s*(?:[•●▪◦‣·*–—-]|\(?\d{1,3}[.)]|\(?[a-z][.)]|[ivx]{1,4}[.)])(?:\s+)\S")
COLUMNS = re.compile(r"\S(?:\t+| {3,}|\s*\|\s*)\S")
NARROW = 110


def blocks(text: str) -> Iterator[Block]:
    """One block a line, or one a paragraph where the lines are wrapped."""
    lines = text.split("\n")
    wrapped = _wrapped(lines)
    held: list[str] = []
    start = 0
    for number, line in enumerate(lines, 1):
        if wrapped and held and _goes_on(held[-1], line, wrapped):
            held.append(line)
            continue
        if held:
            yield _block(held, start)
        held, start = ([line], number) if line.strip() else ([], 0)
    if held:
        yield _block(held, start)


def _wrapped(lines: list[str]) -> int:
    """The width at which the lines break, 0 where each is a paragraph."""
    lengths = sorted(len(line.rstrip()) for line in lines if line.strip())
    if len(lengths) < 6 or lengths[-1] > NARROW + 20:
        return 0
    width = lengths[int(len(lengths) * 0.95)]
    long = sum(length > width * 0.75 for length in lengths)
    return width if 45 <= width <= NARROW and long >= len(lengths) * 0.25 else 0


def _goes_on(before: str, line: str, width: int) -> bool:
    if not line.strip() or BULLET.match(line) or COLUMNS.search(line) or COLUMNS.search(before):
        return False
    first = line.split()[0]
    # The word would not have fitted: that is why the line broke.
    return len(before.rstrip()) + 1 + len(first) > width * 0.9 or line.lstrip()[:1].islower()


def _block(lines: list[str], start: int) -> Block:
    text = "\n".join(lines)
    begins = len(text) - len(text.lstrip())
    line = start + text.count("\n", 0, begins)
    indent = len(text.lstrip("\n")) - len(text.lstrip())
    return Block(text.strip(), line, kind_of(text), indent=indent)


def kind_of(text: str) -> str:
    """heading, item or text, by how a line looks."""
    bare = text.strip()
    if re.match(r"#{1,6}\s+\S", bare) and len(bare) < 160:
        return "heading"
    if "\n" not in bare and _titled(bare):
        return "heading"
    return "item" if BULLET.match(text) else "text"


def _titled(bare: str) -> bool:
    if (
        len(bare) > 110
        or bare.endswith((".", ";", ",", ":"))
        or "  " in bare
        or "\t" in bare
        or " : " in bare
        or re.match(r"[^:]{1,30}: \S", bare)
    ):
        return False
    if re.match(r"\S+\s+[–—-]\s+[^\W\d_A-ZÀ-ÞĄĆĘŁŃÓŚŹŻ]", bare):  # "_gid – tells users apart"
        return False
    bare = re.sub(r"^(?:§\s*\d+|\d{1,2}(?:\.\d{1,2})*[.)]?)\s*", "", bare)
    return bool(bare) and bare[0].isupper() and len(bare.split()) <= 12 and "@" not in bare
