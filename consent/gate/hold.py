"""Which tags are held, and what becomes of one: markup that the script in the page lets go.

Pure. An attribute that would load becomes `data-` and its name; `data-category` and `data-service`
say what must be allowed, `data-held` which published host was met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .rules import NECESSARY, Rule
from .tokens import Attribute, Tag, address, candidates, javascript

LOADS: dict[bytes, tuple[bytes, ...]] = {
    b"script": (b"src", b"href", b"xlink:href"),
    b"iframe": (b"src",),
    b"frame": (b"src",),
    b"img": (b"src", b"srcset"),
    b"source": (b"src", b"srcset"),
    b"video": (b"src", b"poster"),
    b"audio": (b"src",),
    b"track": (b"src",),
    b"embed": (b"src",),
    b"object": (b"data",),
    b"input": (b"src",),
    b"link": (b"href", b"imagesrcset"),
    b"image": (b"href", b"xlink:href", b"src", b"srcset"),
    b"feimage": (b"href", b"xlink:href"),
    b"a": (b"ping",),
    b"area": (b"ping",),
    **dict.fromkeys((b"body", b"table", b"td", b"th", b"tr"), (b"background",)),
}
LISTS = (b"srcset", b"imagesrcset", b"ping")
RELS = frozenset(
    "stylesheet preload prefetch preconnect dns-prefetch modulepreload prerender icon"
    " apple-touch-icon apple-touch-icon-precomposed mask-icon manifest".split()
)
CATEGORY = (b"data-category", b"data-cookieconsent", b"data-cookiecategory")
SERVICE = (b"data-service", b"data-name")
EXEMPT = (NECESSARY, "ignore")

# (address as it stands, in an attribute or a text) -> the rule that holds it
Judge = Callable[[str], Rule | None]


class Held(NamedTuple):
    """Why a tag is held: the rule, and the attributes that would load."""

    rule: Rule
    names: tuple[bytes, ...]


def why(tag: Tag, judge: Judge) -> Held | None:
    """The first published address that the tag would load, and all that must be taken from it."""
    loads = LOADS.get(tag.name)
    if loads is None or exempt(tag) or not _acts(tag):
        return None
    for one in tag.attributes:
        if one.name in loads:
            value = tag.get(one.name) or ""
            urls = candidates(value) if one.name in LISTS else [value]
            for url in urls:
                if rule := judge(url):
                    return Held(rule, loads)
    return None


def exempt(tag: Tag) -> bool:
    """Whether the owner has said of this very tag that it may load."""
    return any((tag.get(name) or "").strip().lower() in EXEMPT for name in CATEGORY)


def _acts(tag: Tag) -> bool:
    """Whether a tag of this kind loads anything at all."""
    if tag.name == b"script":
        return javascript(tag.get(b"type"), tag.get(b"language"))
    if tag.name == b"link":
        return not RELS.isdisjoint((tag.get(b"rel") or "").lower().split())
    return True


def held(tag: Tag, rules: Iterable[Rule], names: Iterable[bytes], keep_src: bool = False) -> bytes:
    """The tag as it waits. `keep_src` leaves a script its `src`: under Trusted Types no script may
    give it one later, and its type alone keeps it from being fetched."""
    moved = set(names)
    script = tag.name == b"script"
    if script:
        moved = {b"type"} if keep_src else moved | {b"type"}
    out, at = [], 0
    for one in tag.attributes:
        if one.name in moved:
            out += [tag.raw[at : one.start], b"data-"]
            at = one.start
        elif one.name.startswith(b"data-") and one.name[5:] in moved:
            # The page's own attribute of that name would win, because the first one counts.
            out += [tag.raw[at : one.start], b"data-own-"]
            at = one.start
    rest = b"".join([*out, tag.raw[at:]])
    end = 1 + len(tag.name)
    return rest[:end] + (b' type="text/plain"' if script else b"") + _marks(tag, rules) + rest[end:]


def emptied(tag: Tag) -> bytes:
    """What is left where `held` fails: an element that loads nothing."""
    return b"<%s data-held>" % tag.name if tag.name != b"script" else b'<script type="text/plain">'


def neutral(tag: Tag, one: Attribute, value: bytes) -> bytes:
    """The tag with another value in one attribute; `value` is already escaped."""
    return tag.raw[: one.named] + b'="' + value + b'"' + tag.raw[one.end :]


def _marks(tag: Tag, rules: Iterable[Rule]) -> bytes:
    chosen = list(rules)
    said = any(tag.get(name) is not None for name in (*CATEGORY, *SERVICE))
    marks = ""
    if not said:
        categories = dict.fromkeys(rule.category for rule in chosen if rule.category)
        if categories:
            marks += f' data-category="{" ".join(categories)}"'
        marks += f' data-service="{chosen[0].service}"'
    return f'{marks} data-held="{chosen[0].host}"'.encode()


def judge_of(rule: Callable[[str, str], Rule | None], base: str | None) -> Judge:
    """Judges addresses; relative ones by `base`, the host they are relative to, where it is
    known and of any interest."""

    def judge(url: str) -> Rule | None:
        found = address(url)
        if found is not None:
            return rule(*found)
        bare = url.strip()
        if base is None or not bare or _schemed(bare):
            return None
        return rule(base, bare if bare.startswith("/") else "/")

    return judge


def _schemed(url: str) -> bool:
    scheme, colon, _ = url.partition(":")
    return bool(colon) and scheme.replace("+", "").replace("-", "").isalnum()
