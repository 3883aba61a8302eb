"""What a rule of the lint is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...saying import Said


class Mend(NamedTuple):
    """Where something is mended: `texts` of a language, a `tracker` or a `service` by name,
    `settings`, `layout`."""

    where: str
    name: str = ""


@dataclass(frozen=True)
class Finding:
    """What the lint has against a draft; one that `blocks` refuses publishing. `law` says where
    the rule comes from."""

    code: str
    said: Said
    mend: Mend
    law: str
    blocks: bool = False

    @property
    def sentence(self) -> str:
        return str(self.said)


@dataclass(frozen=True)
class Rule:
    """`look` finds (sentence, where it is mended) in a body without version numbers."""

    code: str
    blocks: bool
    law: str
    look: Callable[[dict[str, Any]], Iterable[tuple[Said, Mend]]]

    def findings(self, body: dict[str, Any]) -> Iterator[Finding]:
        for said, mend in self.look(body):
            yield Finding(self.code, said, mend, self.law, self.blocks)
