"""Ownership: who has shown that a site's host is theirs, and when.

A scan from the admin visits a website with a browser, again and again. Whoever runs this server
for others must not be a way to bother a stranger's, so each host is proven first, and again every
week: by a TXT record, or by a file. That our tag is on a page with the site's key proves nothing:
the key is public, and anybody may paste it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from . import egress, sites, trail
from .db import Base, Instant, db
from .egress import Fetched, Misspelt, Unreachable, read_host
from .errors import Forbidden, Invalid
from .saying import say
from .sites import Site

COUNTS = timedelta(days=30)  # a proof that nobody could look at again goes on for so long
AGAIN = timedelta(days=7)
FILE_MAX = 1024
WAYS = ("dns", "file")

Ask = Callable[[str], list[str]]  # TXT records of a name; raises Unreachable
Get = Callable[[str], Fetched]  # one document, without redirects; raises Unreachable


class Ownership(Base):
    """`way` is how it was last proven, `problem` why the last look found no proof."""

    __tablename__ = "ownership"
    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    host: Mapped[str] = mapped_column(String(253))
    token: Mapped[str] = mapped_column(String(32))
    way: Mapped[str | None] = mapped_column(String(4))
    proven_at: Mapped[datetime | None] = mapped_column(Instant)
    looked_at: Mapped[datetime | None] = mapped_column(Instant)
    problem: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (UniqueConstraint("site_id", "host"),)


@dataclass(frozen=True)
class Wanted:
    """What the owner puts up: one of the two. The file's text is not in its address, so a server
    that repeats what it was asked for proves nothing."""

    record: str
    value: str
    file: str
    text: str


class Looked(NamedTuple):
    """`way` is one of WAYS, None without a proof; `sure` says that both were looked at."""

    way: str | None
    sure: bool


def claim(site: Site, host: str, by: str, at: datetime) -> Ownership:
    """The claim to a host, made where there is none; raises Invalid `host_value` for a host that
    is not among the site's origins, or is no name."""
    host = _host(site, host)
    found = _find(site, host)
    if found is None:
        token = secrets.token_hex(16)
        found = Ownership(site_id=site.id, host=host, token=token)
        db.session.add(found)
        trail.write("ownership.claim", by, at, site.key, host=host)
        db.session.commit()
    return found


def wanted(claimed: Ownership) -> Wanted:
    """Record and file of a claim."""
    proof = hashlib.sha256(f"crumbtrail ownership {claimed.token}".encode()).hexdigest()[:40]
    return Wanted(
        record=f"_crumbtrail.{claimed.host}",
        value=f"crumbtrail={proof}",
        file=f"https://{claimed.host}/.well-known/crumbtrail-{claimed.token}.txt",
        text=proof,
    )


def look(site: Site, host: str, by: str, at: datetime, ask: Ask, get: Get) -> bool:
    """Look for the proof now; whether there is one.

    Where there was one and now is none, it is lost at once; where the DNS or the server did not
    answer it stands until COUNTS is over. No transaction is open while others are asked. Raises
    Invalid `host_value`.
    """
    claimed = claim(site, host, by, at)
    key, number, asked = site.key, claimed.id, wanted(claimed)
    db.session.rollback()
    looked = _look(asked, ask, get)
    claimed = db.session.get_one(Ownership, number)
    before = claimed.proven_at
    claimed.looked_at = at
    claimed.problem = None if looked.way else "missing" if looked.sure else "unreachable"
    if looked.way:
        claimed.way, claimed.proven_at = looked.way, at
        if before is None or before + COUNTS <= at:
            trail.write("ownership.prove", by, at, key, host=claimed.host, way=looked.way)
    elif looked.sure and before is not None:
        claimed.proven_at = None
        trail.write("ownership.lose", by, at, key, host=claimed.host)
    db.session.commit()
    return looked.way is not None


def proven(site: Site, host: str, at: datetime) -> bool:
    """Whether the host is among the site's origins and its proof counts now."""
    try:
        found = _find(site, _host(site, host))
    except Invalid:
        return False
    return bool(found and found.proven_at and at < found.proven_at + COUNTS)


def check(site: Site, host: str, at: datetime) -> None:
    """Raises Forbidden `not_proven`, with what to do."""
    if not proven(site, host, at):
        raise Forbidden(
            "not_proven",
            say(
                "Nobody has shown that %(host)s is yours. A scan visits its pages with a "
                "browser, so we ask for a proof first: a DNS record or a file.",
                host=host,
            ),
        )


def of_site(site: Site) -> list[Ownership]:
    query = select(Ownership).where(Ownership.site_id == site.id).order_by(Ownership.host)
    return list(db.session.scalars(query))


def due(at: datetime) -> list[tuple[Site, str]]:
    """Proofs to be looked at again: those that count and were not looked at for AGAIN."""
    query = (
        select(Site, Ownership.host)
        .join(Ownership, Ownership.site_id == Site.id)
        .where(Ownership.proven_at > at - COUNTS, Ownership.looked_at <= at - AGAIN)
        .order_by(Ownership.looked_at)
    )
    return [(site, host) for site, host in db.session.execute(query)]


def _find(site: Site, host: str) -> Ownership | None:
    query = select(Ownership).where(Ownership.site_id == site.id, Ownership.host == host)
    return db.session.scalar(query)


def _host(site: Site, text: str) -> str:
    """A name of the site's, without a port; raises Invalid."""
    try:
        host = read_host(text.strip())
    except Misspelt:
        host = ""
    if not isinstance(host, str) or "." not in host or not sites.covers(site, host):
        raise Invalid(
            "host_value", "A name among the site's origins, like www.example.com; no address."
        )
    return host


def _look(asked: Wanted, ask: Ask, get: Get) -> Looked:
    """Both ways; one is enough."""
    sure = True
    try:
        if asked.value in {text.strip() for text in ask(asked.record)}:
            return Looked("dns", True)
    except Unreachable:
        sure = False
    for url in (asked.file, asked.file.replace("https://", "http://", 1)):
        try:
            got = get(url)
        except Unreachable:
            continue
        if got.status == 200 and got.body[:FILE_MAX].strip() == asked.text.encode():
            return Looked("file", True)
        return Looked(None, sure)  # the server answered, and not with the proof
    return Looked(None, False)


def getter(agent: str) -> Get:
    """Asks through a guard of its own, and follows nobody anywhere: a proof is at its place.

    `agent` says who asks.
    """

    def get(url: str) -> Fetched:
        with egress.Guard(egress.Policy(seconds_max=30)) as guard:
            return egress.fetch(
                guard, url, agent=agent, bytes_max=64 * 1024, seconds=10, redirects=0
            )

    return get
