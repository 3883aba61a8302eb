"""Who a policy speaks for and how they are reached: controller, officer, representative, hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import companies, contacts, rights
from .document import Document, Sentence
from .facts import Facts, Source, source

OFFICER = re.compile(
    r"data protection officer|privacy officer|\bDPO\b|inspektor\w* (?:ds\. )?(?:ochrony|danych)|"
    r"\bIOD\b|délégué\w* à la protection|"
    r"responsable de la protection des (?:données|renseignements)",
    re.IGNORECASE,
)
OFFICER_NAME = re.compile(
    r"(?:officer|DPO\)?|danych(?: osobowych)?|IOD\)?|données|renseignements "
    r"personnels)[^.]{0,120}?(?:\bis|jest|est|:|–|to|–)\s+(?:(?:Mr|Ms|Mrs|Dr|Pan|Pani|Pana|Panią|"
    r"M\.|Mme)\.?\s+)?"
    r"(?P<name>[A-ZĄĆĘŁŃÓŚŹŻÀ-Þ][\w’'-]+(?:\s+[A-ZĄĆĘŁŃÓŚŹŻÀ-Þ][\w’'-]+){1,3})"
)
REPRESENTATIVE = re.compile(
    r"(?:EU|European|Union|UK)[- ]representative|representative in the (?:EU|European Union|"
    r"Union)|przedstawiciel\w* w (?:Unii|UE)|représentant\w* (?:dans|au sein de) l['’](?:UE|Union)",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"contact|kontakt|question|pytani|write to|skontaktuj|e-?mail|nous écrire|joindre|communicate "
    r"with|enquir|inquir",
    re.IGNORECASE,
)
FOR_RIGHTS = re.compile(
    r"right|request|praw[aoie]?\b|żąda|kopi|droits?\b|demande|exerc|delete|personal information",
    re.IGNORECASE,
)
PAGE = re.compile(
    r"(?:(?:the )?[“\"„«](?:contact(?: us)?|kontakt|nous contacter|"
    r"contactez-nous)[”\"»“]\s*(?:section|page|form|form\w+)(?: of (?:the|our) [Ww]eb ?site)?|"
    r"contact(?: us)? (?:form|page)|formularz\w* kontaktow\w+|formulaire de contact)",
    re.IGNORECASE,
)
REGISTERED_WITH = re.compile(
    r"(?P<body>ICO|Information Commissioner[’']?s Office|Ofcom|CNIL|UODO|KNF|UKE|ARCEP|FCC|CRTC)\b"
    r"(?:[^.]{0,80}?(?:number|numer\w*(?: rejestracyjn\w+)?|no\.?|nr|"
    r"n°)\s*:?\s*(?P<n>[A-Z]{0,3}\d{4,9}))?"
)


@dataclass
class People:
    """Facts by whose they are; `contact` is the contact for rights."""

    document: Document
    controller: Facts = field(default_factory=Facts)
    dpo: Facts = field(default_factory=Facts)
    representative: Facts = field(default_factory=Facts)
    contact: Facts = field(default_factory=Facts)
    registrations: list[tuple[str, str | None, Source]] = field(default_factory=list)
    others: list[tuple[str, Source]] = field(default_factory=list)
    hosts: list[tuple[str, Source]] = field(default_factory=list)


def people(document: Document) -> People:
    made = People(document)
    _who(made)
    _reach(made)
    _officer(made)
    return made


def _who(made: People) -> None:
    document = made.document
    legal, trading = companies.names(document)
    if trading:
        made.controller.put("trading_name", *trading)
    if legal:
        made.controller.put("legal_name", *legal)
    for sentence in document.sentences:
        if found := contacts.VAT.search(sentence.text):
            if not _anothers(sentence.text):
                made.controller.put("vat_number", found["n"].strip(), sentence)
        if (found := contacts.REGISTRATION.search(sentence.text)) and not _anothers(sentence.text):
            made.controller.put("registration_number", found["n"].strip(), sentence)
        for found in REGISTERED_WITH.finditer(sentence.text):
            if re.search(r"regist|zarejestr|regul|enregistr|licen[cs]", sentence.text, re.I):
                if found["body"] not in [body for body, _, _ in made.registrations]:
                    made.registrations.append((found["body"], found["n"], source(sentence)))
    made.others = list(_others(document, legal[0] if legal else ""))


def _others(document: Document, own: str) -> Iterator[tuple[str, Source]]:
    seen = {_bare(own)}
    for sentence in document.sentences:
        if not companies.CONTROLLER.search(sentence.text):
            continue
        for name in companies.legal(sentence.text):
            if _bare(name) not in seen and not companies.NOT_CONTROLLER.search(name):
                seen.add(_bare(name))
                yield name, source(sentence)


def _bare(name: str) -> str:
    return re.sub(r"[^\w]", "", name).lower()


def _anothers(text: str) -> bool:
    return bool(companies.NOT_CONTROLLER.search(text)) and not companies.CONTROLLER.search(text)


def _reach(made: People) -> None:
    document = made.document
    general, for_rights = made.controller, made.contact
    spoken = [s for s in document.sentences if not OFFICER.search(s.text) and not _anothers(s.text)]
    for sentence in sorted(spoken, key=lambda s: not CONTACT.search(_around(document, s))):
        _channels(sentence, general, for_rights)
    _fallbacks(made)


RIGHTS_BOX = re.compile(r"gdpr|rodo|privacy|dpo|rights|dane|rgpd|donnees|prywatno", re.IGNORECASE)


def _channels(sentence: Sentence, general: Facts, for_rights: Facts) -> None:
    right = bool(FOR_RIGHTS.search(sentence.text)) and not _whole_contact(sentence.text)
    for address in contacts.emails(sentence.text):
        box = for_rights if right and RIGHTS_BOX.search(address) else general
        box.put("email", address, sentence)
    for number in contacts.phones(sentence.text):
        general.put("phone", number, sentence)
    if found := PAGE.search(sentence.text):
        general.put("contact_page", found.group(), sentence)


def _fallbacks(made: People) -> None:
    """One mailbox serves both where the text names one; a mailbox to unsubscribe does not."""
    general, for_rights = made.controller, made.contact
    if not general.get("email") and for_rights.get("email"):
        general.put("email", for_rights.get("email"), for_rights.sources["email"])
    for place, sentence in contacts.addresses(made.document):
        if not _anothers(sentence.text) and not _authoritys(sentence, made.document):
            general.put("address", place.json(), sentence)
            general.put("country", place.country, sentence)
            for_rights.put("post", place.text, sentence)
    _website(made)
    for channel in ("email", "phone"):
        at = general.sources.get(channel)
        if at and not re.search(r"unsubscri|newsletter|désabonn|rezygnacj", at.quote, re.I):
            for_rights.put(channel, general.get(channel), at)
    if page := general.get("contact_page"):
        for_rights.put("page", page, general.sources["contact_page"])


def _whole_contact(text: str) -> bool:
    return bool(contacts.emails(text)) and bool(contacts.phones(text))


def _around(document: Document, sentence: Sentence) -> str:
    before = document.blocks[sentence.block - 1].text[-80:] if sentence.block else ""
    return before + " " + sentence.text


def _authoritys(sentence: Sentence, document: Document) -> bool:
    """An address behind the name of an authority is the authority's."""
    before = document.blocks[sentence.block - 1].text if sentence.block else ""
    return bool(
        rights.named_authority(sentence.text)
        or (len(before) < 200 and rights.named_authority(before))
    )


def _website(made: People) -> None:
    """The address the policy calls its own: written alone, or beside "our site"."""
    own = re.compile(
        r"\b(?:our|this|the|company[’']s|nasz\w*|niniejsz\w*|notre|le|du)\b.{0,40}(?:web ?site|"
        r"site|witryn\w*|stron\w*|serwis\w*|sklep\w*|website)|web ?sites? covered|website address|"
        r"web[ -]?site",
        re.IGNORECASE,
    )
    mail = str(made.controller.get("email") or "").rpartition("@")[2].lower()
    ranked: list[tuple[int, str, Sentence]] = []
    for sentence in made.document.sentences:
        for shown in _hosts(sentence.text):
            host = _host(shown)
            brand = _bare(str(made.controller.get("trading_name") or "-"))
            same = bool(mail) and host.removeprefix("www.").endswith(mail)
            named = brand in [_bare(label) for label in host.split(".")] or _bare(host) == brand
            alone = len(sentence.text) < len(shown) + 25
            spoken = bool(own.search(sentence.text))
            if not (same or named or spoken):
                continue
            rank = 2 * same + 2 * named + spoken + alone + _is_root(shown) + ("://" in shown)
            if rank > 1 and (named or not _anothers(sentence.text)):
                ranked.append((rank, shown, sentence))
    if any("://" in shown for _, shown, _ in ranked):
        # A company called like its host is not its address each time it is named.
        name = _bare(str(made.controller.get("trading_name")))
        ranked = [one for one in ranked if "://" in one[1] or _bare(one[1]) != name]
    roots = [one for one in ranked if _is_root(one[1])]
    if roots:
        _, shown, sentence = max(roots, key=lambda one: one[0])
        made.controller.put("website", shown, sentence)
    for _, shown, sentence in ranked:
        if _host(shown) not in [host for host, _ in made.hosts]:
            made.hosts.append((_host(shown), source(sentence)))


def _is_root(shown: str) -> bool:
    """A site's own address has no path to speak of."""
    return not re.sub(r"^https?://", "", shown, flags=re.I).partition("/")[2]


def _hosts(text: str) -> list[str]:
    found = [match.group() for match in contacts.URL.finditer(text)]
    rest = contacts.URL.sub(" ", contacts.EMAIL.sub(" ", text))
    return found + [match.group() for match in contacts.BARE_HOST.finditer(rest)]


def _host(shown: str) -> str:
    return re.sub(r"^https?://", "", shown, flags=re.I).split("/")[0].split("?")[0].lower()


def _officer(made: People) -> None:
    for sentence in made.document.sentences:
        if REPRESENTATIVE.search(sentence.text):
            _represented(made.representative, sentence)
        if OFFICER.search(sentence.text):
            _person(made.dpo, sentence)
            if not made.dpo.get("email"):
                _below(made, sentence.block)


def _represented(representative: Facts, sentence: Sentence) -> None:
    representative.put("text", sentence.text, sentence)
    for address in contacts.emails(sentence.text):
        representative.put("email", address, sentence)
    for name in companies.legal(sentence.text):
        representative.put("name", name, sentence)


def _below(made: People, number: int) -> None:
    """The mailbox on one of the short lines under the officer's."""
    for at in range(number + 1, min(number + 4, len(made.document.blocks))):
        block = made.document.blocks[at]
        if block.kind == "heading" or len(block.text) > 200:
            return
        for sentence in made.document.sentences_of(at):
            for address in contacts.emails(sentence.text):
                made.dpo.put("email", address, sentence)


def _person(dpo: Facts, sentence: Sentence) -> None:
    if (found := OFFICER_NAME.search(sentence.text)) and not companies.NAMED.match(found["name"]):
        dpo.put("name", found["name"], sentence)
    for address in contacts.emails(sentence.text):
        dpo.put("email", address, sentence)
    for number in contacts.phones(sentence.text):
        dpo.put("phone", number, sentence)
    if where := contacts.in_sentence(sentence.text):
        dpo.put("post", where.text, sentence)
