"""Integrations of a site: which lazy parts its pages get, and with which options.

A setting is `{part: {option: value}}`; a part that is not named is off. The table below is all
there is: what it does not name is refused, and the admin's form is made from it. An option that is
off or empty is not kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from consent.saying import Said, say

Kind = Literal["flag", "number", "choice", "numbers", "choices", "word", "pairs", "counts"]


@dataclass(frozen=True)
class Option:
    """One option. `number` and `numbers` lie in `least`..`most`; `choice` and `choices` are of
    `of`, pairs of value and words; `word` matches `pattern`. A `flag` is true or false. `pairs` is
    {theirs: a word matching `pattern`}, `counts` {theirs: a number}; both are typed `a=b, c=d`."""

    kind: Kind
    label: str
    help: str = ""
    least: int = 0
    most: int = 0
    of: tuple[tuple[str, str], ...] = ()
    pattern: str = ""
    needed: bool = False

    def read(self, text: str) -> Any:
        """What a form's field says; text of the wrong form stays text, to be refused."""
        if self.kind == "flag":
            return text == "yes"
        if self.kind == "number":
            return _number(text)
        if self.kind in ("numbers", "choices"):
            words = re.split(r"[\s,;]+", text) if text else []
            return [_number(word) if self.kind == "numbers" else word for word in words if word]
        if self.kind in ("pairs", "counts"):
            return _pairs(text, self.kind == "counts")
        return text

    def shown(self, value: Any) -> str:
        """The field of a form for a value that is kept."""
        if isinstance(value, bool):
            return "yes" if value else ""
        if isinstance(value, dict):
            return ", ".join(f"{name}={one}" for name, one in value.items())
        return " ".join(map(str, value)) if isinstance(value, list) else str(value)


@dataclass(frozen=True)
class Part:
    """One file of the script that is fetched where the owner wants it."""

    label: str
    help: str
    options: dict[str, Option]


def flag(label: str, help: str = "") -> Option:
    return Option("flag", label, help)


TOOLS = tuple(
    (name, name)
    for name in (
        "vanilla-cookieconsent",
        "cookiebot",
        "klaro",
        "onetrust",
        "tarteaucitron",
        "cookieyes",
        "complianz",
    )
)
THEIRS = re.compile(r"[^\s=,;][^=,;\n]{0,79}")

PARTS: dict[str, Part] = {
    "signals": Part(
        "Vendors' consent signals",
        "Tells tags on your pages what the visitor chose. Switch on only what your pages use.",
        {
            "ads_data_redaction": flag("Google: redact ad click ids while marketing is denied"),
            "url_passthrough": flag(
                "Google: pass click ids through addresses while marketing is denied",
                "Link decoration needs consent in the EU: this is sent only where the law lets you "
                "act first (opt-out).",
            ),
            "wait_for_update": Option(
                "number",
                "Google: milliseconds that tags wait for the choice",
                "500 if empty. It stands in the snippet, so paste that again after a change.",
                least=1,
                most=10_000,
            ),
            "restricted_data": flag(
                "Google: restricted data processing after an opt-out in the United States"
            ),
            "uet": flag("Microsoft Advertising (UET)"),
            "clarity": flag("Microsoft Clarity"),
            "meta": flag("Meta Pixel"),
            "meta_ldu": flag("Meta: limited data use after an opt-out in the United States"),
            "tiktok": flag("TikTok Pixel"),
            "pinterest": flag("Pinterest Tag"),
            "matomo": Option(
                "choice",
                "Matomo",
                of=(
                    ("", "off"),
                    ("consent", "measures only with consent"),
                    ("cookies", "measures always, cookies only with consent"),
                ),
            ),
            "hubspot": flag("HubSpot"),
            "wordpress": flag("WP Consent API"),
            "data_layer": flag("Events in dataLayer for tag managers"),
        },
    ),
    "gpp": Part(
        "IAB Global Privacy Platform (GPP)",
        "Tells advertising partners of opt-outs in the United States, by window.__gpp.",
        {
            "sections": Option(
                "choice",
                "Sections",
                of=(
                    ("", "the national one and the state's own"),
                    ("national", "the national one only"),
                    ("state", "the state's own, and the national one where a state has none"),
                ),
            ),
        },
    ),
    "tcf": Part(
        "IAB Transparency and Consent Framework (TCF 2.3)",
        "Only for a site that has registered a consent platform of its own with IAB Europe.",
        {
            "cmp_id": Option(
                "number",
                "Your registered CMP id",
                "IAB Europe gives it to you. A signal with another's id is invalid.",
                least=2,
                most=4095,
                needed=True,
            ),
            "cmp_version": Option(
                "number", "Version of your CMP", "1 if empty.", least=1, most=4095
            ),
            "vendors": Option(
                "numbers",
                "Vendors",
                "Their numbers in the Global Vendor List, separated by spaces: those you work "
                "with. Visitors read each of them.",
                least=1,
                most=65_535,
                needed=True,
            ),
            "country": Option(
                "word",
                "Your country",
                "Two letters, like DE. Its law governs the publisher's restrictions.",
                pattern="[A-Z]{2}",
                needed=True,
            ),
        },
    ),
    "dialects": Part(
        "Pages written for another consent tool",
        "Reads what other tools call categories and services, and answers to their names. See "
        "docs/moving.md.",
        {
            "shims": Option(
                "choices",
                "Answer to the names of",
                "Separated by spaces: vanilla-cookieconsent cookiebot klaro onetrust tarteaucitron "
                "cookieyes complianz. Only those whose functions your pages call.",
                of=TOOLS,
            ),
            "migrate": Option(
                "choices",
                "Carry over choices made with",
                "The same names. Once per visitor, recorded as migrate. Only if what you asked "
                "then covers what you ask now: that is for you to decide.",
                of=TOOLS,
            ),
            "categories": Option(
                "pairs",
                "Their categories",
                "Those that we do not know ourselves, like traffic=statistics, C0007=marketing.",
                pattern="necessary|preferences|statistics|marketing",
            ),
            "services": Option(
                "pairs",
                "Their services",
                "By the keys of your inventory, like GA=google-analytics.",
                pattern="[a-z0-9][a-z0-9-]{0,62}",
            ),
            "names": Option(
                "pairs",
                "Names of their cookies",
                "Where the old tool was told another one, like klaro=consent.",
                pattern=r"[A-Za-z0-9_.-]{1,60}",
            ),
            "days": Option(
                "counts",
                "Days their cookies lived",
                "Where the old tool was told another number, like klaro=90. A choice that may be "
                "older than a choice lives here is not carried over.",
                least=1,
                most=400,
            ),
            "revision": Option(
                "number",
                "The last revision of vanilla-cookieconsent",
                "0 if empty. A choice of another revision is not carried over.",
                least=1,
                most=100_000,
            ),
        },
    ),
    "shadow": Part(
        "Shadow mode",
        "Shows no banner and holds nothing: reports what it would hold.",
        {},
    ),
}


def problems(wanted: Any) -> dict[str, str]:
    """What is wrong, by `integrations`, `integrations.<part>` or `integrations.<part>.<option>`."""
    if not isinstance(wanted, dict):
        return {"integrations": say("An object of parts, each with an object of options.")}
    found: dict[str, str] = {}
    for name, options in wanted.items():
        at = f"integrations.{name}"
        if name not in PARTS:
            found["integrations"] = say(
                "There is no part %(name)s. Known: %(known)s.",
                name=repr(name),
                known=", ".join(PARTS),
            )
        elif not isinstance(options, dict):
            found[at] = say("An object of options; {} for none.")
        else:
            found |= {f"{at}.{key}": why for key, why in _wrong(PARTS[name], options).items()}
    return found


def clean(wanted: dict[str, Any]) -> dict[str, Any]:
    """The same without options that are off or empty."""
    return {
        name: {
            key: value for key, value in options.items() if value not in (False, None, "", [], {})
        }
        for name, options in wanted.items()
    }


def _wrong(part: Part, options: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {
        key: say("There is no such option.") for key in options if key not in part.options
    }
    for key, option in part.options.items():
        value = options.get(key)
        if value in (None, "", [], {}) and value is not False:
            if option.needed:
                found[key] = say("%(label)s: needed.", label=Said(option.label))
        elif why := _misfit(option, value):
            found[key] = say("%(label)s: %(why)s", label=Said(option.label), why=why)
    return found


def _misfit(option: Option, value: Any) -> str | None:
    """Why a value that is not empty does not fit its option; None where it does."""
    many = value if isinstance(value, list) else []
    words = [word for word, _ in option.of]
    span = {"least": option.least, "most": option.most}
    match option.kind:
        case "flag":
            return None if isinstance(value, bool) else say("true or false.")
        case "number":
            return (
                None
                if _within(option, value)
                else say("a whole number from %(least)s to %(most)s.", **span)
            )
        case "numbers":
            fits = many and all(_within(option, n) for n in many) and len(set(many)) == len(many)
            return (
                None
                if fits
                else say("whole numbers from %(least)s to %(most)s. Each once.", **span)
            )
        case "choice":
            return (
                None
                if value in words
                else say("one of %(known)s.", known=", ".join(filter(None, words)))
            )
        case "choices":
            fits = many and all(word in words for word in many) and len(set(many)) == len(many)
            return None if fits else say("of %(known)s. Each once.", known=", ".join(words))
        case "pairs" | "counts":
            return _misfit_of_pairs(option, value)
        case "word":
            matches = isinstance(value, str) and re.fullmatch(option.pattern, value)
            return None if matches else say("not of that form.")


def _misfit_of_pairs(option: Option, value: Any) -> str | None:
    if not isinstance(value, dict) or len(value) > 100:
        return say("at most 100, each like theirs=ours.")
    for name, one in value.items():
        if not isinstance(name, str) or not THEIRS.fullmatch(name):
            return say("each like theirs=ours.")
        fits = (
            _within(option, one)
            if option.kind == "counts"
            else isinstance(one, str) and re.fullmatch(option.pattern, one)
        )
        if not fits:
            return say("%(name)s=%(one)s does not fit.", name=name, one=one)
    return None


def _pairs(text: str, counts: bool) -> dict[str, Any] | str:
    """`a=b, c=d`; text of another form stays text, to be refused."""
    found: dict[str, Any] = {}
    for part in filter(None, map(str.strip, re.split(r"[,;\n]", text))):
        name, sign, one = (bit.strip() for bit in part.partition("="))
        if not sign:
            return text
        found[name] = _number(one) if counts else one
    return found


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _within(option: Option, value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and option.least <= value <= option.most
