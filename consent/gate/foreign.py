"""Where SVG and MathML begin and end in a page: there a script has no raw text and CDATA is text
(html.spec.whatwg.org, 13.2.6.5). Pure."""

from __future__ import annotations

from typing import NamedTuple

from .tokens import Tag

ROOTS = (b"svg", b"math")
# Within these of theirs, elements are HTML again.
INTEGRATION = frozenset(
    (b"foreignobject", b"desc", b"title", b"annotation-xml", b"mi", b"mo", b"mn", b"ms", b"mtext")
)
BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li"
    b" listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul"
    b" var".split()
)
VOID = frozenset(b"area base br col embed hr img input link meta source track wbr param".split())


class Open(NamedTuple):
    name: bytes
    foreign: bool


class Foreign:
    """The elements that are open since the outermost `<svg>` or `<math>`; none in plain HTML."""

    def __init__(self) -> None:
        self.open: list[Open] = []

    @property
    def cdata(self) -> bool:
        """Whether `<![CDATA[` begins a section here, and no comment."""
        return bool(self.open) and self.open[-1].foreign

    def see(self, tag: Tag) -> bool:
        """Take note of a tag; whether its element is of SVG or MathML."""
        if tag.close:
            self._close(tag.name)
            return False
        if self._within() and tag.name in BREAKOUT:
            while self._within():
                self.open.pop()
        foreign = tag.name in ROOTS or self._within()
        ends = tag.self_closing if foreign else tag.name in VOID
        if (foreign or self.open) and not ends and tag.name not in (b"script", b"style"):
            self.open.append(Open(tag.name, foreign))
        return foreign

    def _within(self) -> bool:
        last = self.open[-1] if self.open else None
        return last is not None and last.foreign and last.name not in INTEGRATION

    def _close(self, name: bytes) -> None:
        if name in (b"script", b"style"):
            return
        at = next((n for n in reversed(range(len(self.open))) if self.open[n].name == name), None)
        if at is None:  # the end of something around all this
            self.open.clear()
        else:
            del self.open[at:]
