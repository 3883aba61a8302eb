"""What the tables hold against what a log says of them: notices, acts, inventory, erasures, counts.

Both directions are looked at: what the log names must be there, and what is there must be in the
log or wait for it, exactly once.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from .. import inventory, leaf
from ..db import db, from_micros, rfc3339
from ..notices import Answer, Notice
from ..records.rows import TEST, Row
from ..sites import Site
from ..trail import Entry, facts
from ..waiting import CONSENT, DEPLOYMENT, ENTRY, Waiting
from .purging import Told, unexplained, untold
from .remade import remade
from .rows import Tile, day

WITHDRAWING = ("notice.withdraw", "notice.trial_stop")


@dataclass
class Said:
    """What a site's log says. `wiped` are entries of records that are gone or erased: index, seq
    and whether the row itself is gone; `logged` counts entries of records. `left` are logs, by
    number, that went on in another database."""

    told: dict[str, str] = field(default_factory=dict)
    notices: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    inventory: str | None = None
    erased: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    wiped: list[tuple[int, int, bool]] = field(default_factory=list)
    purged: list[Told] = field(default_factory=list)
    logged: int = 0

    def hear(self, entry: dict[str, Any]) -> None:
        """Take in an entry that is not a record's."""
        kind = entry.get("k")
        if kind in ("regimes", "build", "key"):
            self.told[kind] = str(entry.get("h"))
        elif kind == "notice":
            self.notices[str(entry.get("h"))] += 1
        elif kind == "inventory":
            self.inventory = str(entry.get("h"))
        elif kind == "admin":
            self.acts[str(entry.get("c"))] += 1
        elif kind == "erase":
            self.erased.add(int(entry.get("r", -1)))
        elif kind == "left":
            self.left.add(int(entry.get("l", -1)))
        elif kind == "purge":
            self.purged.append((str(entry.get("u")), int(entry.get("n", 0))))


def artefacts(name: str, said: Said) -> Iterator[str]:
    """What the tables of site `name` have that its log has not, and the other way round."""
    site = db.session.scalar(select(Site).where(Site.key == name))
    if site is None:
        yield f"site {name}: it is gone, and its log is here."
        return
    consents = 0
    for line in db.session.scalars(select(Waiting).where(Waiting.site == name)):
        if line.kind == CONSENT:
            consents += 1
        elif (entry := waiting_entry(line)) is not None:
            said.hear(entry)
    stored = Counter(db.session.scalars(select(Notice.digest).where(Notice.site_id == site.id)))
    yield from _differ("notice", name, said.notices, stored)
    acts = select(Entry).where(Entry.site == name, Entry.salt.is_not(None))
    lines = list(db.session.scalars(acts))
    made = Counter(leaf.commitment(facts(line), line.salt or b"") for line in lines)
    yield from _differ("trail", name, said.acts, made)
    if any(line.organisation_id != site.organisation_id for line in lines):
        yield f"trail of {name}: a line stands in another organisation than the site."
    yield from _taken_back(site, lines)
    if said.inventory not in (None, leaf.digest(inventory.state(site))):
        yield f"inventory of {name}: it is not what the log or what waits says of it last."
    gone = [(index, day(seq)) for index, seq, _ in said.wiped if index not in said.erased]
    for why in unexplained(gone, [*said.purged, *untold(site)]):
        yield f"record of {name}, {why}."
    real = select(func.count()).where(Row.site_id == site.id, Row.flags.bitwise_and(TEST) == 0)
    rows = db.session.scalar(real) or 0
    due = said.logged - sum(1 for _, _, absent in said.wiped if absent) + consents
    if rows != due:
        yield f"record of {name}: {rows} in the table, {due} in the log and waiting."


def _taken_back(site: Site, lines: list[Entry]) -> Iterator[str]:
    """A notice that was withdrawn says when; the log vouches for the act through the trail."""
    told = {
        (line.detail["version"], rfc3339(line.at)) for line in lines if line.verb in WITHDRAWING
    }
    withdrawn = select(Notice).where(Notice.site_id == site.id, Notice.withdrawn_at.is_not(None))
    kept = {
        (one.version, rfc3339(one.withdrawn_at))
        for one in db.session.scalars(withdrawn)
        if one.withdrawn_at
    }
    if told != kept:
        yield f"notice of {site.key}: what was taken back is not what the trail says."


def waiting_entry(line: Waiting) -> dict[str, Any] | None:
    """The entry of a line that waits, or None where no such entry can have been put there."""
    try:
        entry = json.loads(line.body)
        sound = line.kind == ENTRY and leaf.jcs(entry) == line.body
        sound = sound and (entry["d"], entry["v"]) == (day(line.seq), 1)
    except (ValueError, LookupError, TypeError, OverflowError):
        return None
    return entry if sound else None


def public_rows() -> Iterator[str]:
    """Rows that name themselves by digest: notices and answers; and what waits."""
    yield from _notices()
    yield from _answers()
    for line in db.session.scalars(select(Waiting)):
        where = f"waiting {line.id} of {line.site or 'the deployment'}"
        if line.kind != CONSENT:
            if waiting_entry(line) is None:
                yield f"{where}: it is no entry that was put there."
            continue
        row = remade(line.site, [line.seq]).get(line.seq)
        if row is None or row[1] != line.body.hex():
            yield f"{where}: the record is not what was acknowledged."


def strays(sites_with_logs: Iterable[str], logs: Iterable[int]) -> Iterator[str]:
    """Rows that belong to no site and to no log, and sites whose log is gone."""
    keys = {site.id: site.key for site in db.session.scalars(select(Site))}
    for name in sorted(set(keys.values()) - set(sites_with_logs)):
        yield from artefacts(name, Said())
    for noun, column in (("record", Row.site_id), ("notice", Notice.site_id)):
        for number in db.session.scalars(select(column).where(column.not_in(keys)).distinct()):
            yield f"{noun}: there is no site {number}."
    for number in db.session.scalars(
        select(Tile.log_id).where(Tile.log_id.not_in(set(logs))).distinct()
    ):
        yield f"log_tile: there is no log {number}."
    known = {*keys.values(), DEPLOYMENT}
    for key in db.session.scalars(select(Waiting.site).where(Waiting.site.not_in(known))):
        yield f"waiting: there is no site {key}."


def _notices() -> Iterator[str]:
    for notice in db.session.scalars(select(Notice)):
        where = f"notice {notice.id}"
        if _sha256(notice.body) != notice.digest:
            yield f"{where}: its digest is not that of its body."
            continue
        body = json.loads(notice.body)
        times = (rfc3339(notice.published_at), rfc3339(notice.effective_at))
        if (notice.version, notice.asks, *times) != (
            body["version"],
            body["asks"],
            body["published_at"],
            body["effective_at"],
        ):
            yield f"{where}: its columns are not what its body says."


def _answers() -> Iterator[str]:
    for answer in db.session.scalars(select(Answer)):
        notice = db.session.get(Notice, answer.notice_id)
        body = json.loads(answer.body) if _sha256(answer.body) == answer.digest else {}
        said = (body.get("notice"), body.get("regime", {}).get("id"), body.get("language"))
        of = (notice.digest, notice.site_id) if notice else (None, None)
        if (*said, answer.site_id) != (of[0], answer.regime, answer.language, of[1]):
            yield f"answer {answer.id}: it is not what its digest names."


def _differ(noun: str, name: str, said: Counter[str], stored: Counter[str]) -> Iterator[str]:
    for digest in sorted((said - stored).keys()):
        yield f"{noun} of {name}: {digest} is in the log or waits, and is gone or was changed."
    for digest in sorted((stored - said).keys()):
        yield f"{noun} of {name}: {digest} is in the table and not in the log."


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record_at(name: str, seq: int, index: int) -> str:
    """The words that name a record of the log."""
    return f"record of {name} at {rfc3339(from_micros(seq))}, entry {index}"
