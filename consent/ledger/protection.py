"""How far the log can be believed on this server, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..db import db
from ..saying import Said, all_of, say
from ..tlog import note
from .integrate import Ledger
from .witnessing import ALARM_AFTER, Witnessing

NEEDED = say("Whoever holds the key would need their help to rewrite history.")


@dataclass(frozen=True)
class Guard:
    """One thing that protects the log, or does not (`good`)."""

    good: bool
    words: str


def protection(ledger: Ledger, at: datetime) -> list[Guard]:
    """What protects the log now: key, disks, witnesses."""
    return [_key(ledger, at), _disks(ledger), _witnesses(ledger.witnessing, at)]


def _key(ledger: Ledger, at: datetime) -> Guard:
    since = ledger.signer.keys(at)[0].since
    return Guard(
        True,
        say(
            "Every head is signed; the key has been in use since %(since)s. Nobody changes "
            "an entry without that key.",
            since=format(since, "%Y-%m-%d"),
        ),
    )


def _disks(ledger: Ledger) -> Guard:
    url = db.engine.url
    own = _device(ledger.signer.folder)
    if url.get_backend_name() != "sqlite" or _device(Path(url.database or "")) != own:
        return Guard(
            True,
            say(
                "The key and the database are apart. A database that was swapped or restored gets"
                " no signature."
            ),
        )
    return Guard(
        False,
        say(
            "The key and the database are on one disk. A database that was swapped gets no"
            " signature, but whoever takes or restores the whole disk has both. SIGNER_STATE moves"
            " the key."
        ),
    )


def _witnesses(witnessing: Witnessing | None, at: datetime) -> Guard:
    if witnessing is None or not witnessing.policy.witnesses:
        return Guard(
            False,
            say(
                "No outside witness remembers the log. Whoever holds the key can rewrite its whole"
                " history. WITNESS_POLICY names witnesses."
            ),
        )
    head = witnessing.head()
    known = {one.name: one.key for one in witnessing.policy.witnesses}
    signed = {} if head is None else head.cosigned
    count = say(
        "%(signed)s of %(known)s witnesses have cosigned the newest head",
        signed=len(signed),
        known=len(known),
    )
    if head is not None and witnessing.policy.satisfied([known[name] for name in signed]):
        times = [note.cosignature_time(line) for line in signed.values()]
        when = f", last at {_said(datetime.fromtimestamp(max(times), UTC))}" if times else ""
        return Guard(
            True,
            say(
                "%(count)s, of %(size)s entries%(when)s, as the policy asks. %(needed)s",
                count=count,
                size=head.size,
                when=when,
                needed=NEEDED,
            ),
        )
    last = witnessing.satisfied
    if last and at - last <= ALARM_AFTER:
        text = say(
            "Witnesses cosigned the log at %(last)s, as the policy asks; the newest head"
            " is on its way to them. %(needed)s"
        )
        return Guard(True, Said(text, {"last": _said(last), "needed": NEEDED}))
    words: list[str] = [say("%(count)s, fewer than the policy asks.", count=count)]
    if last:
        words.append(say("They were enough last at %(last)s.", last=_said(last)))
    if witnessing.trouble:
        words.append(say("%(troubles)s.", troubles=witnessing.troubles()))
    return Guard(False, all_of(words, " "))


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _device(path: Path) -> int:
    """The disk that a file is on, or would be."""
    while not path.exists():
        path = path.parent
    return path.stat().st_dev
