"""Cookies written as labelled lines: "Name: _ga", "Purpose: …", or a label above each value."""

from __future__ import annotations

import re

from . import names, tables
from .document import Block, Document
from .facts import Source, Tracker

LABELLED = re.compile(r"^\W*([^\W\d_][\w' /()-]{1,40}?)\s*[:：]\s*(\S.*)$", re.DOTALL)
MOST = 24  # blocks of one record


def record(document: Document, number: int) -> tuple[list[Tracker], int]:
    """The trackers that begin at block `number`, and how many blocks they take; ([], 0) if none."""
    label, value, used = _pair(document, number)
    if label != "name" or value is None or not names.in_cell(value.text):
        return [], 0
    pairs: list[tuple[str, Block]] = [("name", value)]
    at = number + used
    while at < len(document.blocks) and len(pairs) < MOST:
        label, value, used = _pair(document, at)
        if label is None or label == "name" or value is None:
            break
        pairs.append((label, value))
        at += used
    if len(pairs) < 2:
        return [], 0
    return _made(pairs), at - number


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
        value = document.blocks[number + 1]
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
