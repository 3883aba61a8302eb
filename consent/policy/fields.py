"""Cookies written as labelled lines: "Name: _ga", "Purpose: …", or a label above each value."""

from __future__ import annotations

import re

from . import names, tables
from .document import Block, Document
from .facts import Source, Tracker

LABELLED = re.compile(r"^\W*([^\W\d_][\w' /()-]{1,40}?)\s*[:：]\s*(\S.*)$", re.DOTALL)
MOST = 30  # blocks of one record
LONGEST = 160  # characters of a line of names
UNKNOWN = 4  # blocks between two labels that are known
MARK = re.compile(r"^[\s•●▪◦‣·*–—-]+")


def record(document: Document, number: int) -> tuple[list[Tracker], int]:
    """The trackers that begin at block `number`, and how many blocks they take; ([], 0) if none."""
    label, value, used = _pair(document, number)
    if label != "name" or value is None or len(value.text) > LONGEST:
        return [], 0
    if not names.in_cell(value.text):
        return [], 0
    pairs: list[tuple[str, Block]] = [("name", value)]
    at, end = number + used, number + used
    while at < len(document.blocks) and at - end <= UNKNOWN and at - number < MOST:
        label, value, used = _pair(document, at)
        if label == "name" or (document.blocks[at].kind == "heading" and label is None):
            break
        if label and value:
            pairs.append((label, value))
            at = end = at + used
        else:
            at += 1
    if len(pairs) > 1:
        return _made(pairs), end - number
    return _alone(document, number, pairs[0][1], end)


def _alone(document: Document, number: int, value: Block, end: int) -> tuple[list[Tracker], int]:
    """ "Name: _utma, _utmb" and then a paragraph that says what for."""
    shown = names.in_cell(value.text)
    if not all(names.looks_like_one(name) for name in shown):
        return [], 0
    made = list(tables.trackers_of([value.text], {"name": 0}, value))
    if end < len(document.blocks) and document.blocks[end].kind == "text":
        first = document.sentences_of(end)[0]
        for tracker in made:
            tracker.facts.put("purpose", first.text, first)
    return made, end - number


def _pair(document: Document, number: int) -> tuple[str | None, Block | None, int]:
    """A label with its value, on one line or on two."""
    block = document.blocks[number]
    if block.kind == "row" and len(block.cells) == 2:
        label = tables.heading(block.cells[0].rstrip(": "))
        return label, Block(block.cells[1], block.line), 1
    if found := LABELLED.match(block.text):
        return tables.heading(found[1]), Block(found[2].strip(), block.line), 1
    label = tables.heading(block.text.rstrip(": ")) if len(block.text) < 40 else None
    if label and number + 1 < len(document.blocks):
        below = document.blocks[number + 1]
        value = Block(MARK.sub("", below.text), below.line, below.kind)
        if not (len(value.text) < 40 and tables.heading(value.text.rstrip(": "))):
            return label, value, 2
    return None, None, 0


def _made(pairs: list[tuple[str, Block]]) -> list[Tracker]:
    known = {label: place for place, (label, _) in enumerate(pairs)}
    row = [value.text for _, value in pairs]
    first = pairs[0][1]
    made = list(tables.trackers_of(row, known, first))
    for tracker in made:
        for label, value in pairs[1:]:
            for name, at in tracker.facts.sources.items():
                if at.quote == value.text and label != "name":
                    tracker.facts.sources[name] = Source(value.line, value.text)
    return made
