"""HTML's tags, byte by byte, as the standard's tokenizer finds them (html.spec.whatwg.org, 13.2.5).

Pure. Bytes are taken as they come: every encoding a page can declare, but those that `spelled_out`
names, has the signs of markup where ASCII has them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import NamedTuple

_S = r"[ \t\n\r\f]"
_VALUE = r"""(?>"[^"]*+"|'[^']*+'|[^ \t\n\r\f"'>][^ \t\n\r\f>]*+|(?=>))"""
_NAME = r"[^ \t\n\r\f/>][^ \t\n\r\f/>=]*+"
# A quote opens a value only behind "="; one without an end leaves the tag without an end, and the
# possessive repetitions see to it that nothing is tried twice.
TAG = re.compile(
    rf"<(/?[A-Za-z][^ \t\n\r\f/>]*+)"
    rf"((?>[ \t\n\r\f/]++|{_NAME}(?>{_S}*+={_S}*+{_VALUE}|(?!{_S}*+=)))*+)>".encode()
)
_GROUPS = r"""(?:"([^"]*+)"|'([^']*+)'|([^ \t\n\r\f"'>][^ \t\n\r\f>]*+)|(?=>))"""
ATTRIBUTE = re.compile(rf"({_NAME})(?>{_S}*+={_S}*+{_GROUPS}|(?!{_S}*+=))".encode())
SCRIPT = re.compile(rb"<!(?=--)|-->|<(/?)script(?=[ \t\n\r\f/>])", re.IGNORECASE)
COMMENT_END = re.compile(rb"--!?>")
ADDRESS = re.compile(
    r"(?:https?:)?[\\/]{2}[\\/]*(?:[^/\\?#@]*@)?([^/\\?#:@]+)(?::\d*)?([/\\][^?#]*)?", re.IGNORECASE
)
JAVASCRIPT = re.compile(
    r"(?:(?:application|text)/(?:x-)?(?:java|ecma)script|text/(?:javascript1\.[0-5]|jscript|livescript))"
)
# Names of encodings whose bytes hide or forge the signs of markup.
ALIEN = re.compile(r"utf-?16|utf-?32|utf-?7|ucs|iso-2022|hz|csiso2022|unicodefffe|unicodefeff")


def plain(names: Iterable[bytes], attributes: Iterable[bytes]) -> re.Pattern[bytes]:
    """Matches, maybe nothing, up to a tag of `names`, one with an attribute that begins like one
    of `attributes`, or anything that is neither text nor a tag with an end."""
    told = "|".join(sorted(name.decode() for name in names))
    said = "|".join(sorted(name.decode() for name in attributes))
    start = rf"<(?!/?(?i:{told})[ \t\n\r\f/>])/?[A-Za-z][^ \t\n\r\f/>]*+"
    one = rf"(?!(?i:{said})){_NAME}(?>{_S}*+={_S}*+{_VALUE}|(?!{_S}*+=))"
    return re.compile(rf"(?>[^<]++|{start}(?>[ \t\n\r\f/]++|{one})*+>)*+".encode())


def beginning() -> re.Pattern[bytes]:
    """How most pages begin: a doctype, then `<html>`, `<head>`, titles and what `<meta>` says; not
    a `<meta>` that is a header, nor one that names an encoding of `spelled_out`."""
    one = rf"(?!(?i:http-equiv|charset{_S}*=[^>]?iso)){_NAME}(?>{_S}*+={_S}*+{_VALUE}|(?!{_S}*+=))"
    tag = rf"<(?i:html|head|meta)(?=[ \t\n\r\f/>])(?>[ \t\n\r\f/]++|{one})*+>"
    title = rf"<(?i:title)>[^<]*+</(?i:title){_S}*+>"
    return re.compile(rf"{_S}*+<!(?i:doctype)[^>]*+>(?>[ \t\n\r\f]++|{tag}|{title})*+".encode())


class Attribute(NamedTuple):
    """`start` to `named` is its name within the tag, `start` to `end` all of it."""

    name: bytes
    value: bytes
    start: int
    named: int
    end: int
    bare: bool  # its value stands without quotes


class Tag(NamedTuple):
    """A start or end tag (`close`); `raw` is what stood in the page."""

    name: bytes
    close: bool
    raw: bytes
    attributes: tuple[Attribute, ...]

    def get(self, name: bytes) -> str | None:
        """The value of the first attribute of that name, which is the one that counts."""
        for one in self.attributes:
            if one.name == name:
                return text(one.value)
        return None

    @property
    def self_closing(self) -> bool:
        last = self.attributes[-1] if self.attributes else None
        return self.raw.endswith(b"/>") and not (
            last and last.bare and last.end > len(self.raw) - 2
        )


def tag(found: re.Match[bytes]) -> Tag:
    """A match of TAG, with its attributes."""
    name, raw = found[1].lower(), found[0]
    close = name.startswith(b"/")
    return Tag(name[1:] if close else name, close, raw, () if close else attributes(raw, len(name)))


def attributes(raw: bytes, name: int) -> tuple[Attribute, ...]:
    found = []
    for one in ATTRIBUTE.finditer(raw, name + 1, len(raw)):
        value = next((part for part in one.groups()[1:] if part is not None), b"")
        bare = one[4] is not None
        found.append(Attribute(one[1].lower(), value, one.start(), one.end(1), one.end(), bare))
    return tuple(found)


def text(raw: bytes) -> str:
    """An attribute's value with its references read; bytes beyond ASCII keep their number."""
    said = raw.decode("latin-1")
    return html.unescape(said) if "&" in said else said


def address(url: str) -> tuple[str, str] | None:
    """(host, path) of an address with a host of its own (url.spec.whatwg.org), else None."""
    found = ADDRESS.match(url.strip(" \t\n\r\f\0"))
    if found is None:
        return None
    return found[1].lower(), (found[2] or "/").replace("\\", "/")


def javascript(kind: str | None, language: str | None) -> bool:
    """Whether a script of this `type` is run (html.spec.whatwg.org, 4.12.1.1)."""
    if kind is None:
        return not language or bool(JAVASCRIPT.fullmatch("text/" + language.lower()))
    said = kind.strip().lower()
    return said in ("", "module") or bool(JAVASCRIPT.fullmatch(said))


def spelled_out(charset: str) -> bool:
    """Whether a page of this encoding must be left as it is."""
    return bool(ALIEN.match(charset.strip(" \"'").lower()))


def candidates(srcset: str) -> list[str]:
    """The addresses of a `srcset`: each ends at white space or at a comma before it."""
    return [part.strip(",") for part in re.split(r"[ \t\n\r\f]+", srcset) if part.strip(",")]
