"""The layout: what would tick, hide or delay. Our script does none of it; a setting may not ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from consent import theme

from ...saying import Said, say
from .finding import Mend, Rule

Found = Iterator[tuple[Said, Mend]]
LAYOUT = Mend("layout")
TICKED = frozenset(
    "default_on defaults preticked pre_ticked prechecked checked preselected".split()
)
HIDDEN = frozenset(
    "hide_reject no_reject reject_hidden reject_link reject_second_layer accept_only".split()
)
NUDGED = frozenset(
    "highlight_accept accept_primary primary_button accept_color reject_color".split()
)
SLOW = frozenset("reject_delay delay_reject countdown auto_accept accept_on_scroll".split())


def _ticked(body: dict[str, Any]) -> Found:
    for name in _on(body, TICKED):
        yield say("%(name)s: nothing but the necessary may be on beforehand.", name=name), LAYOUT


def _hidden(body: dict[str, Any]) -> Found:
    for name in _on(body, HIDDEN):
        text = "%(name)s: refusing is a button beside accepting, wherever that stands."
        yield say(text, name=name), LAYOUT


def _nudged(body: dict[str, Any]) -> Found:
    for name in _on(body, NUDGED):
        yield say("%(name)s: both buttons look alike.", name=name), LAYOUT


def _slow(body: dict[str, Any]) -> Found:
    for name in _on(body, SLOW):
        text = "%(name)s: refusing takes no longer than accepting, and waiting accepts nothing."
        yield say(text, name=name), LAYOUT


def _wall(body: dict[str, Any]) -> Found:
    for name in _on(body, frozenset({"wall", "cookie_wall", "lock_page"})):
        yield say("%(name)s: the page can be read without an answer.", name=name), LAYOUT


def _pale(body: dict[str, Any]) -> Found:
    known = {name: body["layout"][name] for name in ("position", "theme") if name in body["layout"]}
    for sentence in theme.problems(known).values():
        yield say(sentence), LAYOUT


def _on(body: dict[str, Any], names: frozenset[str]) -> list[str]:
    """What the layout switches on, on any level: absent, false and empty are off."""
    found, left = [], [body["layout"]]
    while left:
        for name, value in left.pop().items():
            if name in names and value:
                found.append(name)
            elif isinstance(value, dict):
                left.append(value)
    return sorted(found)


RULES = (
    Rule("LAYOUT-TICKED", True, "CJEU C-673/17 Planet49; Cookie Banner Taskforce, 10", _ticked),
    Rule("LAYOUT-HIDDEN", True, "CNIL 2020-092, 31; Cookie Banner Taskforce, 8", _hidden),
    Rule("LAYOUT-NUDGE", True, "CNIL 2020-092, 34; EDPB Guidelines 03/2022, 3.3", _nudged),
    Rule("LAYOUT-SLOW", True, "11 CCR 7004(a)(2); EDPB Guidelines 05/2020, 86", _slow),
    Rule("THEME-CONTRAST", True, "WCAG 2.2, 1.4.3 and 1.4.11", _pale),
    Rule("LAYOUT-WALL", False, "EDPB Guidelines 05/2020, 39-41", _wall),
)
