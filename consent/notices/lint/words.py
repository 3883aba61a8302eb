"""The owner's words: what steers a visitor, in each language."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from consent import texts

from ...saying import Category, Said, say
from .finding import Mend, Rule

STEERING = "EDPB Guidelines 03/2022, 3.3; 11 CCR 7004(a)(4)"
# Of a problem that texts.problems names: whether it blocks, and where the law says so.
NAMED: dict[str, tuple[bool, str]] = {
    "NOT-A-REFUSAL": (True, "GDPR art. 7(3); EDPB Cookie Banner Taskforce, 8"),
    "UNEQUAL": (True, "CNIL 2020-092, 34; 11 CCR 7004(a)(2)"),
    "LATER": (True, "11 CCR 7004(a)(2)(C)"),
    "SHAMING": (True, STEERING),
    "LURING": (True, "EDPB Guidelines 03/2022, 3.2"),
    "NEGATED": (True, "11 CCR 7004(a)(3)"),
    "VAGUE": (True, "GDPR art. 5(1)(b); EDPB Guidelines 05/2020, 55"),
    "LEGITIMATE": (False, "ePrivacy Directive art. 5(3); Cookie Banner Taskforce, 24"),
    "LENGTH": (False, "WCAG 2.2, 1.4.10"),
}
# Silence or going on is no consent, whatever the text says (EDPB 05/2020, 86; ).
IMPLIED = (
    r"\bby (continuing|using|browsing|visiting|scrolling)\b|if you continue (to|using|browsing)"
    r"|terms (of (use|service)|and conditions)"
    r"|durch (die )?(weitere )?nutzung|wenn sie (weiter|fortfahren)|nutzungsbedingungen"
    r"|en (poursuivant|continuant)|conditions (générales|d.utilisation)"
    r"|korzystając z|kontynuując|pozostając na|regulamin"
    r"|al (continuar|seguir) navegando|continuando (a|la) navig|door (verder|gebruik)"
)
NOT_SHARED = (
    r"(do|does|will|is) (not|never) (be )?(share|sell|disclose|pass)\w*|never (share|sell|disclose)"
    r"|nicht (weiter|mit dritten|geteilt|verkauft)|keine weitergabe"
    r"|ne (partage|vend|transme)\w+ (pas|jamais)|nie (udostępnia|przekazuj|sprzedaj)\w*"
    r"|no (comparti|vende)\w*|non (condivid|vend)\w*|niet (gedeeld|verkocht|delen)"
)
Found = Iterator[tuple[Said, Mend]]


def _named(code: str) -> Callable[[dict[str, Any]], Found]:
    def look(body: dict[str, Any]) -> Found:
        for tag, shown in body["texts"].items():
            for problem in _problems(tag, json.dumps(shown)):
                if problem.code == code:
                    text = "%(language)s, %(name)s: %(problem)s"
                    values = {"language": tag, "name": problem.key}
                    yield Said(text, values | {"problem": Said(problem.sentence)}), _texts(tag)

    return look


@lru_cache(maxsize=64)
def _problems(tag: str, shown: str) -> tuple[texts.Problem, ...]:
    """One reading of a language serves all rules."""
    return tuple(texts.problems(tag, json.loads(shown)))


def _same(body: dict[str, Any]) -> Found:
    for tag, shown in body["texts"].items():
        for refuse, accept in (("reject", "accept"), ("opt_out", "ok")):
            if shown.get(refuse, "").casefold() == shown.get(accept, "?").casefold():
                text = "%(language)s: refusing and accepting have the same label."
                yield say(text, language=tag), _texts(tag)


def _swapped(body: dict[str, Any]) -> Found:
    for tag, shown in body["texts"].items():
        if re.search(texts.REFUSING[tag], shown.get("accept", ""), re.IGNORECASE):
            text = "%(language)s: the label that accepts reads like a refusal."
            yield say(text, language=tag), _texts(tag)


def _implied(body: dict[str, Any]) -> Found:
    for tag, key in _saying(body, IMPLIED):
        text = "%(language)s, %(name)s: Going on, or terms of use, are no consent to storage."
        yield say(text, language=tag, name=key), _texts(tag)


def _conflicting(body: dict[str, Any]) -> Found:
    """Our own sentence counts who receives data, so a promise to share with nobody contradicts."""
    asked = {s["id"] for s in body["services"] if s["category"] not in (None, "necessary")}
    third = {t["service"] for t in body["trackers"] if t["party"] == "third"}
    named = {s["id"] for s in body["services"] if s["provider"]}
    if not asked & (third | named):
        return
    for tag, key in _saying(body, NOT_SHARED):
        text = "%(language)s, %(name)s: It says that nothing is shared, and services get data."
        yield say(text, language=tag, name=key), _texts(tag)


def _unfinished(body: dict[str, Any]) -> Found:
    for tag in body["languages"]:
        missing = _incomplete(body["texts"].get(tag, {}))
        if missing:
            text = "%(language)s: texts are missing: %(names)s."
            yield say(text, language=tag, names=", ".join(missing)), _texts(tag)


def _unasked(body: dict[str, Any]) -> Found:
    """Each category that is asked for says what for, in each language (GDPR art. 4(11))."""
    for tag, shown in body["texts"].items():
        for category in (c["id"] for c in body["categories"] if c["id"] != "necessary"):
            if not str(shown.get(f"purpose_{category}", "")).strip():
                text = "%(language)s: what %(category)s is for is not said."
                yield say(text, language=tag, category=Category(category)), _texts(tag)


def _incomplete(shown: dict[str, Any]) -> list[str]:
    ours = texts.words("en")
    return [key for key in ours if not shown.get(key) and not key.startswith("purpose_")]


def _saying(body: dict[str, Any], pattern: str) -> Iterator[tuple[str, str]]:
    for tag, shown in body["texts"].items():
        for key, text in shown.items():
            if any(re.search(pattern, one, re.IGNORECASE) for _, one in texts.forms(text)):
                yield tag, key


def _texts(tag: str) -> Mend:
    return Mend("texts", tag)


RULES = (
    *(Rule(f"TEXT-{code}", blocks, law, _named(code)) for code, (blocks, law) in NAMED.items()),
    Rule("TEXT-SAME", True, "CNIL 2020-092, 34; Cookie Banner Taskforce, 17", _same),
    Rule("TEXT-SWAPPED", True, "11 CCR 7004(a)(4); EDPB Guidelines 03/2022, 3.5", _swapped),
    Rule("TEXT-CONFLICT", True, "GDPR art. 5(1)(a); EDPB Guidelines 03/2022, 3.6", _conflicting),
    Rule("TEXT-MISSING", True, "GDPR art. 12(1); EDPB Guidelines 03/2022, 3.5", _unfinished),
    Rule("PURPOSE-MISSING", True, "GDPR art. 4(11), 13(1)(c)", _unasked),
    Rule("TEXT-IMPLIED", False, "GDPR art. 7(2); EDPB Guidelines 05/2020, 86", _implied),
)
