"""Which logs are meant, and which witnesses together suffice (c2sp.org/tlog-policy).

Every witness and group counts in at most one group, and a group names only what stands above it,
so a policy has no circles and no witness is counted twice.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from consent.tlog.merkle import Wrong
from consent.tlog.note import COSIGNATURE, ED25519, ML_DSA_44, Verifier, parse_vkey
from consent.tlog.spelling import number, plain

NONE = "none"

_LOG_KINDS = (ED25519, ML_DSA_44)
_WITNESS_KINDS = (COSIGNATURE, ML_DSA_44)


@dataclass(frozen=True)
class Party:
    """A log or a witness; `name` is what the policy calls it (a log: by its key's name)."""

    name: str
    key: Verifier
    url: str | None = None


@dataclass(frozen=True)
class Group:
    """Holds if at least `threshold` of its members do: witnesses, or groups above it."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Logs, witnesses and groups in the order of their lines, and the name of what must hold."""

    logs: tuple[Party, ...]
    witnesses: tuple[Party, ...]
    groups: tuple[Group, ...]
    quorum: str

    def satisfied(self, cosigners: Collection[Verifier]) -> bool:
        """Whether these keys, whose signatures under a checkpoint are verified, are the quorum."""
        held = {witness.name for witness in self.witnesses if witness.key in cosigners}
        for group in self.groups:
            if len(held & set(group.members)) >= group.threshold:
                held.add(group.name)
        return self.quorum == NONE or self.quorum in held


def parse(text: str) -> Policy:
    """The policy that a file spells; Wrong for anything else."""
    lines = plain(text.replace("\t", " ")).split("\n")
    if lines.pop() != "" or "\x7f" in text:
        raise Wrong("a policy is made of lines without control characters")
    draft = _Draft()
    for line in lines:
        items = [item for item in line.split(" ") if item]
        if items and not items[0].startswith("#"):
            draft.add(*items)
    return draft.policy()


def text(policy: Policy) -> str:
    """A file that spells the policy, with one space between items."""
    logs = [" ".join(["log", log.key.vkey, *_url(log)]) for log in policy.logs]
    witnesses = [
        " ".join(["witness", witness.name, witness.key.vkey, *_url(witness)])
        for witness in policy.witnesses
    ]
    groups = [
        " ".join(["group", group.name, str(group.threshold), *group.members])
        for group in policy.groups
    ]
    lines = [*logs, *witnesses, *groups, f"quorum {policy.quorum}"]
    return "".join(f"{line}\n" for line in lines)


@dataclass
class _Draft:
    """A policy as far as its lines have been read."""

    logs: list[Party] = field(default_factory=list)
    witnesses: list[Party] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    names: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)

    def add(self, word: str, *items: str) -> None:
        verbs: dict[str, Callable[..., None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        if word not in verbs:
            raise Wrong(f"a policy has no line that begins with {word}")
        verbs[word](items)

    def policy(self) -> Policy:
        if self.quorum is None:
            raise Wrong("a policy has a quorum")
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorum)

    def _log(self, items: tuple[str, ...]) -> None:
        if len(items) not in (1, 2):
            raise Wrong("a log has a verifier key, and perhaps a URL")
        key = parse_vkey(items[0])
        self.logs.append(_party(key.name, key, items[1:], self.logs, _LOG_KINDS))

    def _witness(self, items: tuple[str, ...]) -> None:
        if len(items) not in (2, 3):
            raise Wrong("a witness has a name and a verifier key, and perhaps a URL")
        self._define(items[0])
        key = parse_vkey(items[1])
        self.witnesses.append(_party(items[0], key, items[2:], self.witnesses, _WITNESS_KINDS))

    def _group(self, items: tuple[str, ...]) -> None:
        if len(items) < 3:
            raise Wrong("a group has a name, a threshold and members")
        name, wanted, *members = items
        if not self.names.issuperset(members):
            raise Wrong(f"the group {name} has a member that no line above it defines")
        if len(set(members)) != len(members) or self.members & set(members):
            raise Wrong(f"the group {name} has a member that is already counted")
        threshold = {"any": 1, "all": len(members)}.get(wanted) or number(wanted)
        if not 1 <= threshold <= len(members):
            raise Wrong(f"the group {name} has {len(members)} members")
        self._define(name)
        self.members |= set(members)
        self.groups.append(Group(name, threshold, tuple(members)))

    def _quorum(self, items: tuple[str, ...]) -> None:
        if self.quorum is not None:
            raise Wrong("a policy has one quorum")
        if len(items) != 1 or items[0] not in {NONE, *self.names}:
            raise Wrong("a quorum is none, or what a line above it defines")
        self.quorum = items[0]

    def _define(self, name: str) -> None:
        if name == NONE or name in self.names:
            raise Wrong(f"the name {name} is taken")
        self.names.add(name)


def _party(
    name: str, key: Verifier, url: tuple[str, ...], others: list[Party], kinds: tuple[int, ...]
) -> Party:
    if key.kind not in kinds:
        raise Wrong(f"the key of {name} is of a kind that others use")
    if any(key.public == other.key.public for other in others):
        raise Wrong(f"the key of {name} is already listed")
    return Party(name, key, *url)


def _url(party: Party) -> list[str]:
    return [] if party.url is None else [party.url]
