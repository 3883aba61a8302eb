"""Cookies as lines of a list: "_gid – tells users apart", "_ga  Third  Performance – …"."""

from __future__ import annotations

import re

from . import names
from .document import Block
from .facts import Facts, Source, Tracker
from .uses import lasting
from .words import ANY_CATEGORY, category_of, kind_of, lifetime_of, party_of

LINE = re.compile(
    r"^\s*(?:(?:[•●▪◦‣·*–—-]|\d{1,3}[.)]|[a-z]\))\s+)?"
    r"(?P<names>[“„\"«'`]?[^\s“”„\"«»:,;()]{2,80}[”\"»'`]?(?:\s*(?:,|/|\band\b|\boraz\b|\bi\b|"
    r"\bet\b)\s*"
    r"[“„\"«'`]?[^\s“”„\"«»:,;()]{2,80}[”\"»'`]?)*)"
    r"(?P<gap>\s*(?:\([^()]{1,80}\)\s*)?(?:[–—:=]|-(?=\s)|[\t\u2000-\u200a\u3000]|\s{2,}|\s\|)|"
    r"\s(?=\S+\s)|\s*\()"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
DASH = re.compile(r"\s*(?:[–—:|]|\s-\s|-\s)\s*")
HOST = re.compile(r"^\W{0,2}((?:[\w-]+\.)+[a-z]{2,6})\b", re.IGNORECASE)
PARTY = re.compile(
    r"^\W{0,2}((?:first|third|1st|3rd)(?:[- ]party)?|własn\w+|zewnętrzn\w+|stron\w* trzeci\w+|"
    r"tiers|interne|externe)\b",
    re.IGNORECASE,
)
WHOSE = re.compile(
    r"(?:an? |the )?(?:\S+ )?(?:cookies?|plik\w*|(?:first|third)[- ]party)\b", re.IGNORECASE
)
BRACKET = re.compile(r"\(([^()]{1,80})\)")


def entry(block: Block) -> list[Tracker]:
    """The trackers of a line that is an entry; [] where it is prose."""
    found = LINE.match(block.text)
    if not found:
        return []
    shown = [names.plain(piece) for piece in names.LISTED.split(found["names"]) if piece.strip()]
    rest, gap = found["rest"].strip(), found["gap"]
    if not shown or not rest or not all(names.looks_like_one(name) for name in shown):
        return []
    if gap == " " and not _columns(rest):
        return []
    return [_tracker(name, gap + rest, block) for name in shown]


def _columns(rest: str) -> bool:
    return bool(PARTY.match(rest) or HOST.match(rest))


def _tracker(name: str, tail: str, block: Block) -> Tracker:
    made = Tracker(name, kind_of(tail[:60]) or "cookie")
    facts, where = made.facts, Source(block.line, block.text)
    facts.put("name", name, where)
    rest = _head(re.sub(r"^[\s|]+", "", tail), facts, where)
    for inside in BRACKET.findall(tail):
        facts.put("duration", lifetime_of(inside), where)
        facts.put("party", party_of(inside), where)
    facts.put("duration", lasting(rest), where)
    if WHOSE.match(rest):
        facts.put("party", party_of(rest[:40]), where)
    purpose = re.sub(r"^[\s–—:|-]+|[\s–—:|-]+$", "", rest)
    facts.put("purpose", purpose if len(purpose.split()) > 1 else None, where)
    return made


def _head(rest: str, facts: Facts, where: Source) -> str:
    """Take party, provider and category off the front of an entry."""
    rest = re.sub(r"^\s*[–—:|=-]\s*", "", rest)
    if found := PARTY.match(rest):
        facts.put("party", party_of(found[1]), where)
        rest = re.sub(r"^[\s,;|]+", "", rest[found.end() :])
    if found := HOST.match(rest):
        facts.put("provider", found[1], where)
        rest = re.sub(r"^[\s,;|]+", "", rest[found.end() :])
    label, dash, after = _label(rest)
    if dash and after:
        facts.put("category_published", label, where)
        facts.put("category", category_of(label), where)
        rest = after
    return rest


def _label(rest: str) -> tuple[str, bool, str]:
    parts = DASH.split(rest, maxsplit=1)
    label = parts[0].strip().strip("()")
    short = len(parts) == 2 and len(label.split()) <= 3 and bool(ANY_CATEGORY.fullmatch(label))
    return label, short, parts[1] if len(parts) == 2 else ""
