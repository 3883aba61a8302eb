"""What a reader found: a value with the sentence and the line it stands in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .document import Sentence


@dataclass(frozen=True)
class Source:
    """`quote` is verbatim."""

    line: int
    quote: str

    def json(self) -> dict[str, Any]:
        return {"line": self.line, "quote": self.quote}


def source(sentence: Sentence) -> Source:
    return Source(sentence.line, sentence.text)


@dataclass
class Facts:
    """Values by name, each with its source; a name that was not found is None in the JSON."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def put(self, name: str, value: Any, where: Sentence | Source) -> None:
        """The first finding of a name stands."""
        if value is None or value == "" or name in self.values:
            return
        self.values[name] = value
        self.sources[name] = where if isinstance(where, Source) else source(where)

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def json(self, *names: str) -> dict[str, Any]:
        made: dict[str, Any] = {name: self.values.get(name) for name in names}
        made["src"] = {name: at.json() for name, at in self.sources.items() if name in names}
        return made


@dataclass
class Tracker:
    """One thing a policy says it stores or sends. Without a name it is a use that is described.

    `category_published` is the policy's word; `category` is set only where that word maps.
    """

    name: str | None = None
    kind: str = "cookie"
    facts: Facts = field(default_factory=Facts)

    FIELDS = ("name", "party", "provider", "purpose", "category_published", "category", "duration")

    @property
    def line(self) -> int:
        at = self.facts.sources.get("name") or next(iter(self.facts.sources.values()))
        return at.line

    def get(self, name: str) -> Any:
        return self.facts.get(name)

    def json(self) -> dict[str, Any]:
        made = self.facts.json(*self.FIELDS)
        sources = made.pop("src")
        pattern = bool(self.name) and str(self.name).endswith("*")
        return {
            **made,
            "match": "prefix" if pattern else "exact",
            "kind": self.kind,
            "src": sources,
        }
