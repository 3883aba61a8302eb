"""Where SVG and MathML begin and end in a page: there a script has no raw text and CDATA is text
(html.spec.whatwg.org, 13.2.6.5). Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from .tokens import Tag

SVG, MATH, HTML = b"svg", b"math", b""
# Within these, elements are HTML again.
INTEGRATION = {
    SVG: frozenset((b"foreignobject", b"desc", b"title")),
    MATH: frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext")),
}
BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li"
    b" listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul"
    b" var".split()
)
VOID = frozenset(
    b"area base br col embed hr img input link meta source track wbr param keygen".split()
)
NAMES = re.compile(rb"<(/?[A-Za-z][^ \t\n\r\f/>]*)")
ANNOTATED = ("text/html", "application/xhtml+xml")


class Open(NamedTuple):
    name: bytes
    space: bytes  # SVG, MATH or HTML
    inner: bytes  # what elements within it are


class Foreign:
    """The elements that are open since the outermost `<svg>` or `<math>`; none in plain HTML.
    Around them it is only counted which HTML elements seem to be open."""

    def __init__(self) -> None:
        self.open: list[Open] = []
        self.around: Counter[bytes] = Counter()
        self.unread: list[bytes] = []  # HTML that `around` does not count yet

    @property
    def cdata(self) -> bool:
        """Whether `<![CDATA[` begins a section here, and no comment."""
        return bool(self.open) and self.open[-1].space != HTML

    def passed(self, html: bytes) -> None:
        """Take note of a piece of plain HTML; it is read when it matters."""
        self.unread.append(html)

    def _around(self, name: bytes) -> int:
        for tag in NAMES.findall(b"".join(self.unread)):
            own = tag.lower()
            if own[:1] != b"/":
                self.around[own] += own not in VOID
            elif self.around[own[1:]]:
                self.around[own[1:]] -= 1
        self.unread.clear()
        return self.around[name]

    def see(self, tag: Tag) -> bool:
        """Take note of a tag; whether its element is of SVG or MathML."""
        if tag.close:
            self._close(tag.name)
            return False
        if self._inner() and _breaks_out(tag):
            while self._inner():
                self.open.pop()
        space = self._space(tag.name)
        if not (space or self.open):
            self.passed(b"<%s>" % tag.name)
        elif not (tag.self_closing if space else tag.name in VOID):
            self.open.append(Open(tag.name, space, _inside(tag, space)))
        return space != HTML

    def _space(self, name: bytes) -> bytes:
        """An `svg` within MathML is MathML's own, but for one place."""
        drawn = name == SVG and bool(self.open) and self.open[-1].name == b"annotation-xml"
        if self._inner() and not drawn:
            return self._inner()
        return name if name in (SVG, MATH) else HTML

    def _inner(self) -> bytes:
        return self.open[-1].inner if self.open else HTML

    def _close(self, name: bytes) -> None:
        at = next((n for n in reversed(range(len(self.open))) if self.open[n].name == name), None)
        if at is not None:
            del self.open[at:]
        elif self._inner() and name in (b"p", b"br"):
            while self._inner():
                self.open.pop()
        elif not self.open:
            self.passed(b"</%s>" % name)
        elif self._around(name):  # the end of something around all this
            self.open.clear()
            self.passed(b"</%s>" % name)


def _breaks_out(tag: Tag) -> bool:
    styled = any(tag.get(name) is not None for name in (b"color", b"face", b"size"))
    return tag.name in BREAKOUT or (tag.name == b"font" and styled)


def _inside(tag: Tag, space: bytes) -> bytes:
    if tag.name == b"annotation-xml" and space == MATH:
        return HTML if (tag.get(b"encoding") or "").lower() in ANNOTATED else MATH
    return HTML if tag.name in INTEGRATION.get(space, ()) else space
