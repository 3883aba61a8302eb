"""Bytes into a document: which of the three it is, and in which letters."""

from __future__ import annotations

import re

from ..saying import say
from . import page, paper, plain
from .document import BIGGEST, Document, Unreadable, finished

TAG = re.compile(r"<(?:!doctype|html|head|body|div|p|table|h[1-6]|article|section|ul|span)\b", re.I)
CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
SIGNS = {
    b"PK\x03\x04": say("a word processor's file or an archive"),
    b"\xd0\xcf\x11\xe0": say("an old word processor's file"),
    b"{\\rtf": say("RTF"),
    b"\x89PNG": say("a picture"),
    b"\xff\xd8\xff": say("a picture"),
    b"GIF8": say("a picture"),
    b"\x1f\x8b": say("compressed"),
}


def document(data: bytes, content_type: str = "", address: str = "") -> Document:
    """The document in `data`; `content_type` as HTTP says it, "" where nobody did.

    Raises Unreadable.
    """
    if len(data) > BIGGEST:
        raise Unreadable(
            "too_large",
            say("More than %(biggest)s bytes.", biggest=format(BIGGEST, ",")),
        )
    if not data.strip():
        raise Unreadable("empty", say("The file is empty."))
    if data[:1024].lstrip().startswith(b"%PDF-") or content_type.startswith("application/pdf"):
        return finished(paper.blocks(data), "pdf", address=address)
    for sign, what in SIGNS.items():
        if data.startswith(sign):
            raise Unreadable(
                "unsupported",
                say("This is %(what)s; give it as HTML, PDF or text.", what=what),
            )
    text = decoded(data, content_type)
    if "html" in content_type or TAG.search(text[:4000]):
        return of_html(text, address)
    return of_text(text, address)


WIDE = re.compile(r"[^\S\n]{100,}")


def of_html(text: str, address: str = "") -> Document:
    reader = page.Reader()
    reader.feed(text)
    reader.finish()
    return finished(reader.blocks, "html", reader.title, address, reader.language)


def of_text(text: str, address: str = "") -> Document:
    return finished(
        plain.blocks(WIDE.sub(" " * 99, text.replace("\r\n", "\n").replace("\r", "\n"))),
        "text",
        "",
        address,
    )


def decoded(data: bytes, content_type: str = "") -> str:
    """By the mark, as UTF-8, by what HTTP or the page says, else as its language's commonest."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:65536]:
        raise Unreadable("binary", say("This is not text."))
    said = CHARSET.search(content_type.encode("ascii", "ignore")) or CHARSET.search(data[:4096])
    for name in ("utf-8-sig", said[1].decode() if said else "utf-8-sig"):
        try:
            return _sane(data.decode(name))
        except (UnicodeDecodeError, LookupError):
            continue
    return _sane(_legacy(data))


def _legacy(data: bytes) -> str:
    polish = sum(data.count(byte) for byte in b"\xb9\xea\xb3\x9c\xbf\x9f\xe6\xf1\xb1\xb6")
    french = sum(data.count(byte) for byte in b"\xe9\xe8\xe0\xe7\xf4")
    return data.decode("cp1250" if polish > french else "cp1252", "replace")


def _sane(text: str) -> str:
    odd = sum(_odd(sign) for sign in text)
    if odd * 50 > len(text):
        raise Unreadable("binary", say("This is not text."))
    return text


def _odd(sign: str) -> bool:
    return sign == "\ufffd" or (ord(sign) < 32 and sign not in "\t\n\r\f\v")
