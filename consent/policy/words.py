"""The words of three languages for categories, parties, kinds and periods, and what they mean."""

from __future__ import annotations

import re
from typing import Any

COOKIE = r"(?:cookies?\b|plik\w* cookie|ciastecz\w+|traceurs?\b|témoins?\b(?: de connexion)?)"
COOKIES = re.compile(COOKIE, re.IGNORECASE)

# Only words that mean one category. "functional" is not necessary: it is a comfort.
CATEGORY_WORDS = {
    "necessary": r"(?:strictly |absolutely )?necessary|essential|(?:absolutnie |ściśle "
    r")?(?:konieczn|"
    r"niezbędn)\w*|(?:strictement |absolument )?(?:nécessaires?|indispensables?)|essentiels?|"
    r"technical(?:ly required)?|techniczn\w*|techniques?",
    "preferences": r"preferences?|functional(?:ity)?|personali[sz]ation|funkcjonaln\w*|"
    r"preferenc\w*|"
    r"fonctionnels?|fonctionnalités?|préférences?|personnalisation|comfort|confort",
    "statistics": r"statisti(?:cs?|cal)|analytic(?:s|al)?|performance|measurement|statystyczn\w*|"
    r"statystyk\w*|analityczn\w*|wydajnoś\w*|wydajności\w*|statistiques?|analytiques?|"
    r"analyse|performances?|mesure d['’]audience",
    "marketing": r"marketing\w*|advertising|advertisement|ads|targeting|remarketing|reklam\w*|"
    r"publicitaires?|publicité|ciblage",
}
CATEGORY = {
    name: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)
    for name, words in CATEGORY_WORDS.items()
}
ANY_CATEGORY = re.compile(
    rf"(?<![\w-])(?:{'|'.join(CATEGORY_WORDS.values())})(?![\w-])", re.IGNORECASE
)
# What may stand around a category's word in a label.
LABEL_FILL = re.compile(
    r"cookies?|plik\w*|cookie|tracking|śledząc\w*|third[- ]party|first[- ]party|and|i|et|&|/|the|"
    r"these|category|purposes|do celów|de|d['’]|les|nos|our|type|strictly|\(\d+\)|stron trzecich|"
    r"\d+[.)]?|[()•:*-]|witryny|strony|site|serwisu|social media|or|tags",
    re.IGNORECASE,
)

FIRST = re.compile(
    r"\b(?:first(?:[- ]party)?|1st(?:[- ]party)?|1p|own|internal|własn\w+|podmiot\w* pierwsz\w+|"
    r"pierwszej strony|wewnętrzn\w+|propres?|internes?|premi[eè]re? partie|propriétaires?)\b",
    re.IGNORECASE,
)
THIRD = re.compile(
    r"\b(?:third(?:[- ]part(?:y|ies))?|3rd(?:[- ]part(?:y|ies))?|3p|external|stron\w* trzeci\w+|"
    r"podmiot\w* trzeci\w+|osób trzecich|zewnętrzn\w+|partnerów|tiers|tierces?(?: partie)?|"
    r"externes?)\b",
    re.IGNORECASE,
)

KINDS = (
    (
        "local_storage",
        re.compile(r"local ?storage|lokaln\w+ pami|stockage local|pamięć lokalna", re.I),
    ),
    ("session_storage", re.compile(r"session ?storage", re.I)),
    ("indexeddb", re.compile(r"indexed ?db", re.I)),
    ("beacon", re.compile(r"pixel|beacon|piksel|balise|web ?bug|sygnalizator", re.I)),
)


UNSORTED = re.compile(
    r"\W*(?:unclassified|uncategori[sz]ed|other|niesklasyfikowane|nieklasyfikowane|inne|pozostałe|"
    rf"non class(?:és|ifiés)|autres)(?:\s+{COOKIE})?(?: \(\d+\))?\W*",
    re.IGNORECASE,
)


def category_of(label: str) -> str | None:
    """The one category a label's words mean; None where they mean none or several."""
    # "Technical" beside another category describes it, so it counts only on its own.
    meant = [name for name, words in CATEGORY.items() if words.search(label)]
    return meant[0] if len(meant) == 1 else None


def label_of(text: str) -> str | None:
    """`text` without its decoration if it is nothing but a category's label."""
    if UNSORTED.fullmatch(text):
        return text.strip()
    found = ANY_CATEGORY.search(text)
    if not found or len(text) > 90:
        return None
    rest = LABEL_FILL.sub(" ", ANY_CATEGORY.sub(" ", text))
    return None if re.search(r"\w{3,}", rest) else text.strip(" \t:•*-–—")


def bare_label(label: str) -> str:
    """A category's label without the word cookies and the number of them."""
    found = re.sub(
        r"^(?:#{1,6}\s+)?(?:(?:[•*·-]|\d{1,2}(?:\.\d{1,2})*[.)]?|[a-z]\))\s+)?|\s*\(\d+\)$",
        "",
        label.strip(),
    )
    bare = re.sub(rf"^(?:les |nos |our )?{COOKIE}\s+|\s+{COOKIE}$", "", found, flags=re.IGNORECASE)
    return bare.strip(" :.–—-") or found


def party_of(text: str) -> str | None:
    third, first = THIRD.search(text), FIRST.search(text)
    if bool(third) == bool(first):
        return None
    return "third" if third else "first"


def kind_of(text: str) -> str | None:
    return next((name for name, words in KINDS if words.search(text)), None)


UNITS = {
    "second": r"seconds?|secs?|sekund\w*|secondes?",
    "minute": r"minutes?|mins?|minut\w*",
    "hour": r"hours?|hrs?|godzin\w*|heures?",
    "day": r"days?|dni|dnia|dzień|dniach|jours?",
    "week": r"weeks?|tygodni\w*|tydzień|semaines?",
    "month": r"months?|miesi[ąę]c\w*|mois|m-cy",
    "year": r"years?|yrs?|roku|rok|lata|lat|latach|années?|ans?",
}
NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "thirty": 30,
    "ninety": 90,
    "a": 1,
    "an": 1,
    "jeden": 1,
    "jednego": 1,
    "jedną": 1,
    "dwa": 2,
    "dwóch": 2,
    "trzy": 3,
    "trzech": 3,
    "cztery": 4,
    "czterech": 4,
    "pięć": 5,
    "pięciu": 5,
    "sześć": 6,
    "sześciu": 6,
    "dwunastu": 12,
    "dwanaście": 12,
    "trzydziestu": 30,
    "un": 1,
    "une": 1,
    "deux": 2,
    "trois": 3,
    "quatre": 4,
    "cinq": 5,
    "dix": 10,
    "douze": 12,
    "treize": 13,
    "trente": 30,
}
_NUMBER = r"\d{1,4}|" + "|".join(sorted((n for n in NUMBERS if len(n) > 2), key=len, reverse=True))
PERIOD = re.compile(
    rf"(?<![\w.,-])(?P<n>{_NUMBER}|an?(?= (?:year|month|week|day|"
    rf"hour))|une?(?= (?:mois|an|jour|semaine|heure)))(?:\s*\(\s*(?P<m>\d{{1,4}}|\w+)\s*\))?"
    rf"[\s\u00a0-]*(?:(?:calendar|full|pełnych|kolejnych|business|working|robocz\w+|ouvrés|"
    rf"civiles?)\s+)?(?:"
    + "|".join(rf"(?P<{name}>{words})" for name, words in UNITS.items())
    + r")(?!\w)",
    re.IGNORECASE,
)
BARE_UNIT = re.compile(
    r"(?<![\w])(?:przez|do|w ciągu|w terminie|okres)\s+(?:(?P<month>miesiąca)|(?P<year>roku)|"
    r"(?P<week>tygodnia))\b",
    re.IGNORECASE,
)
SESSION = re.compile(
    r"^\W*(?:end of |koniec |zakończenia |do końca |fin de (?:la )?|browser |during |durée de "
    r"(?:la )?|"
    r"czas trwania |per |until the end of the |la |for the )?(?:session|sesj\w+)(?:ow\w+)?(?: "
    r"cookies?|"
    r" przeglądarki| de navigation| end| only)?\W*$|\bdeleted when (?:you|the user) close|"
    r"\b(?:when|after|once) (?:you |the )?(?:close|closing)\w* (?:the |your )?browser|"
    r"zamknięci\w+ przeglądark|fermeture d[eu] (?:votre |la )?(?:navigateur|session)",
    re.IGNORECASE,
)
SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "month": 30 * 86400,
    "year": 365 * 86400,
}


def period_in(text: str) -> tuple[dict[str, Any], str] | None:
    """The first period in `text` as {value, unit}, with its own letters; weeks become days."""
    found = PERIOD.search(text)
    if found:
        unit = next(name for name in UNITS if found[name])
        word = found["n"].lower()
        value = int(word) if word.isdigit() else NUMBERS.get(word, 1)
    else:
        found = BARE_UNIT.search(text)
        if not found:
            return None
        unit, value = next(name for name in ("month", "year", "week") if found[name]), 1
    if unit == "week":
        unit, value = "day", value * 7
    return {"value": value, "unit": unit}, found.group()


def lifetime_of(text: str) -> Any:
    """What a duration column says: "session", {value, unit}, or None."""
    found = period_in(text)
    if found and found[0]["unit"] == "second":  # the inventory counts in minutes and more
        minutes, rest = divmod(found[0]["value"], 60)
        return None if rest or not minutes else {"value": minutes, "unit": "minute"}
    if found:
        return found[0]
    return "session" if SESSION.search(text.strip()) else None


def seconds(life: Any) -> int:
    return int(life["value"]) * SECONDS[life["unit"]]
