"""What the published inventory says: which host belongs to which service, which names are trackers.

Pure. A rule is what an owner has published; a host that nobody has named is never held.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NECESSARY = "necessary"
WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
HOST = re.compile(r"(?:\*\.)?([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::\d{1,5})?(/[^\s\"'<>]*)?")
LONGEST = 253  # characters of a host (RFC 1035, 2.3.4)
SIGNS = b"abcdefghijklmnopqrstuvwxyz0123456789._-"
MOST = 256  # mentions of one host that are looked at in a text
TOKEN = re.compile(rb"[a-z0-9._-]{1,512}")
# References that spell a host's letters; those that template engines write everywhere do not.
ODD = re.compile(
    rb"&(?:#(?!(?:34|38|39|47|60|61|62|96|160|x27|x22|x26|x2f|x3c|x3d|x3e|x60);)"
    rb"|period|fjlig|lowbar|underbar)"
)


@dataclass(frozen=True)
class Rule:
    """One published host, or a path of it: `/a` and what is below, `/a*` whatever begins so.
    `category` None is unclassified, and held."""

    host: str
    path: str
    service: str
    category: str | None

    @property
    def holds(self) -> bool:
        return self.category != NECESSARY

    def covers(self, path: str) -> bool:
        """Whether a path in lower case is this rule's."""
        if self.path.endswith(("*", "/")):
            return path.startswith(self.path.removesuffix("*"))
        return path == self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True)
class Tracker:
    """A named cookie of the inventory; names are compared without regard to case."""

    name: str
    prefix: bool
    service: str | None
    category: str | None

    def matches(self, name: str) -> bool:
        seen = name.lower()
        return seen.startswith(self.name) if self.prefix else seen == self.name


@dataclass(frozen=True)
class Rules:
    """All of one site's. Made by `read`; the empty ones hold nothing."""

    site: str = ""
    asks: int = 0
    cookie_domain: str | None = None
    stub: str = ""
    hold: str | None = None  # the stub's own rules, as that stub reads them
    by_host: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    trackers: tuple[Tracker, ...] = ()
    digest: str = ""
    needles: tuple[bytes, ...] = ()
    endings: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()  # needles by their last label

    @property
    def hosts(self) -> list[str]:
        """Every host that is held as a whole, for a stub whose own rules did not come: it knows no
        necessary hosts below one that is held."""
        free = [host for host, own in self.by_host.items() if not all(one.holds for one in own)]
        return sorted(
            host
            for host, own in self.by_host.items()
            if any(one.holds and one.path == "/" for one in own)
            and not any(f".{one}".endswith(f".{host}") for one in free)
        )

    def rule(self, host: str, path: str = "/") -> Rule | None:
        """The rule that holds an address, or None. The longest host wins, then the longest path;
        a necessary service shields what stands below its own host."""
        labels = host.rstrip(".").split(".")
        for start in range(len(labels)):
            for rule in self.by_host.get(".".join(labels[start:]), ()):
                if rule.covers(path.lower()):
                    return rule if rule.holds else None
        return None

    def covers(self, host: str) -> bool:
        """Whether addresses of `host` itself, so relative ones too, may be held."""
        labels = host.split(".")
        return any(
            rule.holds
            for start in range(len(labels))
            for rule in self.by_host.get(".".join(labels[start:]), ())
        )

    def sees(self, lowered: bytes) -> bool:
        """Whether anything in a document could be held: no host of ours, no spelling of one."""
        for ending, needles in self.endings:
            if len(needles) < 3:
                if any(needle in lowered for needle in needles):
                    return True
                continue
            at = lowered.find(ending)
            while at >= 0:
                if lowered.endswith(needles, 0, at + len(ending)):
                    return True
                at = lowered.find(ending, at + 1)
        return bool(self.needles) and ODD.search(lowered) is not None

    def named_in(self, text: bytes) -> list[Rule]:
        """The rules whose host stands in a script's text, each service once, in order."""
        lowered = text.lower().replace(b"\\/", b"/")
        found: dict[int, Rule] = {}
        for needle in self.needles:
            at, left = lowered.find(needle), MOST
            while at >= 0 and left:
                left -= 1
                rule = self._token(lowered, at)
                if rule is not None:
                    found[at] = rule
                at = lowered.find(needle, at + len(needle))
        in_order = [found[at] for at in sorted(found)]
        return list({rule.service: rule for rule in reversed(in_order)}.values())[::-1]

    def _token(self, lowered: bytes, at: int) -> Rule | None:
        """The rule of the whole host that has a letter at `at`, with the path behind it."""
        before = lowered[max(0, at - LONGEST) : at]
        start = at - len(before) + len(before.rstrip(SIGNS))
        token = TOKEN.match(lowered, start)
        if token is None:
            return None
        rest = lowered[token.end() : token.end() + 256]
        path = re.split(rb"[\s\"'`<>?#]", rest, maxsplit=1)[0] if rest[:1] == b"/" else b"/"
        return self.rule(token[0].strip(b".").decode(), path.decode("latin-1"))


def read(body: Mapping[str, Any]) -> Rules:
    """The rules in what GET /v1/<site>/rules.json answers, or in a file or dict of that shape:
    {site, asks, services: [{id, category, hosts}], trackers: [[name, match, kind, service,
    category]], cookie_domain?, stub?, hold?}.

    Raises ValueError with a sentence.
    """
    try:
        return _read(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"these are not rules of a site: {error!r}") from None


def _read(body: Mapping[str, Any]) -> Rules:
    if body.get("v", 1) != 1:
        raise ValueError(f"rules of version {body.get('v')!r} are not known here")
    rules: dict[str, list[Rule]] = {}
    for service in body["services"]:
        name, category = service["id"], service.get("category")
        if not WORD.fullmatch(name) or not (category is None or WORD.fullmatch(category)):
            raise ValueError(f"not a service: {name!r}, {category!r}")
        for text in service.get("hosts", ()):
            if found := HOST.fullmatch(_ascii(text)):
                rule = Rule(found[1], found[2] or "/", name, category)
                rules.setdefault(rule.host, []).append(rule)
    trackers = [
        Tracker(name.lower(), match == "prefix", service, category)
        for name, match, kind, service, category in body.get("trackers", ())
        if name and kind == "cookie" and not name.startswith("crumbtrail")
    ]
    held = {host.encode() for host, own in rules.items() if any(rule.holds for rule in own)}
    needles = tuple(sorted(one for one in held if not any(o != one and o in one for o in held)))
    return Rules(
        site=str(body.get("site", "")),
        asks=int(body.get("asks", 0)),
        cookie_domain=body.get("cookie_domain") or None,
        stub=str(body.get("stub") or ""),
        hold=str(body["hold"]) if body.get("hold") is not None else None,
        by_host={host: tuple(sorted(own, key=_longest)) for host, own in rules.items()},
        trackers=tuple(trackers),
        digest=hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12],
        needles=needles,
        endings=_endings(needles),
    )


def _endings(needles: tuple[bytes, ...]) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    found: dict[bytes, list[bytes]] = {}
    for needle in needles:
        dot = needle.rfind(b".")
        found.setdefault(needle[max(dot, 0) :], []).append(needle)
    return tuple((ending, tuple(own)) for ending, own in found.items())


def _longest(rule: Rule) -> int:
    return -len(rule.path)


def _ascii(text: str) -> str:
    """A published host as addresses have it: lower case, no scheme, no dot at its end."""
    bare = re.sub(r"^(?:https?:)?//", "", text.strip().lower())
    host, slash, path = bare.partition("/")
    try:
        host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return ""
    return host.rstrip(".") + slash + path
