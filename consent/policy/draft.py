"""A draft of a site and its inventory from what its policy says; nothing that it does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import cookies, rights, statements
from .document import Block, Document, Sentence
from .facts import Facts, Source, Tracker, source
from .people import People, people

CONTROLLER = (
    "trading_name",
    "legal_name",
    "registration_number",
    "vat_number",
    "address",
    "country",
    "email",
    "phone",
    "website",
    "contact_page",
)
_KEEPS = (
    r"(?:stor\w+|record\w*|remember\w*|keep|saved?|saves|zapisuj\w+|zapamięt\w+|przechow\w+|"
    r"conserv\w+|"
    r"enregistr\w+|mémoris\w+)"
)
_CHOICE = (
    r"(?:(?:cookie |consent )+(?:choices?|preferences?|settings?|state|status)|"
    r"(?:your|the user[’']s|visitors[’']) (?:consent|choices?)|cookie consent|"
    r"wyb[óo]r\w*|zgod[aęy]\w*|preferencj\w+|choix|consentement|préférences)"
)
OWN_LOG = re.compile(
    rf"\b{_KEEPS}\b[^.]{{0,60}}\b{_CHOICE}|\b{_CHOICE}\b[^.]{{0,40}}\b{_KEEPS}\b", re.IGNORECASE
)
TYPES = (
    ("cookies", r"cookie|ciastecz|plik\w* cookie|traceurs"),
    (
        "privacy",
        r"privacy|data protection|prywatno|ochron\w+ danych|RODO|GDPR|confidentialité|données "
        r"personnelles|vie privée|klauzula informacyjna|personal data",
    ),
    (
        "acceptable_use",
        r"acceptable use|dopuszczaln|polityka użytkowania|utilisation acceptable|zasady "
        r"(?:użytkowania|korzystania)",
    ),
    ("fair_usage", r"fair usage|fair use"),
    ("refunds", r"refund|zwrot|remboursement|chargeback"),
    (
        "terms",
        r"terms|regulamin|warunki (?:świadczenia|korzystania|użytkowania)|conditions (?:générales|"
        r"d['’]utilisation)",
    ),
)


TITLE = re.compile(
    r"polic|polity|notice|statement|declaration|information|oświadczeni|klauzul|regulamin|zasady|"
    r"deklaracj|charte|confidentialité|relative|déclaration|terms|warunki",
    re.IGNORECASE,
)


@dataclass
class Draft:
    """`site` holds named facts by block; see `to_json` for the shape of the whole."""

    document: Document
    who: People
    authority: Facts = field(default_factory=Facts)
    rights: Facts = field(default_factory=Facts)
    listed: dict[str, Source] = field(default_factory=dict)
    dates: Facts = field(default_factory=Facts)
    children: Facts = field(default_factory=Facts)
    storage: Facts = field(default_factory=Facts)
    transfers: Facts = field(default_factory=Facts)
    kinds: list[tuple[str, str, Source]] = field(default_factory=list)
    retention: list[statements.Retention] = field(default_factory=list)
    trackers: list[Tracker] = field(default_factory=list)
    own_cookie: Source | None = None

    def to_json(self) -> dict[str, Any]:
        """{"site": …, "trackers": […]}; every fact has its line and quote under `src`."""
        return {"site": self._site(), "trackers": [t.json() for t in self.trackers]}

    def _site(self) -> dict[str, Any]:
        return {
            "hosts": [host for host, _ in self.who.hosts],
            "url_as_published": self.who.controller.get("website"),
            "controller": {
                **self.who.controller.json(*CONTROLLER),
                "other_entities_named": [{"name": n, **at.json()} for n, at in self.who.others],
            },
            "dpo": _or_none(self.who.dpo, "name", "email", "phone", "post"),
            "eu_representative": _or_none(self.who.representative, "name", "email", "post", "text"),
            "supervisory_authority": _or_none(self.authority, "name", "country"),
            "registrations": [
                {"body": b, "number": n, **at.json()} for b, n, at in self.who.registrations
            ],
            "languages": {"policy": list(self.document.languages or (self.document.language,))},
            "policy": {
                "documents": [{"type": t, "title": n, **at.json()} for t, n, at in self.kinds],
                **self.dates.json("version", "effective_date", "last_updated"),
            },
            "categories_published": _unique(
                t.get("category_published") for t in self.trackers if t.get("category_published")
            ),
            "retention": [one.json() for one in self.retention],
            "storage_location": _or_none(self.storage, "region", "text"),
            "transfers": _or_none(self.transfers, "text", "safeguard"),
            "rights": {
                "listed": sorted(self.listed),
                "contact": self.who.contact.json("page", "email", "phone", "post"),
                **self.rights.json(
                    "deadline_days", "deadline_text", "free_of_charge", "complaint_authority"
                ),
                "listed_src": {name: at.json() for name, at in self.listed.items()},
            },
            "children": _or_none(
                self.children, "min_age", "as_published", "guardian_consent_below"
            ),
            "consent_cookie_declared": self.own_cookie is not None,
        }


def read(document: Document) -> Draft:
    """Everything that is found; what is not stands as None."""
    made = Draft(document, people(document))
    made.rights, made.listed = rights.facts(document)
    if known := rights.authority(document):
        made.authority.put("name", known[0], known[2])
        made.authority.put("country", known[1], known[2])
    made.dates = statements.dates(document)
    made.children = statements.children(document)
    made.storage, made.transfers = statements.places(document)
    made.trackers = cookies.found(document)
    listed = {t.facts.sources["name"].quote for t in made.trackers if t.name}
    made.retention = [r for r in statements.retention(document) if r.sentence.text not in listed]
    made.kinds = list(_kinds(document))
    made.own_cookie = next(
        (
            source(s)
            for s in document.sentences
            if OWN_LOG.search(s.text) and _of_cookies(s, document)
        ),
        None,
    )
    return made


def _of_cookies(sentence: Sentence, document: Document) -> bool:
    """Consent to cookies, not any consent: the cookie or the proof is named with it."""
    return bool(
        re.search(r"cookie|ciastecz|traceur|baner|banner|bandeau", sentence.text, re.I)
    ) and bool(
        re.search(
            r"choice|consent|prefer|wyb[óo]r|zgod|choix|consentement|préférence",
            sentence.text,
            re.I,
        )
    )


def _kinds(document: Document) -> Iterator[tuple[str, str, Source]]:
    """The documents in it, by their headings: (type, title, where)."""
    seen: set[str] = set()
    titles = [
        (b.text, Source(b.line, b.text))
        for place, b in enumerate(document.blocks[:6])
        if len(b.text) < 120 and (place < 1 or _titles(b))
    ]
    if document.title:
        first = document.blocks[0]
        titles.insert(0, (document.title, Source(first.line, first.text)))
    titles += [
        (b.text, Source(b.line, b.text))
        for b in document.blocks
        if b.kind == "heading"
        and re.search(r"policy|polityka|politique|regulamin|conditions|terms|notice", b.text, re.I)
        and len(b.text) < 90
        and not re.search(
            r"chang|modif|zmian|this|niniejsz|nasz|updat|contact|online", b.text, re.I
        )
    ]
    for text, where in dict(titles).items():
        for kind, words in TYPES:
            if re.search(words, text, re.I) and kind not in seen and len(text.split()) < 14:
                seen.add(kind)
                yield kind, text.strip(), where
                break


def _titles(block: Block) -> bool:
    short = block.kind == "heading" or len(block.text.split()) <= 8
    return short and not block.text.endswith(".") and bool(TITLE.search(block.text))


def _or_none(facts: Facts, *names: str) -> dict[str, Any] | None:
    return facts.json(*names) if facts.values else None


def _unique(values: Any) -> list[Any]:
    return list(dict.fromkeys(values))
