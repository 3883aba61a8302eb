"""What a policy says of time and place: retention, dates, version, children, storage, transfers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .document import Document, Sentence
from .facts import Facts
from .words import period_in

ANY_CASE = re.IGNORECASE
KEEP = re.compile(
    r"\b(?:retain(?:ed|s|ing)?|retention|keep|kept|store[sd]?|stored|storing|storage period|hold|"
    r"held|delete[ds]? after|"
    r"przechow\w+|okres\w* (?:retencji|przechow\w+)|usuwa\w* po|conserv\w+|rétention|stock\w+|"
    r"archiv\w+)\b",
    ANY_CASE,
)
RETENTION = re.compile(
    r"retention|retain|przechowyw|retencj|conserv|how long|jak długo|combien de temps", ANY_CASE
)
LABEL = 30  # letters
CRITERION = re.compile(
    r"as long as|for the (?:period|time|duration)|duration of|no longer than|until|period "
    r"necessary|necessary (?:to|for)|tak długo|"
    r"tylko (?:przez|tak)|do (?:momentu|czasu|chwili|dnia|wycofania|cofnięcia)|przez (?:okres|"
    r"czas)|nie dłużej|niezbędn\w+|aussi longtemps|"
    r"pendant (?:la|toute|le)|durée (?:nécessaire|strictement|de)|tant que|jusqu",
    ANY_CASE,
)
NOT_KEEPING = re.compile(
    r"backup|notice|refund|cancel|trial|free|month-to-month|working days|business days|deadline|"
    r"invoice within",
    ANY_CASE,
)
NAMES = {
    "january": 1,
    "february": 2,
    "march": 3,
    "april": 4,
    "may": 5,
    "june": 6,
    "july": 7,
    "august": 8,
    "september": 9,
    "october": 10,
    "november": 11,
    "december": 12,
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "sept": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
    "stycznia": 1,
    "lutego": 2,
    "marca": 3,
    "kwietnia": 4,
    "maja": 5,
    "czerwca": 6,
    "lipca": 7,
    "sierpnia": 8,
    "września": 9,
    "października": 10,
    "listopada": 11,
    "grudnia": 12,
    "janvier": 1,
    "février": 2,
    "mars": 3,
    "avril": 4,
    "mai": 5,
    "juin": 6,
    "juillet": 7,
    "août": 8,
    "septembre": 9,
    "octobre": 10,
    "novembre": 11,
    "décembre": 12,
}
MONTH = "|".join(sorted(NAMES, key=len, reverse=True))
DATE = re.compile(
    rf"(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er)?\s+(?:of\s+)?(?P<m1>{MONTH})\.?,?\s+(?P<y1>(?:19|"
    rf"20)\d\d)|"
    rf"(?P<m2>{MONTH})\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y2>(?:19|20)\d\d)|"
    r"(?P<y3>20\d\d)[-./](?P<m3>\d{1,2})[-./](?P<d3>\d{1,2})|"
    r"(?P<d4>\d{1,2})[./-](?P<m4>\d{1,2})[./-](?P<y4>20\d\d)|"
    rf"(?P<m5>{MONTH})\s+(?P<y5>20\d\d)",
    ANY_CASE,
)
UPDATED = re.compile(
    r"(?:last|latest) (?:updated?|modified|revis\w+|changed?|amended|reviewed)|updated(?: "
    r"on)?\s*:?|revis(?:ed|ion date)|date of last|"
    r"ostatni\w* (?:aktualizacj\w+|zmian\w+|modyfikacj\w+)|zaktualizowan\w+|data aktualizacji|"
    r"aktualizacja|dernière (?:mise à jour|modification|révision)|"
    r"mis à jour|mise à jour|modifiée? le",
    ANY_CASE,
)
EFFECTIVE = re.compile(
    r"effective(?: date| as of| from)?|applicable from|in force|applies from|valid from|"
    r"obowiązuj\w+(?: od)?|w życie|ważna od|"
    r"en vigueur|applicable (?:à compter|depuis|au)|effet",
    ANY_CASE,
)
VERSION = re.compile(
    r"\b(?:version|wersja|wersji|v\.?)\s*(?:no\.?|nr|n°|number|:)?\s*(?P<v>\d+(?:\.\d+){0,3})\b",
    ANY_CASE,
)
AGE = re.compile(
    r"(?:under|below|younger than|at least|over|age of|aged|poniżej|ukończ\w+|ukończenia|co "
    r"najmniej|moins de|plus de|âgée?s? de(?: moins de| plus de)?)"
    r"\s+(?:the age of\s+)?(?P<word>[a-ząęóśłżźćń]+)?\s*\(?(?P<age>1[0-9]|2[01]|[a-z]+teen|"
    r"eighteen|thirteen|sixteen)\)?"
    r"(?:\s*(?:years?|lat\b|ans\b|roku))?",
    ANY_CASE,
)
CHILD = re.compile(
    r"\b(?:child(?:ren)?|minors?|guardian|parent(?:al)?|dzieci\w*|dziecko|nieletni\w*|"
    r"małoletni\w*|niepełnoletni\w*|enfants?|mineurs?|"
    r"under (?:the age of|\d\d)|years? (?:old|of age)|lat\b|ans\b)",
    ANY_CASE,
)
AGES = {
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
}
REGIONS = (
    (
        "EEA",
        r"European Economic Area|\bEEA\b|Europejskiego Obszaru Gospodarczego|\bEOG\b|Espace "
        r"économique européen|\bEEE\b|"
        r"European Union|\bEU\b|Unii Europejskiej|Union européenne|\bUE\b",
    ),
    ("NA", r"North America"),
    ("US", r"United States|\bUSA?\b|Stanach Zjednoczonych|États-Unis"),
    ("CA", r"\bCanada\b"),
    ("GB", r"United Kingdom|\bUK\b"),
)
STORED_IN = re.compile(
    r"(?:data|information|servers?|dane|danych|serwer\w*|données|serveurs?)\b.{0,200}?(?:stored|"
    r"located|hosted|kept|przechowywan\w+|zlokalizowan\w+|"
    r"znajduj\w+|hébergé\w*|stocké\w*|conservé\w*|situé\w*)\b.{0,120}",
    ANY_CASE,
)
OUTSIDE = re.compile(
    r"(?:outside|beyond|poza|hors (?:de )?|en dehors)(?:.{0,60}?)(?:EEA|EU\b|European|EOG|UE\b|"
    r"Europejski|Unii|EEE|l['’]Union|Espace|Europe)|"
    r"third countr|państw\w* trzeci|kraj\w* trzeci|pays tiers|from around the world|international "
    r"transfer|transfer\w* .{0,60}(?:other countries|United States)|"
    r"transfert\w* .{0,60}États-Unis|do Stanów Zjednoczonych|do USA",
    ANY_CASE,
)
SAFEGUARD = re.compile(
    r"standard contractual clauses|SCCs?\b|adequacy decision|binding corporate rules|Data Privacy "
    r"Framework|standardow\w+ klauzul\w+(?: umown\w+)?|"
    r"decyzj\w+ (?:Komisji .{0,30}?)?(?:stwierdzając\w+|o adekwatności|w sprawie adekwatności)|"
    r"clauses contractuelles types|décision d['’]adéquation|"
    r"règles d['’]entreprise contraignantes",
    ANY_CASE,
)


NO_TRANSFER = re.compile(
    r"\b(?:not|never|no|nie|ne|n['’]est|aucun)\b.{0,60}(?:transfer|przekaz|transf)", ANY_CASE
)


@dataclass(frozen=True)
class Retention:
    """`period` is {value, unit} or None where only a criterion is given; `what` is the heading."""

    period: dict[str, Any] | None
    sentence: Sentence
    what: str | None

    def json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "period": self.period,
            "text": self.sentence.text,
            "line": self.sentence.line,
            "quote": self.sentence.text,
        }


def retention(document: Document) -> list[Retention]:
    """Sentences, items and rows that say how long something is kept."""
    made: list[Retention] = []
    heading: str | None = None
    intro = label = -9
    for number, block in enumerate(document.blocks):
        if block.kind == "heading":
            heading = block.text
        for sentence in document.sentences_of(number):
            kept = _kept(sentence, number - intro <= 3 or number == label)
            if kept is not None:
                made.append(Retention(kept or None, sentence, heading))
            ends = sentence.text.rstrip(") ").endswith(":") or block.kind == "heading"
            if RETENTION.search(sentence.text) and ends:
                intro = number
            elif RETENTION.match(sentence.text) and len(sentence.text) < LABEL:
                label = number  # "How long. Orders: six years.": it names this paragraph alone
            elif kept and number - intro <= 3:
                intro = number  # a list goes on
    return made


def _kept(sentence: Sentence, introduced: bool) -> dict[str, Any] | None:
    """{} for a criterion without a period; None where the sentence is not about keeping."""
    text = sentence.text
    about = KEEP.search(text)
    if NOT_KEEPING.search(text) and not RETENTION.search(text):
        return None
    found = period_in(text)
    if (
        found
        and found[0]["unit"] not in ("second", "minute")
        and (introduced or about)
        and _near(text, found[1])
    ):
        return _range(text) or found[0]
    if (
        about
        and CRITERION.search(text)
        and re.search(r"data|information|dan\w+|données|records?|it\b|je\b", text, ANY_CASE)
    ):
        return {}
    return None


RANGE = re.compile(r"(?P<low>\d{1,3})\s*(?:to|-|–|do|à)\s*(?=\d)", ANY_CASE)


def _range(text: str) -> dict[str, Any] | None:
    """ "From 1 to 6 years" is {min, max, unit}."""
    for found in RANGE.finditer(text):
        upper = period_in(text[found.end() : found.end() + 24])
        if upper and text[found.end() :].startswith(upper[1]):
            return {"min": int(found["low"]), "max": upper[0]["value"], "unit": upper[0]["unit"]}
    return None


def _near(text: str, period: str) -> bool:
    return not re.search(
        r"within\s*(?:the\s+)?$|under\s*$|age\w*\s*$|ukończ\w+\s*$|least\s*$(?<!at least )",
        text[: text.find(period)],
        ANY_CASE,
    )


def dates(document: Document) -> Facts:
    """effective_date, last_updated (ISO 8601, or the year and month) and version."""
    made = Facts()
    total = len(document.blocks)
    for number in range(total):
        edge = number < 12 or number >= total - 8
        for sentence in document.sentences_of(number):
            text = sentence.text
            if (found := VERSION.search(text)) and edge and len(text) < 200 and not _browser(text):
                made.put("version", found["v"], sentence)
            for day in DATE.finditer(text):
                if document.language == "en" and _either_way(day):
                    continue
                before = text[max(0, day.start() - 70) : day.start()]
                after = text[day.end() : day.end() + 30]
                if UPDATED.search(before) or (UPDATED.search(after) and len(text) < 120):
                    made.put("last_updated", _iso(day), sentence)
                elif EFFECTIVE.search(before) and (edge or len(text) < 160) and not _law(before):
                    made.put("effective_date", _iso(day), sentence)
                elif edge and len(text) < 45 and not _law(text):
                    made.put("last_updated", _iso(day), sentence)
    return made


def _either_way(day: re.Match[str]) -> bool:
    """In English 12/05/2026 is a day in May or in December: nobody can say which."""
    return bool(day["y4"]) and "/" in day.group() and int(day["d4"]) < 13 and int(day["m4"]) < 13


def _browser(text: str) -> bool:
    return bool(
        re.search(
            r"browser|explorer|firefox|chrome|android|ios|tls|http|przeglądark|navigateur",
            text,
            ANY_CASE,
        )
    )


def _law(text: str) -> bool:
    return bool(
        re.search(
            r"regulation|directive|act\b|law|parlament|rozporządz|dyrektyw|ustaw|règlement|loi",
            text,
            ANY_CASE,
        )
    )


def _iso(day: re.Match[str]) -> str | None:
    for n in "1234":
        if day[f"y{n}"]:
            month = day[f"m{n}"].lower()
            number = NAMES.get(month) or int(month)
            date = int(day[f"d{n}"])
            if number > 12 and date <= 12:
                number, date = date, number
            return f"{day[f'y{n}']}-{number:02}-{date:02}" if number <= 12 and date <= 31 else None
    return f"{day['y5']}-{NAMES[day['m5'].lower()]:02}"


def ages(document: Document) -> list[tuple[int, str, Sentence]]:
    """Every age that is named, (age, as written, sentence)."""
    made = []
    for sentence in document.sentences:
        if not CHILD.search(sentence.text):
            continue
        for found in AGE.finditer(sentence.text):
            age = int(found["age"]) if found["age"].isdigit() else AGES.get(found["age"].lower())
            if age and _spoken_of_people(sentence.text):
                made.append((age, found.group(), sentence))
    return made


def _spoken_of_people(text: str) -> bool:
    return bool(
        re.search(
            r"child|minor|years? old|age\b|aged|guardian|parent|person|user|dziec|nieletni|"
            r"małoletni|osob|osób|lat\b|roku życia|enfant|mineur|ans\b|you\b",
            text,
            ANY_CASE,
        )
    )


def children(document: Document) -> Facts:
    made = Facts()
    known = ages(document)
    if known:
        forbidden = [
            k
            for k in known
            if re.search(r"\bnot\b|\bnie\b|\bne\b|forbid|cannot", k[2].text, ANY_CASE)
        ]
        age, written, sentence = (forbidden or known)[0]
        word = AGES.get((re.search(r"[a-z]+teen", written, ANY_CASE) or [""])[0].lower())
        made.put("min_age", max(age, word or 0), sentence)
        made.put("as_published", written, sentence)
    for age, _, sentence in known:
        if re.search(r"guardian|parent|opiekun|rodzic|tuteur", sentence.text, ANY_CASE):
            made.put("guardian_consent_below", age, sentence)
    return made


def places(document: Document) -> tuple[Facts, Facts]:
    """Where data is stored; transfers outside and their safeguard."""
    storage, transfers = Facts(), Facts()
    for sentence in document.sentences:
        if document.blocks[sentence.block].kind == "heading":
            continue
        if OUTSIDE.search(sentence.text):
            if not NO_TRANSFER.search(sentence.text):
                transfers.put("text", sentence.text, sentence)
        elif STORED_IN.search(sentence.text):
            for code, words in REGIONS:
                if re.search(words, sentence.text):
                    storage.put("region", code, sentence)
                    storage.put("text", sentence.text, sentence)
    if transfers.values:
        _safeguard(document, transfers)
    return storage, transfers


def _safeguard(document: Document, transfers: Facts) -> None:
    for sentence in document.sentences:
        if found := SAFEGUARD.search(sentence.text):
            transfers.put("safeguard", found.group(), sentence)
