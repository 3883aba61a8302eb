"""Rules on the text itself: left-overs, dead references, repetitions, languages, laws."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from .. import tables
from ..contacts import URL
from ..document import Block, Sentence
from ..facts import Source
from ..plain import BULLET
from .found import Case, Hit, at

ANY_CASE = re.IGNORECASE
PLACEHOLDER = re.compile(
    r"\b(?:OurCompany|YourCompany|CompanyName|YOUR COMPANY|COMPANY NAME|NAZWA FIRMY|NOM DE (?:LA |"
    r"L['’])?(?:SOCIÉTÉ|ENTREPRISE))\b|lorem ipsum|\{\{[^{}]{1,40}\}\}|"
    r"\[(?:i|oraz|lub|and|or|et|ou)\s[^\]\[]{2,30}\]|"
    r"\[(?:insert|enter|your|company|name|date|address|e-?mail|website|country|state|nazwa|wpisz|"
    r"wstaw|uzupełni\w*|adres|firma|imię|nom|société|insérer|à compléter|adresse)\b[^\]\[]{0,40}\]|"
    r"\b(?:ORAZ|AND|ET) / (?:LUB|OR|OU)\b|\bXX{2,}\b|<(?:company|name|nazwa|nom)[^<>]{0,20}>|_{5,}",
)
PROTECTED = re.compile(r"e-?mail[\s\u00a0]?protected", ANY_CASE)
HEADS = {
    "en": r"background|overview|scope|contact us|your rights|changes|security|general info|"
    r"general|introduction|table of contents|back to top|read more",
    "fr": r"contacter|contactez|coordonnées|introduction générale|nous contacter|mentions légales|"
    r"vos droits|sommaire",
    "pl": r"kontakt z nami|spis treści|wstęp|postanowienia ogólne|twoje prawa|skontaktuj",
}
HEAD = {tag: re.compile(rf"^\W*(?:{words})\b", ANY_CASE) for tag, words in HEADS.items()}
DOUBLED = re.compile(r"(?<![\w])[A-ZĄĆĘŁŃÓŚŹŻ]([A-ZĄĆĘŁŃÓŚŹŻ][a-ząćęłńóśźż]{2,})(?![\w])")
NUMBERED = re.compile(
    r"^[\s#]*(?:§\s*|(?:section|article|artykuł|rozdział)\s+)?(?P<n>\d{1,2})[.)]?\s+(?=[^\W\d_\W])",
    ANY_CASE,
)
REFERENCE = re.compile(
    r"\b(?:sections?|sekcj\w+|punk(?:cie|tu|t|tach)|pkt|rozdzia\w+|"
    r"articles?)\s+(?P<list>\d{1,2}(?![\d/])(?:\.\d+)*(?:\s*(?:,|and|or|i|oraz|lub|et|ou|-|–|to|"
    r"do|à)\s*\d{1,2}(?![\d/]))*)(?P<after>[^.;]{0,60})",
    ANY_CASE,
)
OF_A_LAW = re.compile(
    r"GDPR|RODO|RGPD|Regulation|Rozporz|Règlement|Act\b|ustaw|Directive|Dyrekt|Code|Kodeks|law\b|"
    r"loi\b|TFUE|LGPD|prawa\b|CCPA|PECR|TDDDG|PKE",
    ANY_CASE,
)
OF_ANOTHER = re.compile(
    r"^(?:\.\d+)*\s*(?:of |in |du |de |w )?(?:our|the|nasz\w+|notre|"
    r"nos)\s+[^.,;]{0,40}?(?P<what>(?:cookie|privacy|terms|zasad|polity|regulamin|politique|"
    r"conditions)[^.,;]{0,50})",
    ANY_CASE,
)
TABLE = re.compile(
    r"\btable\b.{0,40}\b(?:below|follow\w*)|\b(?:below|following)\b.{0,20}\btable\b|poniższ\w+ "
    r"tabel|tabel\w+ poniżej|tableau (?:ci-dessous|suivant)",
    ANY_CASE,
)
OWN_LAW = re.compile(
    r"Canada[’']s Personal Information Protection Act|Canadian association of normali[sz]ation[\w "
    r"]*|"
    r"Privacy and Electronic Communications \(EC Directive\) (?!Regulations)[^.;]{0,20}2003|Data "
    r"Protection Act 1998|Directive 95/46|dyrektyw\w+ 95/46|directive 95/46|"
    r"ustaw\w+ z (?:dnia )?29 sierpnia 1997|\bGIODO\b|Generaln\w+ Inspektor\w* Ochrony Danych|"
    r"(?:EU-US |Swiss-US )?Privacy Shield|Safe Harbou?r (?:framework|principles)",
)
PECR_PL = re.compile(
    r"prywatności i (?:komunikacji|łączności) elektronicznej \(dyrektyw\w+ WE\) z 2003(?! "
    r"[^;]{0,40}(?:bryt|Wielk|UK))"
)
UK = re.compile(r"Wielk\w+ Bryt|brytyjsk|United Kingdom|\bUK\b")
KINDS_APART = {"acceptable_use", "fair_usage", "refunds", "terms"}
LONG = 200


def placeholder(case: Case) -> Iterator[Hit]:
    seen: set[tuple[int, str]] = set()
    for sentence in case.document.sentences:
        for found in PLACEHOLDER.finditer(sentence.flat):
            what = found.group()
            linked = sentence.flat[found.end() : found.end() + 1] == "("  # a link in Markdown
            if not PROTECTED.search(what) and not linked and (sentence.line, what) not in seen:
                seen.add((sentence.line, what))
                yield Hit("PLACEHOLDER-TEXT", at(sentence), values={"what": what})
        yield from _stray(sentence)
    yield from _doubled(case)
    yield from _foreign_head(case, "PLACEHOLDER-TEXT")


def _stray(sentence: Sentence) -> Iterator[Hit]:
    text = sentence.flat
    if text.count("]") > text.count("[") and not re.search(r"\[\s*$", text):
        yield Hit("PLACEHOLDER-TEXT", at(sentence), values={"what": "]"})


def _doubled(case: Case) -> Iterator[Hit]:
    """ "YMasz" where "Masz" is a word of the text: a letter of the template stayed."""
    text = case.document.text
    for sentence in case.document.sentences:
        for found in DOUBLED.finditer(sentence.flat):
            word, rest = found.group(), found[1]
            known = re.search(rf"(?<![\w]){rest}(?![\w])", text) or re.search(
                rf"(?<![\w]){rest.lower()}(?![\w])", text
            )
            if known and len(re.findall(rf"\b{word}\b", text)) == 1 and found.start() == 0:
                yield Hit("PLACEHOLDER-TEXT", at(sentence), values={"what": word})


def _foreign_head(case: Case, code: str) -> Iterator[Hit]:
    own = case.document.languages or (case.document.language,)
    for block in case.document.blocks:
        if len(block.text.split()) > 8 or block.kind == "row":
            continue
        for tag, words in HEAD.items():
            found = words.search(block.text)
            if (
                tag not in own
                and found
                and not any(HEAD[o].search(block.text) for o in own if o in HEAD)
            ):
                yield Hit(
                    code,
                    Source(block.line, block.text),
                    values={"what": found.group().strip(), "language": tag},
                )


def references(case: Case) -> Iterator[Hit]:
    numbers = {n for n, _ in _sections(case)}
    whole = len(numbers) >= 5 and numbers >= set(range(1, max(numbers) + 1))
    for sentence in case.document.sentences:
        for found in REFERENCE.finditer(sentence.flat):
            if OF_A_LAW.search(found["after"]) or (
                found.group().lower().startswith("art") and not whole
            ):
                continue
            another = OF_ANOTHER.match(found["after"])
            if another and "cookie" in another["what"].lower() and "cookies" not in case.kinds:
                yield Hit(
                    "DANGLING-REFERENCE", at(sentence), values={"what": found.group().strip()}
                )
                continue
            last = max(
                int(n)
                for n in re.findall(r"(?<![.\d])\d{1,2}(?!\.\d)|\d{1,2}(?=\.)", found["list"])
            )
            if whole and not another and last > max(numbers):
                yield Hit("DANGLING-REFERENCE", at(sentence), values={"what": str(last)})
    yield from _tables(case)


def _tables(case: Case) -> Iterator[Hit]:
    """A table is announced and none follows; a PDF's tables cannot be told from its lines."""
    if case.document.source == "pdf":
        return
    for sentence in case.matching(TABLE):
        following = case.document.blocks[sentence.block + 1 : sentence.block + 12]
        if not any(block.kind == "row" or tables.cells_of(block) for block in following):
            what = TABLE.search(sentence.flat)
            yield Hit("DANGLING-REFERENCE", at(sentence), values={"what": what[0] if what else ""})


def _sections(case: Case) -> list[tuple[int, Block]]:
    """The numbered headings of the first level."""
    found = [
        (int(m["n"]), b)
        for b in case.document.blocks
        if len(b.text) < 110 and b.kind != "row" and (m := NUMBERED.match(b.text))
    ]
    if case.document.source == "html":
        found = [(n, b) for n, b in found if b.kind == "heading"]
    if not found:
        return []
    least = min(block.indent for _, block in found)
    return [(n, b) for n, b in found if b.indent == least]


def duplicates(case: Case) -> Iterator[Hit]:
    if case.document.source != "pdf":
        seen: dict[int, Block] = {}
        sections = [(n, b) for n, b in _sections(case) if b.kind == "heading"]
        for number, block in sections:
            if number in seen and number > 1 and _is_top(sections):
                yield Hit(
                    "DUPLICATE-SECTION",
                    Source(block.line, block.text),
                    (Source(seen[number].line, seen[number].text),),
                )
            seen.setdefault(number, block)
    yield from _twice_listed(case)
    yield from _twice_said(case)


def _is_top(sections: list[tuple[int, Block]]) -> bool:
    """A list that counts again from one under each heading is no second section."""
    return [n for n, _ in sections].count(1) == 1


def _twice_listed(case: Case) -> Iterator[Hit]:
    before: Block | None = None
    for block in case.document.blocks:
        here = re.match(r"\((\d{1,2})\)\s", block.text)
        there = re.match(r"\((\d{1,2})\)\s", before.text) if before else None
        if before and here and there and here[1] == there[1]:
            yield Hit(
                "DUPLICATE-SECTION",
                Source(block.line, block.text),
                (Source(before.line, before.text),),
            )
        before = block


def _twice_said(case: Case) -> Iterator[Hit]:
    """A long numbered paragraph that nearly repeats one shortly before it."""
    blocks = [
        (n, b)
        for n, b in enumerate(case.document.blocks)
        if len(b.text) >= LONG and BULLET.match(b.text)
    ]
    for place, (number, block) in enumerate(blocks):
        for earlier, other in blocks[max(0, place - 6) : place]:
            if number - earlier <= 8 and _alike(other.text, block.text):
                yield Hit(
                    "DUPLICATE-SECTION",
                    Source(block.line, block.text),
                    (Source(other.line, other.text),),
                )
                break


def _alike(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 0.3 * max(len(one), len(other)):
        return False
    match = SequenceMatcher(None, one.lower(), other.lower(), autojunk=False)
    return match.real_quick_ratio() > 0.8 and match.quick_ratio() > 0.8 and match.ratio() > 0.88


def links(case: Case) -> Iterator[Hit]:
    for sentence in case.document.sentences:
        for found in URL.finditer(sentence.flat):
            if found.group().lower().startswith("http://"):
                yield Hit("HTTP-LINK", at(sentence), values={"what": found.group()})
                return


def laws(case: Case) -> Iterator[Hit]:
    for sentence in case.document.sentences:
        found = OWN_LAW.search(sentence.flat) or PECR_PL.search(sentence.flat)
        if found and not re.search(
            r"invalid|repeal|uchyl|former|replaced|unieważn|invalidé|abrog",
            sentence.flat,
            ANY_CASE,
        ):
            if PECR_PL.search(sentence.flat) and (
                UK.search(sentence.flat)
                or re.search(r"Rozporządzeni\w+ o prywatności", sentence.flat)
            ):
                continue
            yield Hit("LAW-MISNAMED", at(sentence), values={"what": found.group()})


def mixed(case: Case) -> Iterator[Hit]:
    own = case.document.languages or (case.document.language,)
    for block in case.document.blocks:
        foreign = block.language in ("en", "pl", "fr") and block.language not in own
        if (
            foreign
            and len(block.text.split()) >= 8
            and block.kind != "row"
            and not _quoted(block.text)
        ):
            yield Hit(
                "MIXED-LANGUAGE",
                Source(block.line, block.text),
                values={"language": block.language},
            )
    yield from _foreign_head(case, "MIXED-LANGUAGE")


def _quoted(text: str) -> bool:
    """Names, addresses and links are foreign in every language."""
    return (
        bool(re.search(r"https?://|@|\b(?:Inc|LLC|Ltd|Limited|GmbH|Street|Avenue)\b", text))
        and len(text) < 260
    )


def documents(case: Case) -> Iterator[Hit]:
    apart = [(title, place) for kind, title, place in case.draft.kinds if kind in KINDS_APART]
    if "privacy" in case.kinds and apart:
        yield Hit(
            "MIXED-DOCUMENT",
            apart[0][1],
            tuple(p for _, p in apart[1:]),
            {"what": ", ".join(t for t, _ in apart)},
        )


RULES = (placeholder, references, duplicates, links, laws, mixed, documents)
