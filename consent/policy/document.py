"""A policy as paragraphs, list items and table rows, each with its line and its language.

Three sources: plain text, HTML and PDF. A block's text is what a reader sees; facts and findings
quote parts of it, letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain

from ..saying import say
from .tongue import language_of

BIGGEST = 8 * 1024 * 1024  # bytes of a file
PIECE = 2000  # characters; a "sentence" beyond that is taken in pieces, so that rules stay quick
PARAGRAPH = 20_000
LONGEST = 600_000  # characters of text that are read
MOST_PAGES = 400


class Unreadable(Exception):
    """`code` is one of empty, too_large, binary, unsupported, encrypted, broken, scanned."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Sentence:
    """`text` is verbatim, `line` is where it begins."""

    text: str
    line: int
    block: int = 0
    language: str = ""

    @cached_property
    def flat(self) -> str:
        """With single spaces, for patterns that cross a line's end."""
        return " ".join(self.text.split())


@dataclass(frozen=True)
class Block:
    """`kind` is heading, text, item or row; a row has `cells`, and `header` if its table has.

    `line` counts from 1: of the text, of the HTML source, or of a PDF's extracted text.
    """

    text: str
    line: int
    kind: str = "text"
    cells: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    page: int | None = None
    language: str = ""
    table: int = 0
    indent: int = 0

    @cached_property
    def flat(self) -> str:
        return " ".join(self.text.split())


@dataclass(frozen=True)
class Document:
    """`source` is text, html or pdf; `address` where it was fetched from, if it was."""

    blocks: tuple[Block, ...]
    source: str
    title: str = ""
    address: str = ""
    truncated: bool = False
    declared_language: str = ""
    _sentences: dict[int, tuple[Sentence, ...]] = field(default_factory=dict, compare=False)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Those in which much is written, the most used first."""
        weight: dict[str, int] = {}
        for block in self.blocks:
            if block.language:
                weight[block.language] = weight.get(block.language, 0) + len(block.text)
        total = sum(weight.values())
        often = sorted(weight, key=lambda tag: -weight[tag])
        return tuple(tag for tag in often if weight[tag] * 6 >= total)

    @property
    def language(self) -> str:
        known = self.languages
        return known[0] if known else language_of(self.text) or self.declared_language or "en"

    @cached_property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(one for n in range(len(self.blocks)) for one in self.sentences_of(n))

    def sentences_of(self, number: int) -> tuple[Sentence, ...]:
        if number not in self._sentences:
            self._sentences[number] = tuple(split(self.blocks[number], number))
        return self._sentences[number]


def finished(
    blocks: Iterable[Block],
    source: str,
    title: str = "",
    address: str = "",
    declared_language: str = "",
) -> Document:
    """With languages, and no longer than LONGEST; raises Unreadable `empty`."""
    kept: list[Block] = []
    room = LONGEST
    cut = False
    for block in chain.from_iterable(map(_pieces, blocks)):
        if not block.text.strip():
            continue
        room -= len(block.text)
        if room < 0:
            cut = True
            break
        kept.append(replace(block, language=language_of(block.text)))
    if not kept:
        raise Unreadable("empty", say("There is no text in it."))
    return Document(tuple(kept), source, title, address, cut, declared_language)


def _pieces(block: Block) -> Iterator[Block]:
    """A paragraph without end in parts of PARAGRAPH characters."""
    if len(block.text) <= PARAGRAPH:
        yield block
        return
    for start in range(0, len(block.text), PARAGRAPH):
        line = block.line + block.text.count("\n", 0, start)
        yield Block(block.text[start : start + PARAGRAPH], line, "text", page=block.page)


# Where a sentence may end, and what only looks like it.
END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“„«(\[]*[A-ZÀ-ÖØ-ÞĄĆĘŁŃÓŚŹŻŒ0-9_])")
ABBREVIATION = re.compile(
    r"(?:^|[\s(„\"'])(?:art|ust|pkt|lit|nr|no|ul|al|pl|tel|tzw|tj|np|itd|itp|m\.in|dr|mr|mrs|ms|sp|"
    r"st|inc|ltd|co|corp|e\.g|i\.e|approx|cf|av|bd|par|sec|s|r|z|o|o\.o|p|vol|dz|poz|us|ds|wg|"
    r"ex|l|al|d|n|[A-ZĄĆĘŁŃÓŚŹŻ])\.$",
    re.IGNORECASE,
)
ALWAYS_ENDS = re.compile(r"(?:etc|itd|itp|u\.s|inc|ltd|o\.o|corp|r)\.$", re.IGNORECASE)


def split(block: Block, number: int = 0) -> Iterator[Sentence]:
    """A block's sentences in order; a row is one, a heading is one."""
    text = block.text
    if block.kind in ("row", "heading") and len(text) <= PIECE:
        yield Sentence(text, block.line, number, block.language)
        return
    start = 0
    for end in _ends(text):
        yield from _piece(block, start, end, number)
        start = end
    yield from _piece(block, start, len(text), number)


def _ends(text: str) -> Iterator[int]:
    for found in END.finditer(text):
        before = text[max(0, found.start() - 14) : found.start() + 1]
        if ABBREVIATION.search(before) and found.group() == ".":
            after = text[found.end() :].lstrip()
            # "Acme Inc. We are" ends, "Acme Inc. Privacy" may; "art. 6" and "ul. Batorego" do not.
            if not (ALWAYS_ENDS.search(before) and re.match(r"[A-ZŻŚĆŁ][a-ząęóśłżźćń]*\s", after)):
                continue
        yield found.end()


def _piece(block: Block, start: int, end: int, number: int) -> Iterator[Sentence]:
    while end - start > PIECE:
        cut = block.text.rfind(" ", start, start + PIECE)
        cut = cut if cut > start else start + PIECE
        yield from _piece(block, start, cut, number)
        start = cut
    raw = block.text[start:end]
    text = raw.strip()
    if text:
        begins = start + len(raw) - len(raw.lstrip())
        line = block.line + block.text.count("\n", 0, begins)
        yield Sentence(text, line, number, block.language)
