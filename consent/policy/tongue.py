"""Which language a paragraph is in, by its small words: English, Polish, French, or not known."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?", re.UNICODE)
SMALL = {
    "en": "the of and to in is are be by or our we you your for with this that on as may not from "
    "will which any us have it at such their can if these when about do has use how who what where "
    "a an all only its they other more into must does",
    "pl": "i w na do jest są się nie ze oraz lub przez dla przy od po za jak jako które który "
    "która których ich twoje twoich twój ci nas nam nasz nasza nasze naszej naszych tej tego ten "
    "może mogą być tym co aby jeśli gdy także albo pod celu danych dane osobowych osobowe plików "
    "pliki cookie możesz masz prawo państwa u jego jej tylko pliku te ta to",
    "fr": "le la les de des du et à au aux est sont en un une vous votre vos nous notre nos pour "
    "par "
    "sur avec ce cette ces que qui dans ou ne pas plus données être peut peuvent il elle ils leur "
    "leurs son sa ses se si d l n qu s c j m y afin lors dont ainsi",
    "de": "der die das und ist sind ein eine einer zu von den dem des im mit auf für nicht wir sie "
    "ihre ihrer uns unsere werden wird oder bei als durch nach auch wenn sich",
    "es": "el los las una y es son por para con su sus que del al nosotros nuestra nuestro usted "
    "como se más esta este datos",
}
WORDS = {tag: frozenset(text.split()) for tag, text in SMALL.items()}
MARKS = {
    "pl": re.compile(r"[ąęłńśźż]"),
    "fr": re.compile(r"[àâçèêëîïôûùœ]|[a-z]é"),
    "de": re.compile(r"[äöüß]"),
    "es": re.compile(r"[ñ¿¡]"),
}
FEWEST = 6  # words


def language_of(text: str) -> str:
    """en, pl, fr, de, es; "" where the text is too short to say."""
    words = [word.lower().replace("’", "'") for word in WORD.findall(text[:4000])]
    if len(words) < FEWEST:
        return ""
    pieces = [part for word in words for part in word.split("'")]
    score = {tag: float(sum(p in known for p in pieces)) for tag, known in WORDS.items()}
    lower = text[:4000].lower()
    for tag, mark in MARKS.items():
        score[tag] += 0.7 * len(mark.findall(lower))
    best, second = sorted(score.values(), reverse=True)[:2]
    if best < 3 or best < 0.12 * len(words) or best == second:
        return ""
    return max(score, key=lambda tag: score[tag])
