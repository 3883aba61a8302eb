"""What the hot routes read at every request, kept in memory: sites for a second, notices for ever.

A published notice never changes, so its copy is never stale. A site's settings may be a second
old; its origins too, which is no wider than the time a request takes to arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from .. import notices, sites
from ..db import db
from ..errors import Conflict, NotFound, Refusal
from ..notices import Answer, Notice
from ..parts import parts
from ..sites import Site

FRESH_S = 1.0
KEPT = 4096


@dataclass(frozen=True)
class Shown:
    """A published notice, detached from the database."""

    id: int
    version: int
    asks: int
    digest: str
    content: dict[str, Any]


def site(key: str) -> Site:
    """Raises NotFound `site_unknown`."""
    found: Site = _fresh("site", key, lambda: _detached(sites.get(key)))
    return found


def origin(of: Site) -> str:
    """The name of the site's log, made at first use and frozen."""
    found: str = _kept("origin", of.key, lambda: parts().ledger.open(of.key).origin)
    return found


def current(of: Site) -> Shown:
    """The notice that binds now; raises NotFound `not_published`."""
    found: Shown | None = _fresh("current", of.key, lambda: _current(of))
    if found is None:
        raise NotFound("not_published", "This site has not published a notice yet.")
    return found


def chosen(of: Site, network: str | None) -> Shown:
    """The notice for a visitor of that network: what binds, or what is tried on a share of them.

    Answers that a shared cache may keep take `current`. Raises NotFound `not_published`.
    """
    trial = running(of)
    if trial is not None and notices.takes_part(trial.key, trial.share, network):
        tried: Shown = _kept("tried", trial.notice, lambda: _by_id(trial.notice))
        return tried
    return current(of)


def running(of: Site) -> notices.Running | None:
    """The trial that is under way, as of the last second."""
    found: notices.Running | None = _fresh("trial", of.key, lambda: notices.running(of))
    return found


def superseded(of: Site, shown: Shown) -> bool:
    """Whether a choice about `shown` was made after it had ceased to bind."""
    trial = running(of)
    return current(of).id != shown.id and (trial is None or trial.notice != shown.id)


def notice(of: Site, digest: str) -> Shown:
    """Any notice the site ever published; raises Conflict `notice_unknown`."""
    shown: Shown = _kept("notice", (of.id, digest), lambda: _notice(of, digest))
    return shown


def answer_id(of: Site, digest: str) -> tuple[int, int, str] | None:
    """(id, notice id, regime shown) of a variant that was served, or None."""
    memory = parts().memory.setdefault("answer", {})
    known: tuple[int, int, str] | None = memory.get((of.id, digest))
    if known is None:
        query = select(Answer).where(Answer.site_id == of.id, Answer.digest == digest)
        found = db.session.scalar(query)
        if found is None:
            return None
        known = (found.id, found.notice_id, found.regime)
        _put(memory, (of.id, digest), known)
    return known


def _current(of: Site) -> Shown | None:
    found = notices.current(of, parts().clock())
    return None if found is None else _shown(found)


def _notice(of: Site, digest: str) -> Shown:
    try:
        return _shown(notices.by_digest(of, digest))
    except Refusal:
        raise Conflict("notice_unknown", "This site never published that notice.") from None


def _by_id(number: int) -> Shown:
    return _shown(db.session.get_one(Notice, number))


def _shown(found: Notice) -> Shown:
    return Shown(found.id, found.version, found.asks, found.digest, found.content)


def _detached(found: Site) -> Site:
    db.session.expunge(found)
    return found


def _fresh(shelf: str, key: str, load: Any) -> Any:
    memory = parts().memory.setdefault(shelf, {})
    now = parts().clock().timestamp()
    at, value = memory.get(key, (None, None))
    if at is None or not 0 <= now - at < FRESH_S:
        value = load()
        _put(memory, key, (now, value))
    return value


def _kept(shelf: str, key: Any, load: Any) -> Any:
    memory = parts().memory.setdefault(shelf, {})
    value = memory.get(key)
    if value is None:
        value = load()
        _put(memory, key, value)
    return value


def _put(memory: dict[Any, Any], key: Any, value: Any) -> None:
    if len(memory) >= KEPT:
        memory.clear()  # bounded; what is still in use comes back with the next request
    memory[key] = value
