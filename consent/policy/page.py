"""HTML as blocks, however broken: what a reader sees, with the line of the source.

Tables are kept row by row with their header. Scripts, styles, comments and form fields are dropped.
An address that stands only in a `mailto:` or `tel:` link is written behind the link's text.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from .document import Block

UNSEEN = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "select",
    "textarea",
    "iframe",
    "object",
}
EMPTY = {"input", "img", "meta", "link", "hr", "wbr", "source", "col", "base", "area", "embed"}
BREAKS = set(
    "p div section article main header footer aside nav ul ol li dl dt dd blockquote pre address "
    "h1 h2 h3 h4 h5 h6 table caption thead tbody tfoot tr form fieldset figure figcaption details "
    "summary body html hr br center title".split()
)
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "summary", "dt", "caption", "legend"}
CELLS = {"td", "th"}


class Reader(HTMLParser):
    """Feeds on HTML; `blocks` is what it made of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.title = ""
        self.language = ""
        self._text: list[str] = []
        self._line = 0
        self._kind = "text"
        self._unseen: list[str] = []
        self._tables: list[_Table] = []
        self._made = 0
        self._link: tuple[str, int] | None = None
        self._pre = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            if tag == self._unseen[-1] and tag not in EMPTY:
                self._unseen.append(tag)
            return
        known = {name: value or "" for name, value in attrs}
        if tag in UNSEEN:
            self._unseen.append(tag)
        elif tag == "html":
            self.language = known.get("lang", "")[:2].lower()
        elif tag == "a":
            self._link = (known.get("href", ""), len(self._text))
        elif tag in CELLS:
            self._cell(tag)
        elif tag in BREAKS:
            self._open(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BREAKS:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            if tag == self._unseen[-1]:
                self._unseen.pop()
        elif tag == "a":
            self._end_link()
        elif tag == "title":
            self.title = self.title or " ".join("".join(self._text).split())
            self._text = []
        elif tag in CELLS and self._tables:
            self._tables[-1].end_cell()
        elif tag in BREAKS:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        if self._unseen or not data:
            return
        if self._tables and self._tables[-1].open:
            self._tables[-1].add(data)
            return
        if not self._line and data.strip():
            lead = len(data) - len(data.lstrip())
            self._line = self.getpos()[0] + data.count("\n", 0, lead)
        self._text.append(data)

    def finish(self) -> None:
        self.close()
        while self._tables:
            self._end_table()
        self._end_block()

    def _open(self, tag: str) -> None:
        if tag == "pre":
            self._pre += 1
        if self._tables and self._tables[-1].open and tag != "table":
            self._tables[-1].add(" ")
            if tag == "tr":
                self._end_row()
                self._tables[-1].start_row(self.getpos()[0])
            return
        self._end_block()
        if tag in HEADINGS:
            self._kind = "heading"
        elif tag == "li":
            self._kind = "item"
        elif tag == "table":
            self._made += 1
            self._tables.append(_Table(self._made))
        elif tag == "tr" and self._tables:
            self._end_row()
            self._tables[-1].start_row(self.getpos()[0])

    def _close(self, tag: str) -> None:
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag == "table":
            self._end_table()
        elif tag == "tr":
            self._end_row()
        elif self._tables and self._tables[-1].open:
            self._tables[-1].add(" ")
        else:
            self._end_block()

    def _cell(self, tag: str) -> None:
        if not self._tables:  # a cell without its table
            self._end_block()
            return
        table = self._tables[-1]
        if not table.in_row:
            self._end_block()
            table.start_row(self.getpos()[0])
        table.start_cell(tag)

    def _end_link(self) -> None:
        if not self._link:
            return
        href, start = self._link
        self._link = None
        shown = "".join(self._text[start:])
        found = re.match(r"(?:mailto|tel):([^?]+)", href.strip(), re.IGNORECASE)
        address = found[1].strip() if found else ""
        in_cell = bool(self._tables and self._tables[-1].open)
        if address and not in_cell and _bare(address) not in _bare(shown):
            self._text.append(f" ({address})")

    def _end_row(self) -> None:
        if self._tables and (row := self._tables[-1].end_row()):
            self.blocks.append(row)

    def _end_table(self) -> None:
        self._end_row()
        if self._tables:
            self._tables.pop()

    def _end_block(self) -> None:
        raw = "".join(self._text)
        lines = raw.split("\n") if self._pre else [raw]
        for offset, line in enumerate(lines):
            text = " ".join(line.split())
            if text:
                self.blocks.append(Block(text, (self._line or 1) + offset, self._kind))
        self._text, self._line, self._kind = [], 0, "text"


class _Table:
    def __init__(self, number: int) -> None:
        self.number = number
        self.header: tuple[str, ...] = ()
        self.open = False
        self.in_row = False
        self._cells: list[str] = []
        self._tags: list[str] = []
        self._cell: list[str] = []
        self._line = 1

    def start_row(self, line: int) -> None:
        self.in_row, self._line, self._cells, self._tags = True, line, [], []

    def start_cell(self, tag: str) -> None:
        self.end_cell()
        self.open, self._cell = True, []
        self._tags.append(tag)

    def add(self, data: str) -> None:
        self._cell.append(data)

    def end_cell(self) -> None:
        if self.open:
            self._cells.append(" ".join("".join(self._cell).split()))
            self.open = False

    def end_row(self) -> Block | None:
        self.end_cell()
        cells, tags = tuple(self._cells), self._tags
        self.in_row, self._cells, self._tags = False, [], []
        if not any(cells):
            return None
        if all(tag == "th" for tag in tags) and len(cells) > 1:
            self.header = cells
        header = self.header if len(self.header) == len(cells) else ()
        return Block("\t".join(cells), self._line, "row", cells, header, table=self.number)


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9@+]", "", text.lower())
