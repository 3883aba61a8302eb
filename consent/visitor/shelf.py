"""What the hot routes read at every request, kept in memory: sites for a second, notices for ever.

A published notice never changes, so its copy is never stale. What a site serves may be a second
old; its origins too, which is no wider than the time a request takes to arrive. Where it is older,
one request reads it again, and the others get the old one meanwhile; so do all while the database
is away. Everything is bounded by its weight in bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from .. import notices, sites
from ..db import db
from ..errors import Busy, Conflict, NotFound, Refusal
from ..notices import Answer, Notice
from ..parts import parts
from ..sites import Site
from .reach import AT_ONCE, READING, UNREACHED, reach
from .recent import Recent

FRESH_S = 1.0
MIB = 1024 * 1024
# What each shelf may weigh, and what one thing on it weighs where that is not its own size.
LIMITS = {
    "sites": 32 * MIB,
    "shown": 4 * MIB,
    "bodies": 16 * MIB,
    "contents": 16 * MIB,
    "answers": 8 * MIB,
    "origins": 1 * MIB,
    "served": 8 * MIB,
    "tongues": 4 * MIB,
    "packed": 32 * MIB,
    "said": 4 * MIB,
}
SITE_WEIGHS = 8192
SMALL_WEIGHS = 512
PARSED = 4  # times the bytes of its JSON


@dataclass(frozen=True)
class Shown:
    """A published notice, detached from the database; or one that is given, and not published."""

    id: int
    version: int
    asks: int
    digest: str
    given: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def content(self) -> dict[str, Any]:
        return _content(self.id) if self.given is None else self.given


@dataclass(frozen=True)
class Standing:
    """What a site serves, of one reading at `read` (seconds since 1970). `edition` names what a
    script says of the site itself, beside its notice."""

    read: float
    site: Site
    edition: str
    binding: Shown | None
    running: notices.Running | None

    @property
    def current(self) -> Shown:
        """The notice that binds now; raises NotFound `not_published`."""
        if self.binding is None:
            raise NotFound("not_published", "This site has not published a notice yet.")
        return self.binding

    def chosen(self, network: Callable[[], str | None]) -> Shown:
        """The notice for a visitor of that network: what binds, or what is tried on a share of
        them; `network` is asked only then. Raises NotFound `not_published`.

        Answers that a shared cache may keep take `current`.
        """
        trial = self.running
        if trial is not None and notices.takes_part(trial.key, trial.share, network()):
            return _shown(trial.notice)
        return self.current


def site(key: str) -> Site:
    """Raises NotFound `site_unknown`."""
    return standing(key).site


def holds(of: Site, notice: str, answer: str | None) -> bool:
    """Whether memory alone can tell what a choice about that notice needs to know."""
    shown = shelf("shown").get((of.id, notice))
    return (
        shown is not None
        and shelf("contents").get(shown.id) is not None
        and (answer is None or shelf("answers").get((of.id, answer)) is not None)
        and shelf("origins").get(of.key) is not None
    )


def origin(of: Site) -> str:
    """The name of the site's log, made at first use and frozen."""
    held = shelf("origins")
    found: str | None = held.get(of.key)
    if found is None:
        found = parts().ledger.open(of.key).origin
        held.put(of.key, found, SMALL_WEIGHS)
    return found


def current(of: Site) -> Shown:
    """The notice that binds now; raises NotFound `not_published`."""
    return standing(of.key).current


def running(of: Site) -> notices.Running | None:
    """The trial that is under way, as of the last second."""
    return standing(of.key).running


def superseded(of: Site, shown: Shown) -> bool:
    """Whether a choice about `shown` was made after it had ceased to bind."""
    now = standing(of.key)
    trial = now.running
    return now.current.id != shown.id and (trial is None or trial.notice != shown.id)


def notice(of: Site, digest: str) -> Shown:
    """Any notice the site ever published; raises Conflict `notice_unknown`."""
    held = shelf("shown")
    found: Shown | None = held.get((of.id, digest))
    if found is None:
        try:
            with reach(READING).asking():
                found = _put(notices.by_digest(of, digest))
        except Busy:
            raise
        except Refusal:
            raise Conflict("notice_unknown", "This site never published that notice.") from None
        held.put((of.id, digest), found, SMALL_WEIGHS)
        stands: Standing | None = shelf("sites").get(of.key)
        if stands is not None:  # whoever showed it has read the site later than this process did
            shelf("sites").put(of.key, replace(stands, read=0.0), SITE_WEIGHS)
    return found


def answer_id(of: Site, digest: str) -> tuple[int, int, str] | None:
    """(id, notice id, regime shown) of a variant that was served, or None."""
    held = shelf("answers")
    known: tuple[int, int, str] | None = held.get((of.id, digest))
    if known is None:
        query = select(Answer).where(Answer.site_id == of.id, Answer.digest == digest)
        with reach(READING).asking():
            found = db.session.scalar(query)
        if found is None:
            return None
        known = (found.id, found.notice_id, found.regime)
        held.put((of.id, digest), known, SMALL_WEIGHS)
    return known


def standing(key: str) -> Standing:
    """As of the last second, or older while it cannot be read. Raises NotFound `site_unknown`."""
    held, now = shelf("sites"), parts().clock().timestamp()
    found: Standing | None = held.get(key)
    if found is None:
        return _read(key, now)
    if 0 <= now - found.read < FRESH_S:
        return found
    if AT_ONCE.get() and _sent(key, now):
        return found
    turns, mine = parts().memory.setdefault("turns", {}), object()
    if turns.setdefault(key, mine) is not mine:  # another request is reading it
        return found
    try:
        return _read(key, now)
    except UNREACHED:
        return found
    except NotFound:
        held.forget(key)
        raise
    finally:
        del turns[key]


def _sent(key: str, now: float) -> bool:
    """Whether the loop has just sent a request to a thread, which reads that site again."""
    sent: dict[str, float] = parts().memory.setdefault("sent", {})
    just = 0 <= now - sent.get(key, 0) < FRESH_S
    if not just:
        sent[key] = now
    return just


def _read(key: str, now: float) -> Standing:
    with reach(READING).asking():
        of = sites.get(key)
        number = notices.current_id(of, parts().clock())
        shown = None if number is None else _shown(number)
        trial = notices.running(of)
        db.session.expunge(of)
        if parts().stream is not None:
            _provide(of, shown)
    found = Standing(now, of, _edition(of), shown, trial)
    shelf("sites").put(key, found, SITE_WEIGHS)
    return found


def _provide(of: Site, shown: Shown | None) -> None:
    """What a choice needs to know of its site, read ahead: with INGEST it is taken while the
    database is away, whichever process served the page."""
    held, last = shelf("answers"), parts().memory.setdefault("answered", {})
    news = Answer.site_id == of.id, Answer.id > last.get(of.id, 0)
    for one in db.session.scalars(select(Answer).where(*news).order_by(Answer.id)):
        held.put((of.id, one.digest), (one.id, one.notice_id, one.regime), SMALL_WEIGHS)
        last[of.id] = one.id
    if shown is not None:
        shelf("shown").put((of.id, shown.digest), shown, SMALL_WEIGHS)
        origin(of)


def _edition(of: Site) -> str:
    return json.dumps([of.id, of.key, of.name, of.cookie_domain, of.integrations])


def _shown(number: int) -> Shown:
    held = shelf("shown")
    found: Shown | None = held.get(number)
    if found is None:
        found = _put(db.session.get_one(Notice, number))
        held.put(number, found, SMALL_WEIGHS)
    return found


def _put(found: Notice) -> Shown:
    small = zlib.compress(found.body)
    shelf("bodies").put(found.id, small, len(small))
    return Shown(found.id, found.version, found.asks, found.digest)


def _content(number: int) -> dict[str, Any]:
    held = shelf("contents")
    found: dict[str, Any] | None = held.get(number)
    if found is None:
        body = _body(number)
        found = json.loads(body)
        held.put(number, found, len(body) * PARSED)
    return found


def _body(number: int) -> bytes:
    small: bytes | None = shelf("bodies").get(number)
    if small is not None:
        return zlib.decompress(small)
    with reach(READING).asking():
        found = db.session.get_one(Notice, number)
        _put(found)
        return found.body


def shelf(name: str) -> Recent[Any]:
    """One of LIMITS, of this app."""
    memory = parts().memory
    found: Recent[Any] | None = memory.get(name)
    return memory.setdefault(name, Recent(LIMITS[name])) if found is None else found
