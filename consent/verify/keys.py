"""Whose signatures count: keys that came with the evidence, narrowed by keys from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consent.tlog import note
from consent.tlog.merkle import Wrong
from consent.tlog.note import ED25519, Verifier

SHARD = re.compile(r"/shards/[a-z][a-z0-9]{0,15}/log")


@dataclass(frozen=True)
class Keys:
    """`pinned` are keys somebody gave us apart from the evidence; where there are any, only they
    count. A key is pinned by its bytes: the server signs all of its logs with one key."""

    pinned: tuple[Verifier, ...] = ()

    def of(self, origin: str, brought: Sequence[Verifier]) -> list[Verifier]:
        """The Ed25519 keys that may sign for `origin`; raises Wrong where there is none."""
        known = self.pinned or tuple(brought)
        publics = dict.fromkeys(one.public for one in known if one.kind == ED25519)
        if self.pinned:
            among = {one.public for one in brought}
            if brought and not among & set(publics):
                raise Wrong("none of its keys is one that you gave with --key")
        if not publics:
            raise Wrong("there is no key to check it with: give one with --key")
        return [Verifier(origin, ED25519, public) for public in publics]


def deployment_of(origin: str, named: str) -> str:
    """The deployment log that holds the heads of this site's log: `named`, if it is one of the same
    server, which has a further one for each further database (consent/shards). Raises Wrong."""
    top = origin.rpartition("/")[0]
    base = top.removesuffix("/log")
    if named == top or SHARD.fullmatch(named.removeprefix(base)):
        return named
    raise Wrong("the head stands in the deployment log of another server")


def parse_lines(text: str) -> list[Verifier]:
    """The keys of a `vkeys` file, one a line; raises Wrong for anything else."""
    lines = text.split("\n")
    if lines.pop() != "" or not lines:
        raise Wrong("a list of keys has one key on each line")
    return [note.parse_vkey(line) for line in lines]


def parse_all(vkeys: Iterable[str]) -> tuple[Verifier, ...]:
    return tuple(note.parse_vkey(text.strip()) for text in vkeys)
