"""What a policy says of cookies it does not name: kinds it lists, purposes in its prose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .document import Block, Document, Sentence
from .facts import Source, Tracker
from .words import (
    ANY_CATEGORY,
    COOKIE,
    COOKIES,
    SESSION,
    bare_label,
    category_of,
    label_of,
    lifetime_of,
    period_in,
)

PURPOSE = re.compile(
    r"\b(?:used (?:to|for|by)|uses?|to (?:\w+ )?(?:identify|store|remember|track|count|"
    r"distinguish|measure|limit|"
    r"save|keep|collect|recogni[sz]e)|stores?|tracks?|remembers?|identif\w+|collects?|służy|służą|"
    r"używan\w+|"
    r"wykorzystywan\w+|zapamiętuj\w+|przechowuj\w+|rozróżni\w+|pozwala\w*|umożliwia\w*|w celu|"
    r"permet\w*|utilisés?|sert|servent|afin|mesur\w+|enregistr\w+|stock\w+|mémoris\w+)\b",
    re.IGNORECASE,
)
LASTS = re.compile(
    r"\b(?:expir\w+|lasts?|valid|stored? for|kept for|retained for|lifetime|lifespan|duration|for "
    r"a period|"
    r"wygas\w+|ważn\w+|przechowywan\w+ (?:przez|na)|okres\w*|czas\w*|expire\w*|conserv\w+|durée|"
    r"validité|"
    r"pendant|maximum)\b|[(,;–-]\s*$|\b(?:for|przez|after|within|po)\s+(?:up to |about )?$",
    re.IGNORECASE,
)
USES = re.compile(
    rf"(?:\b(?:uses?|using|set|place)\s+(?:\w+\s+){{0,2}}?{COOKIE}\s*(?:,?\s*(?:also|mainly)\s*)?"
    rf"(?:to|for|in order to|that|which)\b|"
    rf"(?:używa\w*|korzysta\w*|stosuj\w+|"
    rf"wykorzystuj\w+)\s+(?:z\s+)?(?:\w+\s+){{0,2}}?{COOKIE}[^.]{{0,20}}?"
    rf"(?:,?\s*aby|,?\s*żeby|w celu|do|w celach|dla)\b|"
    rf"(?:utilis\w+|dépos\w+|recour\w+)\s+(?:\w+\s+){{0,3}}?{COOKIE}\s*(?:pour|afin|à des fins|"
    rf"permettant|qui)\b)",
    re.IGNORECASE,
)
BEACON = re.compile(
    r"(?:web[ -]?beacons?|pixels?|balises?(?: web)?|piksel\w*|sygnalizator\w*)[^.]{0,40}?"
    r"(?:,? to\b|,? for\b|,? pour\b|,? afin\b|,? w celu\b|,? aby\b|,? do\b)",
    re.IGNORECASE,
)
KINDS = (
    re.compile(
        r"statist|number of visits|visits|analy|viewed pages|statyst|odwiedzin|fréquentation", re.I
    ),
    re.compile(
        r"authenticat|log(?:ged)? ?in|uwierzytelni|zalogowa|logowani|authentifi|connexion", re.I
    ),
)
SPEAKS = re.compile(rf"{COOKIE}|\b(?:these|they|this|te|one|ces|ils|celles)\b", re.IGNORECASE)
KIND_OF = re.compile(rf"(\w+) {COOKIE}", re.IGNORECASE)
NEGATED = re.compile(r"\b(?:not|nie|ne)\b[^.]{0,24}$")
ONE_VISIT = re.compile(
    r"\b(?:session|sesyjn\w+) (?:cookies?|plik)|cookies? de session", re.IGNORECASE
)
# In the order of a sentence such as "statistics … user authentication".
LOST = re.compile(
    rf"(?:delet|remov|clear|usun|supprim)\w*\b.{{0,80}}{COOKIE}.{{0,160}}(?:los[et]|utraci\w*|"
    rf"straci\w*|perd\w*)"
    r".{0,240}(?:login|log-in|settings|ustawieni\w+|préférences|paramètres|connexion)",
    re.IGNORECASE,
)


def described(document: Document, named: list[Tracker]) -> list[Tracker]:
    """Kinds listed without a name, in every policy; uses in prose only where nothing is named."""
    taken = {tracker.get("category") for tracker in named if tracker.get("category")}
    made = [t for t in _kinds(document) if t.get("category") not in taken]
    if not named and not made:
        made = [*_uses(document), *_beacons(document)]
    elif named:
        made += _lost(document)
    return made


def lasting(text: str) -> Any:
    """The lifetime that a sentence about one cookie gives."""
    found = period_in(text)
    if found:
        before = text[: text.find(found[1])]
        return lifetime_of(found[1]) if LASTS.search(before[-50:]) or "(" in before[-3:] else None
    return "session" if SESSION.search(text) else None


LABELLED = re.compile(
    r"^\W*(?:\d{1,2}[.)]\s*)?(?P<label>[^:–—.]{4,80}?)\s*(?::|\s[–—-]\s|\.)\s+(?P<rest>\S.*)", re.S
)
CLAIMED = re.compile(
    rf"(?:te|these|some|niektóre|certains|such|ces|takie)?\s*{COOKIE}\s+(?:są|are|"
    rf"sont)\s+[„“\"«]?\s*(?P<label>"
    r"(?:absolutnie |ściśle )?(?:konieczn|niezbędn)\w+|(?:strictly |absolutely )necessary|"
    r"strictement nécessaires)",
    re.IGNORECASE,
)


def _kinds(document: Document) -> Iterator[Tracker]:
    """ "Statistics cookies: these …", and a heading of that kind with its paragraph."""
    seen: set[str] = set()
    for number, block in enumerate(document.blocks):
        for label, purpose in (
            *_labelled(block),
            *_headed(document, number),
            *_claimed(document, number),
        ):
            category = category_of(label.quote)
            if not category or category in seen:
                continue
            seen.add(category)
            made = Tracker()
            made.facts.put("category_published", bare_label(label.quote), label)
            made.facts.put("category", category, label)
            made.facts.put("purpose", purpose.text, purpose)
            yield made


def _labelled(block: Block) -> Iterator[tuple[Source, Sentence]]:
    found = LABELLED.match(block.text) if block.kind in ("item", "text") else None
    if not found or not label_of(found["label"]) or not _about(block.text):
        return
    rest = Block(found["rest"], block.line, language=block.language)
    first = Document((rest,), "text").sentences[:1]
    if first and len(first[0].text.split()) > 3:
        yield Source(block.line, found["label"]), first[0]


def _headed(document: Document, number: int) -> Iterator[tuple[Source, Sentence]]:
    block = document.blocks[number]
    if not (
        COOKIES.search(block.text) and label_of(block.text) and number + 1 < len(document.blocks)
    ):
        return
    after = document.blocks[number + 1]
    if after.kind in ("text", "item") and len(after.text.split()) > 5:
        first = document.sentences_of(number + 1)[0]
        if SPEAKS.search(first.text):
            yield Source(block.line, block.text), first


def _claimed(document: Document, number: int) -> Iterator[tuple[Source, Sentence]]:
    """ "… these cookies are “strictly necessary”": the sentence before says what for."""
    before: Sentence | None = None
    for sentence in document.sentences_of(number):
        if found := CLAIMED.search(sentence.text):
            yield Source(sentence.line, found["label"]), before or sentence
        before = sentence if COOKIES.search(sentence.text) else before


def _about(text: str) -> bool:
    return bool(COOKIES.search(text)) and bool(ANY_CATEGORY.search(text))


def _uses(document: Document) -> Iterator[Tracker]:
    for sentence in document.sentences:
        found = USES.search(sentence.text)
        if not found or BEACON.search(sentence.text):
            continue
        if NEGATED.search(sentence.text[: found.start() + 6]):
            continue
        for _ in range(max(1, sum(bool(kind.search(sentence.text)) for kind in KINDS))):
            made = Tracker()
            if (word := KIND_OF.search(sentence.text)) and (category := category_of(word[1])):
                made.facts.put("category_published", word[1], sentence)
                made.facts.put("category", category, sentence)
            made.facts.put("purpose", sentence.text, sentence)
            made.facts.put(
                "duration", "session" if ONE_VISIT.search(sentence.text) else None, sentence
            )
            yield made


def _beacons(document: Document) -> Iterator[Tracker]:
    first = next((s for s in document.sentences if BEACON.search(s.text)), None)
    if first:
        made = Tracker(kind="beacon")
        made.facts.put("purpose", first.text, first)
        yield made


def _lost(document: Document) -> Iterator[Tracker]:
    first = next((s for s in document.sentences if LOST.search(s.text)), None)
    if first:
        made = Tracker()
        made.facts.put("purpose", first.text, first)
        yield made
