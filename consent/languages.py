"""Languages: which there are, and which of them answers a wish.

A tag here is in lower case and as short as it can be: the language, and the region or script only
where we have two (`pt` and `pt-br`, `zh-hans` and `zh-hant`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import MappingProxyType

NAMES = MappingProxyType(
    {
        "ar": "Arabic",
        "bg": "Bulgarian",
        "cs": "Czech",
        "da": "Danish",
        "de": "German",
        "el": "Greek",
        "en": "English",
        "es": "Spanish",
        "et": "Estonian",
        "fi": "Finnish",
        "fr": "French",
        "ga": "Irish",
        "he": "Hebrew",
        "hr": "Croatian",
        "hu": "Hungarian",
        "is": "Icelandic",
        "it": "Italian",
        "ja": "Japanese",
        "ko": "Korean",
        "lt": "Lithuanian",
        "lv": "Latvian",
        "mt": "Maltese",
        "nb": "Norwegian",
        "nl": "Dutch",
        "pl": "Polish",
        "pt": "Portuguese",
        "pt-br": "Portuguese (Brazil)",
        "ro": "Romanian",
        "sk": "Slovak",
        "sl": "Slovenian",
        "sv": "Swedish",
        "tr": "Turkish",
        "uk": "Ukrainian",
        "zh-hans": "Chinese (simplified)",
        "zh-hant": "Chinese (traditional)",
    }
)
RIGHT_TO_LEFT = frozenset(("ar", "he"))

# Cardinal categories that a whole number can have: CLDR, supplemental/plurals.xml. Its `many` of
# the Romance languages is for whole millions, its `many` of cs, lt and sk for fractions alone.
_ONE_OTHER = ("one", "other")
_WITH_MANY = ("one", "many", "other")
_SLAVIC = ("one", "few", "many", "other")
PLURALS = MappingProxyType(
    dict.fromkeys("en de nl da sv nb is hu bg el et fi tr".split(), _ONE_OTHER)
    | dict.fromkeys("fr es pt pt-br it".split(), _WITH_MANY)
    | dict.fromkeys("pl uk".split(), _SLAVIC)
    | dict.fromkeys("cs sk hr ro lt".split(), ("one", "few", "other"))
    | dict.fromkeys("ja ko zh-hans zh-hant".split(), ("other",))
    | {
        "sl": ("one", "two", "few", "other"),
        "he": ("one", "two", "other"),
        "lv": ("zero", "one", "other"),
        "ga": ("one", "two", "few", "many", "other"),
        "mt": ("one", "two", "few", "many", "other"),
        "ar": ("zero", "one", "two", "few", "many", "other"),
    }
)
# Categories that stand for one number only, whose sentence may do without a digit.
EXACT = MappingProxyType(
    dict.fromkeys("en de nl da sv nb bg el et fi hu es it tr cs sk pl ro".split(), ("one",))
    | dict.fromkeys("he ga mt".split(), ("one", "two"))
    | {"ar": ("zero", "one", "two")}
)

# What browsers say for a language that has another name here (IANA registry; a Norwegian browser
# says no or nn).
ALIASES = MappingProxyType(
    {"no": "nb", "nn": "nb", "iw": "he", "mo": "ro", "cmn": "zh", "yue": "zh-hant"}
)
TRADITIONAL = frozenset(("hant", "tw", "hk", "mo"))
CATEGORIES = frozenset(("zero", "one", "two", "few", "many", "other"))
LONGEST = 64


def match(wish: str, spoken: Sequence[str]) -> str | None:
    """The one of `spoken` for a language range, by lookup (RFC 4647, 3.4); None where none fits.

    `zh-HK` is Chinese in traditional script; Portuguese of one country is better than none.
    """
    return next((tag for tag in _ever_wider(wish) if tag in spoken), None)


def choose(wishes: Iterable[str | None], spoken: Sequence[str], default: str) -> str:
    """The match of the first wish that has one, else the default."""
    found = (match(wish, spoken) for wish in wishes if wish)
    return next((tag for tag in found if tag), default)


def direction(tag: str) -> str:
    """`rtl` or `ltr`, for the `dir` attribute."""
    return "rtl" if tag.split("-")[0] in RIGHT_TO_LEFT else "ltr"


def plural(tag: str, n: int) -> str:
    """The cardinal category of a whole number, n >= 0 (CLDR, supplemental/plurals.xml), as
    `Intl.PluralRules` gives it to the script; `pt` counts as Portuguese of Brazil does there."""
    exact = {1: "one"}
    match tag:
        case "ja" | "ko" | "zh-hans" | "zh-hant":
            return "other"
        case "fr" | "pt" | "pt-br" | "es" | "it":
            zero = {} if tag in ("es", "it") else {0: "one"}
            return (exact | zero).get(n) or ("many" if n and n % 1_000_000 == 0 else "other")
        case "pl" | "uk" | "hr" | "cs" | "sk" | "ro" | "lt" | "lv":
            return _eastern(tag, n)
        case "he" | "sl":
            ends = n % 100 if tag == "sl" else n
            few = "few" if tag == "sl" and ends in (3, 4) else "other"
            return {1: "one", 2: "two"}.get(ends, few)
        case "ga" | "mt" | "ar":
            return _with_dual(tag, n)
        case "is":
            return "one" if n % 10 == 1 and n % 100 != 11 else "other"
    return exact.get(n, "other")


def _eastern(tag: str, n: int) -> str:
    last, two = n % 10, n % 100
    teen = 11 <= two <= 19
    if tag == "ro":
        return "one" if n == 1 else "few" if n == 0 or 1 <= two <= 19 else "other"
    if tag in ("cs", "sk"):
        return "one" if n == 1 else "few" if 2 <= n <= 4 else "other"
    if tag == "lv":
        return "zero" if last == 0 or teen else "one" if last == 1 else "other"
    if tag == "lt":
        return "other" if teen or last == 0 else "one" if last == 1 else "few"
    few = 2 <= last <= 4 and not 12 <= two <= 14
    if tag == "pl":
        return "one" if n == 1 else "few" if few else "many"
    one = last == 1 and two != 11
    return "one" if one else "few" if few else "many" if tag == "uk" else "other"


def _with_dual(tag: str, n: int) -> str:
    two = n % 100
    if n in (1, 2):
        return ("one", "two")[n - 1]
    if tag == "ga":
        return "few" if 3 <= n <= 6 else "many" if 7 <= n <= 10 else "other"
    few = 3 <= two <= 10 or (tag == "mt" and n == 0)
    if tag == "ar" and n == 0:
        return "zero"
    last_many = 19 if tag == "mt" else 99
    return "few" if few else "many" if 11 <= two <= last_many else "other"


def isolated(text: str, tag: str) -> str:
    """A name of any script within a sentence of `tag`: where that runs from right to left, between
    FSI and PDI, so that neither disturbs the other's order (UAX #9, 2.4)."""
    return f"\u2068{text}\u2069" if direction(tag) == "rtl" else text


def _ever_wider(wish: str) -> Iterator[str]:
    parts = wish[:LONGEST].lower().replace("_", "-").split("-")
    parts = [*ALIASES.get(parts[0], parts[0]).split("-"), *parts[1:]]
    language = parts[0]
    if language == "zh":
        yield "zh-hant" if "hans" not in parts and TRADITIONAL & set(parts) else "zh-hans"
        return
    while parts:
        yield "-".join(parts)
        parts.pop()
        if parts and len(parts[-1]) == 1:  # a singleton does not stand alone at the end
            parts.pop()
    if language == "pt":
        yield "pt-br"
