"""Sentences whose words and values are kept apart, so that a page may show them in its language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Category(str):
    """The name of a category as a value of a sentence; None is `unclassified`."""

    __slots__ = ()

    @classmethod
    def of(cls, name: str | None) -> Category:
        return cls(name or "unclassified")


class Sentence(str):
    """A sentence of ours as a value of another one."""

    __slots__ = ()


@dataclass(frozen=True)
class Said:
    """`text` is an English sentence with %(name)s; a value is text, a number, a Category, a
    Sentence, a tuple of Sentences or a lifetime {value, unit}."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % {name: plain(value) for name, value in self.values.items()}


def say(text: str, **values: Any) -> Said:
    return Said(text, values)


def plain(value: Any) -> str:
    """A value in English."""
    if value == "session":
        return "until the browser closes"
    if isinstance(value, Mapping) and "unit" in value:
        return f"{value['value']} {value['unit']}{'' if value['value'] == 1 else 's'}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
