"""The words visitors read, in every language, and what a text must and should not say.

`data/texts/<tag>.json` are the words of the dialog and the settings, `data/texts/me/<tag>.json`
those of the visitor's pages, `data/reviewed.json` says which a native speaker has read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from .languages import CATEGORIES, EXACT, NAMES, PLURALS
from .saying import say

PLACEHOLDER = re.compile(r"\{(\w+)\}")
MARKUP = re.compile(r"[<>]|&#?\w+;")
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
LONGEST = 1000
BUDGET = MappingProxyType({"title": 60, "reject": 30, "accept": 30, "opt_out": 30, "ok": 30})
LABELS = ("reject", "accept", "opt_out", "ok", "preferences", "save", "close")
NO_LONGER_THAN = 1.5  # times the label of the other choice

# Stems of refusing: a person, and a program that refuses for one, finds the button by its word.
REFUSING = MappingProxyType(
    {
        "ar": "رفض|أرفض",
        "bg": "отказ|отхвърл",
        "cs": "odmít|nesouhlas|pouze nezbytné",
        "da": "afvis|nej tak|afslå",
        "de": "ablehn|verweiger|nicht zustimmen",
        "el": "απόρριψη|απορρίπτω|άρνηση",
        "en": r"reject|refuse|decline|deny|disagree|do not accept|opt[ -]?out",
        "es": "rechaz|deneg|no acept",
        "et": "keeldu",
        "fi": "hylkää|kieltäy|kiellä|estä",
        "fr": "refus|rejet|sans accepter",
        "ga": "diúlta",
        "he": "דחי|דחה|לדחות|סירוב|לסרב",
        "hr": "odbi|odbac",
        "hu": "elutas|visszautas",
        "is": "hafna",
        "it": "rifiut|nega|non accett",
        "ja": "拒否|同意しない|許可しない",
        "ko": "거부|거절",
        "lt": "atmes|atsisak",
        "lv": "noraid|atteik",
        "mt": "irrifjuta|tirrifjuta|iċħad",
        "nb": "avvis|avslå|nei takk",
        "nl": "weiger|afwijz|wijs",
        "pl": "odrzu|odmaw|odmów|rezygnuj|nie zgadzam|nie akceptuj",
        "pt": "rejeit|recus",
        "pt-br": "rejeit|recus",
        "ro": "respin|refuz",
        "sk": "odmiet|nesúhlas",
        "sl": "zavrni|zavrač",
        "sv": "avvisa|avböj|neka",
        "tr": "reddet",
        "uk": "відхил|відмов",
        "zh-hans": "拒绝",
        "zh-hant": "拒絕",
    }
)
# Labels that make the one who refuses feel bad, or put the answer off (EDPB 03/2022, 3.3).
SHAMING = (
    r"\b(hate|miss out|missing out|don.t care|worse|poor(er)?|unfortunately|sorry|regret|at my own"
    r" risk|no thanks, i|prefer not to|give up|are you sure|limited experience"
    r"|schlechter\w*|verzicht\w*|leider|schade|sind sie sicher|eingeschränkt\w*"
    r"|malheureusement|dommage|moins bien|dégradée?|tant pis|êtes-vous sûr"
    r"|niestety|szkoda|gorsz\w+|na pewno"
    r"|helaas|jammer|slechter\w*|weet u het zeker"
    r"|lamentablemente|peor|lástima|perderse|purtroppo|peccato|peggior\w*"
    r"|infelizmente|pior|desværre|dårlig\w*|tyvärr|sämre|dessverre|bohužel|žiaľ|sajnos"
    r"|din păcate|nažalost|žal|diemžēl|kahjuks|valitettavasti|maalesef|на жаль"
    r"|за съжаление|δυστυχώς|því miður|faraor)\b"
    r"|残念|아쉽|유감|可惜|遗憾|遺憾|للأسف|לצערנו"
)
LATER = (
    r"\b(later|not now|remind me|später|nicht jetzt|plus tard|pas maintenant|później|nie teraz"
    r"|niet nu|más tarde|ahora no|più tardi|non ora|mais tarde|agora não|senere|ikke nu|ikke nå"
    r"|senare|inte nu|později|teď ne|neskôr|teraz nie|később|mai târziu|kasnije|pozneje|vėliau"
    r"|vēlāk|hiljem|myöhemmin|sonra|пізніше|по-късно|αργότερα|síðar|níos déanaí|aktar tard)\b"
    r"|後で|나중에|稍后|稍後|لاحق|אחר כך"
)
LEGITIMATE = (
    r"legitimate interest|berechtigt\w* interess|intérêts? légitimes?|uzasadnion\w* interes"
    r"|gerechtvaardigde? belang|legitimt? interesse|legitim\w* interess|berättigat intresse"
    r"|berettiget interesse|interés legítimo|intereses legítimos|interesse\w* legítimo"
    r"|interess\w* legittim|legittim\w* interess|oprávněn\w* záj|oprávnen\w* záuj|jogos érdek"
    r"|interes\w* legitim|legitim\w* interes|zakonit\w* interes|teisėt\w* interes"
    r"|leģitīm\w* interes|õigustatud huvi|oikeutet\w* et|законн\w* інтерес|легитимен интерес"
    r"|έννομο συμφέρον|meşru menfaat|meşru çıkar|lögmæt\w* hagsmun|leas dlisteanach"
    r"|interess leġittimu"
    r"|正当な利益|정당한 이익|合法利益|正当利益|正當利益|المصلحة المشروعة|אינטרס לגיטימי"
)
VAGUE = (
    r"(improv\w*|enhanc\w*|better|best)( \w+){0,2} experience|nutzererlebnis|nutzungserlebnis"
    r"|améliorer\w* votre expérience|expérience utilisateur|lepsz\w+ doświadcze\w+"
    r"|poprawi\w* komfort"
    r"|gebruikerservaring|ervaring te verbeteren|mejorar\w* (tu|su) experiencia"
    r"|migliorare la (tua|sua) esperienza|melhorar a sua experiência|brugeroplevelse"
    r"|användarupplevelse|brukeropplevelse|zlepš\w* zážit\w*|felhasználói élmény"
    r"|kullanıcı deneyim\w*|käyttökokemu\w*|エクスペリエンスの向上|사용자 경험|用户体验|使用者體驗"
)
LURING = (
    r"\b(newsletter|discount|voucher|free gift|rabatt\w*|gutschein\w*|rabat\w*|zniżk\w*|korting\w*"
    r"|descuento\w*|sconto|desconto|remise|promo\w*|sleva|zľava)\b|\d+ ?%"
)
NEGATED = (
    r"\b(not|no|don.t|disable|opt[- ]?out|nicht|kein\w*|deaktivier\w*|pas|désactiver|nie|wyłącz"
    r"|niet|geen|ikke|inte|desactivar|non|disattiva|não|desativar|zakázat)\b"
)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one text. One that `blocks` cannot be shown; any other is a warning."""

    key: str
    code: str
    sentence: str
    blocks: bool = False


@cache
def words(tag: str) -> dict[str, Any]:
    """The words of the script in one language: text, or {plural category: text}."""
    return _read(f"texts/{tag}.json")


@cache
def paper(tag: str) -> dict[str, Any]:
    """The words of the visitor's pages in one language."""
    return _read(f"texts/me/{tag}.json")


@cache
def available() -> tuple[str, ...]:
    """The languages this build speaks, English first."""
    folder = files("consent").joinpath("data/texts")
    here = [tag for tag in NAMES if folder.joinpath(f"me/{tag}.json").is_file()]
    return tuple(sorted(here, key=lambda tag: (tag != "en", NAMES[tag])))


@cache
def reviewed() -> dict[str, bool]:
    """Whether a native speaker has read the texts, by language."""
    return _read("reviewed.json")


def own(tag: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The words of one language with the owner's in place of ours."""
    return words(tag) | {key: text for key, text in overrides.items() if key in words("en")}


def problems(tag: str, texts: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with `texts`, {key: text}, of one language; keys that are not there are ours.

    Blocks: what is not plain text, or lost a placeholder. Warns: what steers the visitor (EDPB
    Guidelines 03/2022; 11 CCR 7004).
    """
    found = [problem for key, text in texts.items() for problem in _unshowable(tag, key, text)]
    if found:
        return found
    return [problem for problem in _steering(tag, own(tag, texts)) if problem.key in texts]


def forms(text: Any) -> Iterator[tuple[str, str]]:
    """(plural category, text) of each form; ("", text) of a text without."""
    if isinstance(text, dict):
        yield from text.items()
    else:
        yield "", text


def _unshowable(tag: str, key: str, text: Any) -> Iterator[Problem]:
    ours = words("en").get(key)
    if ours is None:
        yield Problem(key, "UNKNOWN", "There is no such text.", True)
        return
    if isinstance(text, dict) and not isinstance(ours, dict):
        yield Problem(key, "PLURAL", "This text has no plural forms.", True)
        return
    if isinstance(text, dict) and not set(PLURALS[tag]) <= set(text) <= CATEGORIES:
        yield Problem(
            key,
            "PLURAL",
            say("One form for each of %(known)s.", known=", ".join(PLURALS[tag])),
            True,
        )
        return
    wanted = set(PLACEHOLDER.findall(ours["other"] if isinstance(ours, dict) else ours))
    for form, one in forms(text):
        named = f"{key}.{form}" if form else key
        if why := _not_plain(one, wanted, form in EXACT.get(tag, ())):
            yield Problem(named, *why, True)


def _not_plain(text: Any, wanted: set[str], exact: bool) -> tuple[str, str] | None:
    if not isinstance(text, str) or not text.strip():
        return "EMPTY", "A text is a line of words."
    if MARKUP.search(text):
        return "MARKUP", "Plain text only: no <, no >, no &…; here."
    if UNSEEN.search(text):
        return "UNSEEN", "One line, without characters that cannot be seen."
    if text != text.strip():
        return "BLANKS", "No blanks at the beginning or the end."
    if len(text) > LONGEST:
        return "LENGTH", say("At most %(longest)s characters.", longest=LONGEST)
    found = set(PLACEHOLDER.findall(text))
    rest = PLACEHOLDER.sub("", text)
    if "{" in rest or "}" in rest or not wanted - ({"n"} if exact else set()) <= found <= wanted:
        named = ", ".join(f"{{{name}}}" for name in sorted(wanted))
        return "PLACEHOLDER", say(
            "It must keep %(named)s, and no other.", named=named
        ) if wanted else "It has none."
    return None


def _steering(tag: str, texts: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _lengths(texts)
    refusing = re.compile(REFUSING[tag], re.IGNORECASE)
    if not refusing.search(texts["reject"]):
        yield Problem(
            "reject", "NOT-A-REFUSAL", "It does not say that it refuses; agents look for the word."
        )
    for key in ("reject", "opt_out", "refusal", "rights", "close", "preferences"):
        if _says(SHAMING, texts[key]):
            yield Problem(key, "SHAMING", "It makes refusing feel bad.")
    for key in ("reject", "opt_out", "close"):
        if _says(LATER, texts[key]):
            yield Problem(key, "LATER", "It puts the answer off instead of giving one.")
    for key, text in texts.items():
        for _, one in forms(text):
            yield from _anywhere(key, one)


def _lengths(texts: Mapping[str, Any]) -> Iterator[Problem]:
    for key, most in BUDGET.items():
        if len(texts[key]) > most:
            yield Problem(
                key,
                "LENGTH",
                say("Longer than %(most)s characters: it breaks on phones.", most=most),
            )
    for refuse, accept in (("reject", "accept"), ("opt_out", "ok")):
        if refuse == "opt_out" and len(texts[refuse]) <= BUDGET["opt_out"]:
            continue  # OK is as short as a label can be
        if len(texts[refuse]) > NO_LONGER_THAN * len(texts[accept]):
            yield Problem(refuse, "UNEQUAL", "Much longer than the label that accepts.")


def _anywhere(key: str, text: str) -> Iterator[Problem]:
    if _says(LEGITIMATE, text):
        yield Problem(key, "LEGITIMATE", "Storing on a device needs consent, not an interest.")
    if _says(LURING, text):
        yield Problem(key, "LURING", "Nothing is offered here but the choice.")
    if key.startswith("purpose_") and _says(VAGUE, text) and len(text) < 80:
        yield Problem(key, "VAGUE", "Say what is done; a better experience is no purpose.")
    if key.startswith("category_") and _says(NEGATED, text):
        yield Problem(key, "NEGATED", "A switch named with a no is read the wrong way round.")


def _says(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None


def _read(name: str) -> dict[str, Any]:
    file = files("consent").joinpath(f"data/{name}")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found
