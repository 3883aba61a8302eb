"""What buttons of cookie banners say in Polish, English, French and German.

A button is known where its whole text is known: half a sentence may mean anything.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import yaml

LANGUAGES = ("pl", "en", "fr", "de")
FILE = Path(__file__).parents[1] / "data" / "banner_words.yaml"
_WORDS = yaml.safe_load(FILE.read_text("utf-8"))
_KNOWN = {
    kind: [
        re.compile(pattern.replace("{thing}", _WORDS["thing"][language]))
        for language in LANGUAGES
        for pattern in languages[language]
    ]
    for kind, languages in _WORDS.items()
    if kind != "thing"
}
# A banner speaks of one of these.
SUBJECT = (
    r"cookie|ciastecz|plik(i|ów|ach|ami) cookie|rodo|gdpr|dsgvo|tracking|traceur|témoin|tracker|"
    r"consent|zgod[yęa]|einwilligung|consentement|privacy|prywatno|datenschutz|privatsph|"
    r"confidentialité|vie privée|personal data|danych osobowych|données personnelles|"
    r"personenbezogene"
)


def plain(text: str) -> str:
    """A button's text in lower case, without signs around it."""
    text = unicodedata.normalize("NFC", text).replace("’", "'").replace("\xad", "")
    text = re.sub(r"\s+", " ", text).casefold()
    return re.sub(r"^[\W_]+|[^\w)]+$", "", text)


def means(text: str) -> set[str]:
    """What a button with this text does: some of accept, reject, settings, save, reopen.

    Where it could be both, it is a refusal: "allow only necessary cookies" accepts nothing.
    """
    said = plain(text)
    if not said or len(said) > 80:
        return set()
    found = {kind for kind, known in _KNOWN.items() if any(one.fullmatch(said) for one in known)}
    return found - {"accept", "save", "settings"} if "reject" in found else found
