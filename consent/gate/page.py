"""A page on its way to the browser: bytes in, bytes out, published trackers held.

Pure. What comes out depends on the page and the rules alone, never on the visitor and never on
where the bytes were cut. What is not held leaves as it came.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from . import hold, inside, tokens
from .foreign import Foreign
from .rules import Rule, Rules
from .tokens import COMMENT_END, SCRIPT, TAG, Tag

LIMIT = 1024 * 1024  # bytes that may wait for the end of one tag, script or style
UTF16 = (b"\xff\xfe", b"\xfe\xff")
RAW = (b"title", b"textarea", b"xmp", b"iframe", b"noembed", b"noframes")
CAPTURED = (b"script", b"style", b"noscript")
SEEN = frozenset(
    [*hold.LOADS, *RAW, *CAPTURED, b"base", b"meta", b"plaintext", b"svg", b"math"]
) - {b"a", b"area", b"body", b"table", b"td", b"th", b"tr"}
# Text, and tags that load nothing, of which a page mostly consists: passed over at one go.
BEGINNING = tokens.beginning()
PLAIN = tokens.plain(SEEN, (b"ping", b"background", b"style"))
NONE = Tag(b"", False, b"", ())
DECLARATIONS = (b"<!--", b"<![cdata[", b"<!doctype")

log = logging.getLogger("consent.gate")


class Own(NamedTuple):
    """Our two elements, and how to know them in a page that has them already."""

    site: str
    markup: bytes
    absolute: bool = True  # a `<base>` does not lead their addresses astray


class Page:
    """One document. Feed it chunks and close it, or hand it over `whole`.

    `host` is the page's own, for rules about addresses of the site itself; `keep_src` as in
    `hold.held`.
    """

    def __init__(
        self, rules: Rules, own: Own | None = None, host: str = "", keep_src: bool = False
    ) -> None:
        self.rules, self.own, self.keep_src = rules, own, keep_src
        self.quiet = not rules.needles
        self.captured: tuple[bytes, ...] = CAPTURED
        self.looking = own is not None
        self.document = False
        self.based = False
        self._base(host)
        self.foreign = Foreign()
        self.buffer, self.at, self.seek = b"", 0, 0
        self.out: list[bytes] = []
        self.state: Callable[[bool], bool] = self._data
        self.raw = b""  # whose end tag is waited for
        self.kept = NONE  # the captured element's start tag
        self.depth = 0  # of a script's comment states: 0, escaped 1, double escaped 2
        self.passing = False
        self.started = False

    def feed(self, data: bytes) -> bytes:
        return data if self.passing else self._run(self.buffer + data, False)

    def close(self) -> bytes:
        return b"" if self.passing else self._run(self.buffer, True)

    def whole(self, data: bytes) -> bytes:
        """The same as `feed` and `close`; a page that names no published host is only searched."""
        self.quiet = self.base is None and not self.rules.sees(data.lower())
        return self.feed(data) + self.close()

    # -- the machine -----------------------------------------------------------------------------

    def _run(self, buffer: bytes, final: bool) -> bytes:
        self.buffer, self.at, self.out = buffer, 0, []
        try:
            if self._begins(final):
                self._steps(final)
        except Exception:
            log.exception("a page could not be read; the rest of it passes as it is")
            self.passing = True
        if self.passing:
            self._emit(len(self.buffer))
        self.buffer = self.buffer[self.at :]
        self.seek -= self.at
        return b"".join(self.out)

    def _begins(self, final: bool) -> bool:
        """Whether enough is there to tell that this is no UTF-16."""
        if not self.started and (final or len(self.buffer) > 1):
            self.started = True
            self.passing = self.buffer.startswith(UTF16)
        return self.started and not self.passing

    def _steps(self, final: bool) -> None:
        while not self.passing and self.at < len(self.buffer):
            if self.quiet and not self.looking:
                self._emit(len(self.buffer))
            elif not self.state(final):
                if final:
                    self._emit(len(self.buffer))
                elif len(self.buffer) - self.at > LIMIT:
                    self.passing = True
                break
        if final and self.looking:
            self._insert()

    def _emit(self, end: int, instead: bytes | None = None) -> bool:
        self.out.append(self.buffer[self.at : end] if instead is None else instead)
        self.at = end
        return True

    def _data(self, final: bool) -> bool:
        if self._passed_over():
            return True
        buffer, start = self.buffer, self.buffer.find(b"<", self.at)
        if start != self.at:
            return self._text(len(buffer) if start < 0 else start)
        first = buffer[start + 1 : start + 2]
        if first == b"/":
            first = buffer[start + 2 : start + 3]
            if first == b">":
                return self._emit(start + 3)
            if first and not first.isalpha():
                first = b"?"
        if first == b"!":
            return self._declaration(final)
        if first == b"?":
            self.state = self._bogus
            return True
        if first.isalpha():
            return self._tag()
        if first or final:
            self._text(start + 1)
        return bool(first)

    def _passed_over(self) -> bool:
        """Pass over what needs no look, where there is such."""
        if self.foreign.open or (self.looking and self.document):
            return False
        found = (BEGINNING if self.looking else PLAIN).match(self.buffer, self.at)
        if found is None or found.end() == self.at:
            return False
        self.document = True
        self.foreign.passed(found[0])
        return self._emit(found.end())

    def _text(self, end: int) -> bool:
        text = self.buffer[self.at : end]
        if self.looking and (said := text.lstrip(b" \t\n\r\f\xef\xbb\xbf")):
            self._emit(end - len(said))
            self._insert()
        return self._emit(end)

    def _declaration(self, final: bool) -> bool:
        head = self.buffer[self.at : self.at + 9]
        low = head.lower()
        if not final and any(len(low) < len(one) and one.startswith(low) for one in DECLARATIONS):
            return False
        if head.startswith(b"<!--"):
            return self._comment_begins(final)
        cdata = head.startswith(b"<![CDATA[") and self.foreign.cdata
        self.document = self.document or low == b"<!doctype"
        self.state = self._cdata if cdata else self._bogus
        return True

    def _comment_begins(self, final: bool) -> bool:
        head = self.buffer[self.at + 4 : self.at + 6]
        if not final and head in (b"", b"-"):
            return False
        for abrupt in (b">", b"->"):
            if head.startswith(abrupt):
                return self._emit(self.at + 4 + len(abrupt))
        self.state = self._comment
        return self._emit(self.at + 4)

    def _comment(self, final: bool) -> bool:
        return self._until(COMMENT_END, 3)

    def _cdata(self, final: bool) -> bool:
        return self._until(_literal(b"]]>"), 2)

    def _bogus(self, final: bool) -> bool:
        return self._until(_literal(b">"), 0)

    def _until(self, end: re.Pattern[bytes], keep: int) -> bool:
        found = end.search(self.buffer, self.at)
        if found:
            self.state = self._data
            return self._emit(found.end())
        self._emit(max(self.at, len(self.buffer) - keep))
        return False

    # -- tags ------------------------------------------------------------------------------------

    def _tag(self) -> bool:
        found = TAG.match(self.buffer, self.at)
        if found is None:
            return False
        if self._own_picture(found):
            return self._emit(found.end())
        tag = tokens.tag(found)
        if self.looking:
            self._prelude(tag)
        foreign = self.foreign.see(tag)
        if tag.close:
            return self._emit(found.end())
        self._note(tag)
        return self._start(tag, found.end(), foreign)

    def _own_picture(self, found: re.Match[bytes]) -> bool:
        """The commonest tag that loads, where all its addresses are the site's own."""
        plain = found[1].lower() == b"img" and not (self.looking or self.foreign.open or self.base)
        return plain and not any(sign in found[2] for sign in (b"//", b"\\", b"&", b"("))

    def _start(self, tag: Tag, end: int, foreign: bool) -> bool:
        """A start tag: on its way, or kept until the text of its element is known."""
        inline = tag.name != b"script" or tag.get(b"src") is None
        if tag.name in self.captured and inline and not foreign:
            self.kept, self.seek = tag, end
            self._wait_for(tag.name, self._capture)
            return True
        self._emit(end, self._judged(tag))
        if tag.name == b"plaintext" and not foreign:
            self.passing = True
        elif tag.name in (*RAW, b"script") and not foreign:
            self.seek = self.at
            self._wait_for(tag.name, self._pass)
        return True

    def _wait_for(self, name: bytes, state: Callable[[bool], bool]) -> None:
        self.raw, self.depth, self.state = name, 0, state

    def _pass(self, final: bool) -> bool:
        end = self._end()
        if end is None:
            self._emit(len(self.buffer) if final else self.seek)
            return False
        self.state = self._data
        return self._emit(end)

    def _capture(self, final: bool) -> bool:
        end, begins = self._end(), self.at + len(self.kept.raw)
        if end is None:
            if not final and len(self.buffer) - self.at <= LIMIT:
                return False
            end = len(self.buffer) if final else self.seek
        self.state = self._pass
        return self._emit(end, self._filled(self.kept, self.buffer[begins:end]))

    def _end(self) -> int | None:
        """Where the end tag of `raw` begins; None moves `seek` to where to look next."""
        script = self.raw == b"script"
        for found in (SCRIPT if script else _end_tag(self.raw)).finditer(self.buffer, self.seek):
            if not script or (found[1] and self.depth < 2):
                self.seek = found.start()
                return self.seek
            self.seek = found.end()
            if found[0] == b"<!":
                self.depth = self.depth or 1
            elif found[0] == b"-->":
                self.depth = 0
            elif found[1] or self.depth == 1:
                self.depth = 1 if found[1] else 2
        self.seek = max(self.seek, len(self.buffer) - len(self.raw) - 2)
        return None

    # -- what is held ----------------------------------------------------------------------------

    def _judged(self, tag: Tag) -> bytes:
        """The tag as it leaves. What fails passes, but what was to be held is held."""
        found = None
        try:
            found = hold.why(tag, self.judge) or self._framed(tag)
            if found:
                return hold.held(tag, [found.rule], found.names, self.keep_src)
            return self._styled(tag)
        except Exception:
            log.exception("a tag could not be read")
            return hold.emptied(tag) if found else tag.raw

    def _framed(self, tag: Tag) -> hold.Held | None:
        """A frame whose own document names a published host."""
        document = tag.get(b"srcdoc") if tag.name == b"iframe" and not hold.exempt(tag) else None
        named = self.rules.named_in(document.encode("latin-1", "ignore")) if document else []
        return hold.Held(named[0], (b"src", b"srcdoc")) if named else None

    def _styled(self, tag: Tag) -> bytes:
        for one in tag.attributes:
            if one.name == b"style" and b"(" in one.value:
                after = tag.raw[one.named : one.end]
                after = after.replace(one.value, inside.style(one.value, self.judge))
                return tag.raw[: one.named] + after + tag.raw[one.end :]
        return tag.raw

    def _filled(self, tag: Tag, text: bytes) -> bytes:
        """A captured element: its start tag and its text."""
        rules: list[Rule] = []
        try:
            if tag.name == b"noscript":
                return tag.raw + self._unscripted(text)
            if tag.name == b"style":
                return tag.raw + inside.style(text, self.judge)
            kind = (tag.get(b"type") or "").strip().lower()
            if kind in _JSON:
                return tag.raw + _JSON[kind](text, self.judge)
            rules = self._inline(tag, text)
            start = hold.held(tag, rules, (), self.keep_src) if rules else tag.raw
        except Exception:
            log.exception("the text of an element could not be read")
            start = hold.emptied(tag) if rules else tag.raw
        return start + text

    def _inline(self, tag: Tag, text: bytes) -> list[Rule]:
        runs = tokens.javascript(tag.get(b"type"), tag.get(b"language"))
        ours = self.own is not None and tag.get(b"data-site") == self.own.site
        return self.rules.named_in(text) if runs and not ours and not hold.exempt(tag) else []

    def _unscripted(self, text: bytes) -> bytes:
        """What a browser without scripts would load (with scripts it is text)."""
        inner = Page(self.rules, keep_src=self.keep_src)
        inner.base, inner.judge, inner.based = self.base, self.judge, True
        inner.captured = CAPTURED[:-1]  # there is no `<noscript>` within another
        return inner.feed(text) + inner.close()

    # -- where we are ----------------------------------------------------------------------------

    def _base(self, host: str) -> None:
        """Relative addresses are relative to `host`; of interest where rules are about it."""
        self.base = host if host and self.rules.covers(host) else None
        self.judge = hold.judge_of(self.rules.rule, self.base)

    def _note(self, tag: Tag) -> None:
        if tag.name == b"base" and not self.based and (href := tag.get(b"href")) is not None:
            self.based = True
            if found := tokens.address(href):
                self._base(found[0])
        elif tag.name == b"meta" and "iso-2022" in (tag.get(b"charset") or "").lower():
            self.passing = True

    def _prelude(self, tag: Tag) -> None:
        """Put our elements before the first thing in the page that could load or run, but behind
        what says how the page is to be read."""
        if tag.close and tag.name == b"title":
            return
        if not tag.close and tag.name in (b"html", b"head"):
            self.document = True
        elif tag.close or not self._harmless(tag):
            self._insert()

    def _harmless(self, tag: Tag) -> bool:
        site = self.own.site if self.own else ""
        if tag.name == b"meta":
            return (tag.get(b"http-equiv") or "").lower() != "content-security-policy"
        if tag.name == b"base":
            return self.own is None or self.own.absolute
        if tag.name == b"script":
            src = tag.get(b"src") or ""
            there = f"/v1/{site}/" in src and src.endswith("/consent.js")
            if there or tag.get(b"data-site") == site:
                self.looking = False
            return not self.looking
        return tag.name == b"title"

    def _insert(self) -> None:
        """Once; never into a fragment, which some script puts into a page that has them."""
        self.looking = False
        if self.own is not None and self.document:
            self.out.append(self.own.markup)


_JSON = {"importmap": inside.import_map, "speculationrules": inside.speculation}


@cache
def _end_tag(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"</" + name + rb"(?=[ \t\n\r\f/>])", re.IGNORECASE)


@cache
def _literal(text: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(text))
