"""A finding, and the case that rules look at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..document import Block, Document, Sentence
from ..draft import Draft
from ..facts import Source, Tracker, source
from ..words import COOKIES


@dataclass(frozen=True)
class Hit:
    """What a rule found: where, what stands against it, and what to fill into the sentences.

    `severity` only where this case is milder than its code's.
    """

    code: str
    at: Source
    also: tuple[Source, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    severity: str = ""


@dataclass(frozen=True)
class PolicyFinding:
    """`quote` is verbatim and stands on `line`; `instead` is a sentence for the policy."""

    code: str
    severity: str
    line: int
    quote: str
    why: str
    source: str
    instead: str
    also: tuple[Source, ...] = ()

    def json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "line": self.line,
            "quote": self.quote,
            "why": self.why,
            "source": self.source,
            "instead": self.instead,
            "also": [one.json() for one in self.also],
        }


PRIVACY = re.compile(
    r"personal (?:data|information)|personally identif|dan\w+ osobow\w+|données (?:à caractère "
    r")?personnel|"
    r"privacy policy|polityk\w+ prywatności|politique de confidentialité|renseignements personnels",
    re.IGNORECASE,
)
NO_COOKIES = re.compile(
    r"(?:(?:do|does|will) not (?:use|set|place) (?:any )?cookies|without (?:any )?cookies|nie "
    r"(?:używa\w*|stosuj\w+|"
    r"wykorzystuj\w+|korzysta\w*)(?: z)?(?: żadnych)? (?:plików cookie|ciasteczek|cookies)|"
    r"n['’](?:utilis|dépos)\w+ "
    r"(?:pas|aucun\w*)(?: de)? (?:cookie|traceur)s?)(?! (?:to|for|that|which|in order|do|w celu|"
    r"aby|pour|afin|qui)\b)",
    re.IGNORECASE,
)
ELSEWHERE = re.compile(
    r"cookies? (?:policy|declaration|notice|statement|list)|polity\w+ (?:plików )?cookies?|"
    r"zasad\w+ (?:dotycząc\w+ )?"
    r"(?:plików )?cookies?|list\w+ (?:plików )?cookies?|politique (?:de |relative aux |en matière "
    r"de |de gestion des )?cookies|"
    r"(?:list|details|table) of (?:all )?(?:the )?cookies|liste (?:des|de nos) cookies",
    re.IGNORECASE,
)
USED = re.compile(rf"(?:{COOKIES.pattern})", re.IGNORECASE)


YOURS = re.compile(r"\b(?:your|twoj\w+|państwa|pani|vos|votre|użytkownik\w*)\b", re.IGNORECASE)


@dataclass
class Case:
    """One document with its draft; `kinds` are the documents it holds."""

    draft: Draft

    @property
    def document(self) -> Document:
        return self.draft.document

    @cached_property
    def kinds(self) -> set[str]:
        return {kind for kind, _, _ in self.draft.kinds}

    @cached_property
    def about_people(self) -> bool:
        """Whether it is a text on personal data, and not only on how to behave or on cookies."""
        if self.kinds & {"privacy"}:
            return True
        if self.kinds & {"acceptable_use", "cookies", "terms", "fair_usage", "refunds"}:
            return False
        often = len(PRIVACY.findall(self.document.text))
        return often >= 3 and often * 3 > len(COOKIES.findall(self.document.text))

    @cached_property
    def about_cookies(self) -> bool:
        """Whether it says that cookies are used."""
        if not (self.about_people or "cookies" in self.kinds):
            return False
        return bool(self.cookie_sentences) and not any(self.matching(NO_COOKIES))

    @cached_property
    def cookie_sentences(self) -> list[Sentence]:
        return [s for s in self.document.sentences if USED.search(s.flat)]

    @cached_property
    def named(self) -> list[Tracker]:
        return [tracker for tracker in self.draft.trackers if tracker.name]

    @cached_property
    def elsewhere(self) -> bool:
        """The cookies stand in another text that this one names."""
        return "cookies" not in self.kinds and any(True for _ in self.matching(ELSEWHERE))

    def matching(self, words: re.Pattern[str]) -> Iterator[Sentence]:
        return (s for s in self.document.sentences if words.search(s.flat))

    def first(self, words: re.Pattern[str]) -> Sentence | None:
        return next(self.matching(words), None)

    @cached_property
    def title(self) -> Source:
        kinds = self.draft.kinds
        block = self.document.blocks[0]
        return kinds[0][2] if kinds else Source(block.line, block.text)

    @cached_property
    def cookie_place(self) -> Source:
        """Where the text speaks of its cookies: a tracker, else the fullest paragraph."""
        trackers = self.draft.trackers
        if trackers:
            at = trackers[0].facts.sources.get("purpose") or trackers[0].facts.sources.get("name")
            if at:
                return at
        if not self.cookie_sentences:
            return self.title
        counted: dict[int, int] = {}
        for sentence in self.cookie_sentences:
            counted[sentence.block] = counted.get(sentence.block, 0) + 1
        best = max(counted, key=lambda number: counted[number])
        return source(next(s for s in self.cookie_sentences if s.block == best))

    def heading(self, words: re.Pattern[str]) -> Source | None:
        """The heading that has such a word, one that speaks to the reader before others."""
        found = [b for b in self.document.blocks if words.search(b.text) and _heads(b)]
        found.sort(key=lambda block: (not YOURS.search(block.text), block.kind != "heading"))
        return Source(found[0].line, found[0].text) if found else None


def _heads(block: Block) -> bool:
    return block.kind == "heading" or (
        len(block.text) < 120 and block.text.rstrip().endswith((":", "?", "."))
    )


def at(place: Sentence | Source) -> Source:
    return place if isinstance(place, Source) else source(place)
