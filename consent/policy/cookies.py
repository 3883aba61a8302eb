"""The cookies of a policy: named in tables, lists, labelled lines and prose; else uses described.

A walk in reading order keeps what the headings and introductions last said: category, party,
provider. What an entry says itself comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import fields, listed, names, tables, uses
from .document import Block, Document, Sentence
from .facts import Source, Tracker
from .words import COOKIES, FIRST, THIRD, bare_label, category_of, label_of, party_of

ABOUT = re.compile(
    rf"{COOKIES.pattern}|local ?storage|session ?storage|pixel|web beacon|piksel", re.IGNORECASE
)
SET_BY = re.compile(
    r"\b(?:(?:set|placed|provided) by|(?:ustawian|dostarczan)\w+ przez|(?:déposé|fourni)\w* par)\s+"
    r"(?P<who>[A-ZÀ-Þ][\w.&-]*(?: [A-ZÀ-Þ][\w.&-]*){0,3})"
)
RUN = 40  # blocks after the word cookie in which entries of a list are believed


@dataclass
class Place:
    """What holds at a point of the text."""

    category: tuple[str, str | None, Source] | None = None
    party: tuple[str, Source] | None = None
    provider: tuple[str, Source] | None = None
    near: int = -RUN
    table: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    intro: int = 0


def found(document: Document) -> list[Tracker]:
    """Named trackers in order; where the text names none, the uses it describes."""
    walk = Walk(document)
    walk.run()
    named = _merged(walk.trackers)
    return [*named, *uses.described(document, named)]


class Walk:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.place = Place()
        self.trackers: list[Tracker] = []
        self.undecided: list[Tracker] = []  # listed before anything was said of parties
        self.skip = 0

    def run(self) -> None:
        for number, block in enumerate(self.document.blocks):
            if number < self.skip:
                continue
            self._context(number, block)
            for tracker in self._entries(number, block):
                self._inherit(tracker)
                self.trackers.append(tracker)

    def _context(self, number: int, block: Block) -> None:
        place = self.place
        if ABOUT.search(block.text):
            place.near = number
        if block.kind == "row" or block.table:
            return
        place.columns, place.table = ({}, 0) if _prose(block) else (place.columns, place.table)
        where = Source(block.line, block.text)
        label = label_of(block.text) if len(block.text) < 90 else None
        if block.kind == "heading" or label:
            if label and (ABOUT.search(block.text) or number - place.near < RUN):
                place.category = (bare_label(block.text), category_of(block.text), where)
                place.party = place.provider = None
            elif (
                block.kind == "heading"
                and not ABOUT.search(block.text)
                and re.match(r"\d|[A-Z§]", block.text)
                and len(block.text.split()) > 1
            ):
                place.category = place.provider = None
        self._introduction(block)

    def _introduction(self, block: Block) -> None:
        """A line that ends in a colon, or a heading, says whose the following ones are."""
        last = self.document.sentences_of(self.document.blocks.index(block))[-1:]
        if not last or not ABOUT.search(last[0].text):
            return
        if not (last[0].text.rstrip().endswith(":") or block.kind == "heading"):
            return
        party, where = party_of(last[0].text), Source(last[0].line, last[0].text)
        self.place.party = (party, where) if party else None
        if party == "third":
            for tracker in self.undecided:
                tracker.facts.put("party", "first", where)
        self.undecided = []

    def _entries(self, number: int, block: Block) -> Iterator[Tracker]:
        place = self.place
        row = tables.cells_of(block)
        if block.kind == "row" and block.header and block.table != place.table:
            place.columns, place.table = tables.columns(block.header), block.table
        if row and (known := tables.columns(row)):
            place.columns, place.table = known, block.table
            return
        if row and place.columns and block.table == place.table:
            yield from self._row(row, block)
            return
        if number - place.near >= RUN:
            return
        record, used = fields.record(self.document, number)
        if record:
            self.skip = number + used
            yield from record
            return
        if one := listed.entry(block):
            yield from one
            return
        if block.kind != "row":
            yield from self._prose(number)

    def _row(self, row: tuple[str, ...], block: Block) -> Iterator[Tracker]:
        place = self.place
        filled = [cell for cell in row if cell]
        if len(filled) == 1 and (label := label_of(filled[0])):
            place.category = (bare_label(label), category_of(label), Source(block.line, label))
            return
        if len(filled) == 1 and tables.heading(filled[0]):
            return
        if len(filled) == 1 and len(filled[0].split()) > 2:
            self._described(filled[0], block)
            return
        yield from tables.trackers_of(row, place.columns, block)

    def _described(self, text: str, block: Block) -> None:
        """A row of one cell under a cookie's row is what it is for."""
        last = self.trackers[-1] if self.trackers else None
        if last and 0 <= block.line - last.line < 12:
            last.facts.put("purpose", text, Source(block.line, text))

    def _prose(self, number: int) -> Iterator[Tracker]:
        for sentence in self.document.sentences_of(number):
            known = names.in_prose(sentence.text)
            if not ABOUT.search(sentence.text):  # or the sentence is about the name itself
                known = [name for name in known[:1] if sentence.text.startswith(name)]
            for name in known:
                yield _of_prose(name, sentence, alone=len(known) == 1)

    def _inherit(self, tracker: Tracker) -> None:
        place, facts = self.place, tracker.facts
        if place.category and not facts.get("category_published"):
            label, category, where = place.category
            facts.put("category_published", label, where)
            facts.put("category", category, where)
        if not facts.get("party"):
            if place.party:
                facts.put("party", *place.party)
            else:
                self.undecided.append(tracker)


def _prose(block: Block) -> bool:
    return block.kind == "text" and len(block.text) > 160 and not tables.cells_of(block)


def _of_prose(name: str, sentence: Sentence, alone: bool) -> Tracker:
    made = Tracker(name)
    made.facts.put("name", name, sentence)
    made.facts.put(
        "purpose", sentence.text if uses.PURPOSE.search(sentence.text) else None, sentence
    )
    if alone:
        if bool(FIRST.search(sentence.text)) != bool(THIRD.search(sentence.text)):
            made.facts.put("party", party_of(sentence.text), sentence)
        made.facts.put("duration", uses.lasting(sentence.text), sentence)
        if found := SET_BY.search(sentence.text):
            made.facts.put("provider", found["who"], sentence)
    return made


def _merged(trackers: list[Tracker]) -> list[Tracker]:
    """One entry a name and kind: what a later mention adds is added."""
    kept: dict[tuple[str, str], Tracker] = {}
    for tracker in trackers:
        key = (str(tracker.name).casefold(), tracker.kind)
        if key not in kept:
            kept[key] = tracker
            continue
        for name, value in tracker.facts.values.items():
            kept[key].facts.put(name, value, tracker.facts.sources[name])
    return list(kept.values())
