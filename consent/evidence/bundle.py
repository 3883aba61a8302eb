"""The bundle: all that a stranger needs to check the records of a period, in one zip.

The records are read first and the head of the log is taken last, so the log holds whatever became
of a record meanwhile (an erasure, say). `opened` in the manifest says how long the log was when
reading began: later consents are not in the bundle.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import select

from .. import ledger, sites
from ..db import db, rfc3339
from ..errors import Busy
from ..ledger import proofs, purging
from ..ledger.rows import Head
from ..ledger.signer import Signer
from ..ledger.tree import Tree
from ..notices import Notice
from ..tlog import tiles
from ..trail import Entry, facts
from ..verify import page
from ..verify.archive import entries_name
from ..waiting import DEPLOYMENT, ENTRY, Waiting
from .archive import Zip
from .lines import Lines, ndjson, spelt
from .program import program
from .walk import PAGE, Told, logged, overdue, released

HEAD_S = 5.0  # how long to wait for a head that is stored and not signed yet
TOLD_S = 30.0  # how long to wait for the log to be told of what is gone
STEP_S = 0.1


@dataclass(frozen=True)
class Span:
    """What is wanted: `from_` ≤ received_at < `to` of a site, asked for at `at`."""

    site: str
    from_: datetime | None
    to: datetime | None
    at: datetime


@dataclass
class Signed:
    """A head that is signed and stands in the deployment log, which is signed too."""

    log_id: int
    origin: str
    size: int
    note: str
    chain: dict[str, str] = field(default_factory=dict)


def bundle(span: Span, signer: Signer, regimes: str, told: Told | None = None) -> Iterator[bytes]:
    """The chunks of the zip; `regimes` is the digest of the table in force.

    Raises Busy `busy` before the first chunk where the log is not signed.
    """
    return _Bundle(span, signer, regimes, told).chunks(_signed(span.site))


class _Bundle:
    def __init__(self, span: Span, signer: Signer, regimes: str, told: Told | None) -> None:
        self.span = span
        self.signer = signer
        self.regimes = regimes
        self.told = told
        self.zip = Zip()
        self.tables: dict[str, int] = {}

    def chunks(self, opened: Signed) -> Iterator[bytes]:
        span = self.span
        data = files("consent").joinpath("data")
        read_me = data.joinpath("bundle.txt").read_text("utf-8")
        yield from self._whole("README.txt", read_me.replace("{site}", span.site).encode())
        yield from self._whole("manifest.json", _json(self._manifest(opened)))
        yield from self.zip.member("records.ndjson", self._records(opened.size), large=True)
        yield from self.zip.member("access.ndjson", self._trail(), large=True)
        yield from self._notices()
        yield from self._whole("regimes.yaml", data.joinpath("regimes.yaml").read_bytes())
        head = self._closing()
        yield from self._log(head)
        listed = [{"digest": digest, "entry": index} for digest, index in self.tables.items()]
        yield from self._whole("regimes.json", _json({"in_force": self.regimes, "in_log": listed}))
        yield from self._whole("chain.json", _json(head.chain | {"vkeys": self._vkeys("")}))
        yield from self._whole("verify.pyz", program())
        yield self.zip.close()

    def _manifest(self, opened: Signed) -> dict[str, Any]:
        span = self.span
        return {
            "v": 1,
            "kind": "crumbtrail-evidence",
            "site": span.site,
            "origin": opened.origin,
            "from": rfc3339(span.from_) if span.from_ else None,
            "to": rfc3339(span.to) if span.to else None,
            "began_at": rfc3339(span.at),
            "opened": opened.size,
        }

    def _records(self, size: int) -> Iterator[bytes]:
        span = self.span
        lines = Lines(ndjson(span.site))
        yield from map(lines.of, logged(span.site, size, span.from_, span.to, self.told))
        yield from map(lines.of, overdue(span.site, span.from_, span.to, span.at))

    def _trail(self) -> Iterator[bytes]:
        """Who read and who changed what, with the salts of the acts that are in the log."""
        span, last = self.span, 0
        end = min(span.to or span.at, span.at)
        while True:
            query = select(Entry).where(Entry.site == span.site, Entry.id > last)
            if span.from_:
                query = query.where(Entry.at >= span.from_)
            query = query.where(Entry.at < end if span.to == end else Entry.at <= end)
            lines = list(db.session.scalars(query.order_by(Entry.id).limit(PAGE)))
            yield b"".join(
                spelt(facts(line) | {"salt": line.salt.hex() if line.salt else None}) + b"\n"
                for line in lines
            )
            if len(lines) < PAGE:
                break
            last = lines[-1].id
            released()
        released()

    def _notices(self) -> Iterator[bytes]:
        site = sites.get(self.span.site)
        query = select(Notice.id).where(
            Notice.site_id == site.id, Notice.published_at <= self.span.at
        )
        for number in list(db.session.scalars(query.order_by(Notice.version))):
            notice = db.session.get_one(Notice, number)
            digest, body, content = notice.digest, notice.body, notice.content
            released()
            yield from self._whole(f"notices/{digest}.json", body)
            yield from self._whole(f"notices/{digest}.html", page.render(content, digest))
        released()

    def _log(self, head: Signed) -> Iterator[bytes]:
        for number in range(-(-head.size // tiles.WIDTH)):
            width = tiles.partial_width(head.size, 0, number)
            items = Tree(db.session(), head.log_id).items(number)[:width]
            entries = [item.entry() for item in items]
            released()
            for place, item in enumerate(items):
                if item.kind == ENTRY:
                    self._table(number * tiles.WIDTH + place, json.loads(item.body))
            yield from self._whole(entries_name(number, width), tiles.pack_entries(entries))
        yield from self._whole("log/checkpoint", head.note.encode())
        yield from self._whole("log/vkeys", self._vkeys(self.span.site).encode())

    def _table(self, index: int, entry: dict[str, Any]) -> None:
        if entry.get("k") == "regimes":
            self.tables.setdefault(str(entry.get("h")), index)

    def _closing(self) -> Signed:
        """The head at the end, one that tells of every record that was found erased or gone."""
        due = time.monotonic() + TOLD_S
        while time.monotonic() < due and self._untold():
            time.sleep(STEP_S)
        return _signed(self.span.site)

    def _untold(self) -> bool:
        """Whether the log is still to be told of an erasure or a purge."""
        site = self.span.site
        waits = select(Waiting.body).where(Waiting.site == site, Waiting.kind == ENTRY)
        kinds = {json.loads(body)["k"] for body in db.session.scalars(waits)}
        purged = purging.untold(sites.get(site))
        released()
        return bool(purged or kinds & {"erase", "purge"})

    def _vkeys(self, site: str) -> str:
        origin = db.session.scalars(select(Head.origin).where(Head.site == site)).one()
        released()
        known = self.signer.verifiers(origin, self.span.at, strong=site == DEPLOYMENT)
        return "".join(f"{one.vkey}\n" for one in known)

    def _whole(self, name: str, data: bytes) -> Iterator[bytes]:
        return self.zip.member(name, [data])


def _signed(site: str) -> Signed:
    """The newest head with its place in the deployment log; waits a little for the signature."""
    due = time.monotonic() + HEAD_S
    ledger.head_of(site)  # raises NotFound where nothing was ever signed
    while True:
        found = _try_signed(site)
        released()
        if found is not None:
            return found
        if time.monotonic() >= due:
            raise Busy("busy", "The log is not signed; try again.", status=503, retry_after=5)
        time.sleep(STEP_S)


def _try_signed(site: str) -> Signed | None:
    heads = {
        head.site: head
        for head in db.session.scalars(select(Head).where(Head.site.in_([site, DEPLOYMENT])))
    }
    head, top = heads.get(site), heads.get(DEPLOYMENT)
    if head is None or top is None or head.chained is None:
        return None
    if head.signed != head.size or top.signed != top.size:
        return None
    above = Tree(db.session(), top.id)
    with proofs.trusted(top):
        entry, where = proofs.proven(above, head.chained, top)
    chain = {"entry": entry, "proof": where, "checkpoint": top.note}
    return Signed(head.id, head.origin, head.signed, head.note, chain)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
