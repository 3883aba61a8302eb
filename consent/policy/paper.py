"""A PDF's text as blocks: hyphens at line ends closed, running heads and page numbers left out.

pypdf does the reading (docs/decisions/0023). A scanned page has no text; there is no OCR.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..later import Later
from ..saying import say
from .document import LONGEST, MOST_PAGES, Block, Unreadable
from .grid import laid
from .plain import BULLET, kind_of
from .tables import heading
from .words import label_of

if TYPE_CHECKING:
    import pypdf.errors
else:
    pypdf = Later("pypdf")

# What pypdf has to say of a damaged file is for its authors; ours is said by Unreadable.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)
PAGE_NUMBER = re.compile(
    r"(?:page|strona|str\.|p\.)?\s*[-–]?\s*\d{1,4}\s*(?:(?:/|of|z|sur|de)\s*\d{1,4})?\s*[-–]?",
    re.IGNORECASE,
)
MAYBE = re.compile(r"cookie|traceur|ciasteczk", re.IGNORECASE)
HYPHEN = re.compile(r"[^\W\d_][-\u00ad\u2010]$")


def blocks(data: bytes) -> list[Block]:
    """Raises Unreadable `encrypted`, `broken`, or `scanned` where no page has text."""
    pages = _pages(data)
    furniture = _furniture(pages)
    made = list(_paragraphs(pages, furniture))
    if not made:
        raise Unreadable(
            "scanned", say("No page of the PDF has text; pictures of text are not read.")
        )
    return made


Line = str | Block


def _pages(data: bytes) -> list[list[Line]]:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("encrypted", say("The PDF is locked with a password."))
        found: list[list[Line]] = []
        room = LONGEST
        for page in reader.pages[:MOST_PAGES]:
            text = page.extract_text().replace("\r", "")
            room -= len(text)
            found.append(_table(page, text) or [line.rstrip() for line in text.split("\n")])
            if room < 0:
                break
        return found
    except Unreadable:
        raise
    except (
        pypdf.errors.PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
    ) as error:
        raise Unreadable("broken", say("The PDF cannot be read; it may be damaged.")) from error
    except (RecursionError, OverflowError, NotImplementedError, ImportError) as error:
        raise Unreadable("broken", say("The PDF uses what cannot be read here.")) from error


def _table(page: pypdf.PageObject, text: str) -> list[Line] | None:
    """The page laid out in columns, if it seems to have a table of cookies."""
    if not MAYBE.search(text):
        return None
    return laid(page.extract_text(extraction_mode="layout").split("\n"))


def _key(line: str) -> str:
    return re.sub(r"\d+", "#", " ".join(line.split())).lower()


def _furniture(pages: list[list[Line]]) -> set[str]:
    """What stands at the top or foot of most pages."""
    if len(pages) < 3:
        return set()
    edge: Counter[str] = Counter()
    for page in pages:
        lines = [line for line in page if isinstance(line, str) and line.strip()]
        edge.update({_key(line) for line in (*lines[:2], *lines[-2:])})
    return {key for key, times in edge.items() if times * 2 > len(pages) and len(key) > 1}


def _lines(pages: list[list[Line]], furniture: set[str]) -> Iterator[tuple[int, int, Line]]:
    number = 0
    for page, lines in enumerate(pages, 1):
        seen = [at for at, line in enumerate(lines) if isinstance(line, Block) or line.strip()]
        edges = {*seen[:2], *seen[-2:]}
        for at, line in enumerate(lines):
            number += 1
            if isinstance(line, Block):
                yield number, page, line
                continue
            loose = at in edges and (_key(line) in furniture or PAGE_NUMBER.fullmatch(line.strip()))
            if not loose:
                yield number, page, line


def _paragraphs(pages: list[list[Line]], furniture: set[str]) -> Iterator[Block]:
    lines = list(_lines(pages, furniture))
    widths = sorted(
        len(" ".join(x.split())) for _, _, x in lines if isinstance(x, str) and x.strip()
    )
    width = widths[int(len(widths) * 0.9)] if widths else 0
    held = ""
    start = (0, 0)
    last: str = ""
    for number, page, line in lines:
        if isinstance(line, Block):
            if held:
                yield Block(held, start[0], kind_of(held), page=start[1])
            held = last = ""
            yield replace(line, line=number, page=page)
            continue
        text = " ".join(line.split())
        if held and text and _goes_on(last, text, width):
            closed = bool(HYPHEN.search(held)) and text[:1].islower()
            held = held[:-1] + text if closed else f"{held} {text}"
        else:
            if held:
                yield Block(held, start[0], kind_of(held), page=start[1])
            held, start = text, (number, page)
        if text or page == start[1]:  # a paragraph may go on behind a page's end
            last = text
    if held:
        yield Block(held, start[0], kind_of(held), page=start[1])


def _goes_on(before: str, text: str, width: int) -> bool:
    if BULLET.match(text + " x") or not before:
        return False
    if label_of(text) or label_of(before):  # the heading of a group of cookies stands alone
        return False
    name, colon, _ = text.partition(":")
    if colon and heading(name):  # what is said of a cookie, a line each
        return False
    if before[-1] in ".:;?!" and text[:1].isupper() and len(before) < width * 0.7:
        return False
    if text[:1].islower() or HYPHEN.search(before):
        return True
    return len(before) + len(text.split()[0]) > width * 0.85
