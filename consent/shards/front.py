"""The front of several databases: each request goes to the app of the one its site is in.

The directory is read from home at most once a second, and again where an app refuses in a way that
a site which has moved would explain; then the request is repeated at the right one. While home is
away the last directory holds. What is of no site is home's, or of the database whose name the host
begins with.
"""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Select, select
from sqlalchemy.exc import SQLAlchemyError

from ..databases import HOME
from ..directory import Whereabouts
from ..errors import Busy
from ..stage import site_in

_LOG = logging.getLogger(__name__)
FRESH_S = 1.0
AWAY_S = 2.0
REPEATABLE = 2 * 1024 * 1024  # a larger body is not kept for a second time
EXPLAINED = ("404", "503")  # what a site that has moved would be answered
BELOW = ("log", "readyz", "metrics")  # of a database by name, /shards/<name>/…
LOG = frozenset({"checkpoint", "vkeys", "tile", "check"})
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Directory:
    """What home says of where sites are, remembered."""

    def __init__(self, home: Engine, now: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, str] | None = None
        self._read_at = 0.0
        self._failed_at: float | None = None

    def where(self, site: str) -> str | None:
        """The name of the site's database, as of the last second where home answers; None while
        home was never reached."""
        # While one reads, the others take the old one.
        if self._stale() and self._lock.acquire(blocking=self._known is None):
            try:
                if self._stale():
                    self._read()
            finally:
                self._lock.release()
        return None if self._known is None else self._known.get(site, HOME)

    def look(self, site: str) -> str | None:
        """The same as of now."""
        sure = self.sure(site)
        return sure if sure is not None or self._known is None else self._known.get(site, HOME)

    def sure(self, site: str) -> str | None:
        """What home says now; None where it does not answer."""
        found = self._ask(select(Whereabouts.shard).where(Whereabouts.site == site))
        if found is None:
            return None
        name: str = found[0][0] if found else HOME
        if self._known is not None:
            self._known[site] = name
        return name

    def _stale(self) -> bool:
        return self._known is None or self._now() - self._read_at > FRESH_S

    def _read(self) -> None:
        began = self._now()
        rows = self._ask(select(Whereabouts.site, Whereabouts.shard))
        if rows is not None:
            self._known = {site: shard for site, shard in rows}
            self._read_at = began

    def _ask(self, query: Select[*tuple[Any, ...]]) -> Sequence[Any] | None:
        """None where home does not answer; then nobody asks it again at once."""
        if self._failed_at is not None and self._now() - self._failed_at < AWAY_S:
            return None
        try:
            with self._home.connect() as connection:
                rows = connection.execute(query).all()
        except SQLAlchemyError as error:
            if self._failed_at is None:
                name = type(error).__name__
                _LOG.warning("the directory of shards is not read (%s): memory serves", name)
            self._failed_at = self._now()
            return None
        self._failed_at = None
        return rows


class Front:
    """A WSGI application over those of the databases, by name."""

    def __init__(self, apps: Mapping[str, App], directory: Directory, host: str) -> None:
        """`host` is the public one of this server; `<name>.<host>` is a database's own."""
        self._apps = dict(apps)
        self._directory = directory
        self._hosts = {f"{name}.{host}": name for name in apps}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        site = site_of(path)
        if site is None:
            return self._of_none(path, environ, start)
        body = _kept(environ)
        came = dict(environ)
        name = self._directory.where(site)
        while True:
            if name is None or name not in self._apps:
                return _busy(start)
            answer = Answer()
            told = self._apps[name](environ, answer)
            if not answer.status.startswith(EXPLAINED) or body is None:
                break
            again = self._directory.look(site)
            if again == name:
                break
            _close(told)
            name, environ = again, came | {"wsgi.input": io.BytesIO(body)}
        answer.pass_on(start)
        return told

    def _of_none(
        self, path: str, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        parts = path.split("/", 4)
        if len(parts) > 3 and parts[1] == "shards" and parts[3] in BELOW:
            if parts[2] in self._apps:
                environ["PATH_INFO"] = "/" + "/".join(parts[3:])
                environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}/shards/{parts[2]}"
                return self._apps[parts[2]](environ, start)
        if path == "/log/check":
            return self._of_one(environ, start)
        name = self._hosts.get(environ.get("HTTP_HOST", "").lower(), HOME)
        return self._apps[name](environ, start)

    def _of_one(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Whichever knows the log that a checkpoint is of."""
        body, told, answer = _kept(environ), None, Answer()
        for app in self._apps.values():
            if told is not None:
                _close(told)
            answer = Answer()
            told = app(dict(environ) | ({"wsgi.input": io.BytesIO(body)} if body else {}), answer)
            if body is None or not answer.status.startswith("404"):
                break
        answer.pass_on(start)
        return told or []


class Answer:
    """What an app begins its answer with, held back until it is known whose answer counts."""

    def __init__(self) -> None:
        self.status = ""
        self._said: tuple[Any, ...] = ()

    def __call__(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        self.status, self._said = status, (status, headers, error)

    def pass_on(self, start: Callable[..., Any]) -> None:
        status, headers, error = self._said
        start(status, headers, error) if error else start(status, headers)


def site_of(path: str) -> str | None:
    """The key of the site that an address is about, or None."""
    parts = path.split("/")[1:]
    match parts:
        case ["v1", "admin", "sites", key, *_] | ["admin", "sites", key, _, *_]:
            return key if key not in ("", "new") else None
        case ["v1", "admin", *_]:
            return None
        case ["v1", "audit", key, _, *_] | ["v1", key, _, *_] | ["demo", key, _, *_]:
            return key or None
        case ["log", key, ("checkpoint" | "vkeys" | "tile"), *_] if key not in LOG:
            return key or None
        case ["stage", sealed, *_]:
            return site_in(sealed)
    return None


def _kept(environ: dict[str, Any]) -> bytes | None:
    """The body, read so that it can be read again; None where it is too long, or of no length."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length:
        return None if "HTTP_TRANSFER_ENCODING" in environ else b""
    if not length.isdigit() or int(length) > REPEATABLE:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _close(told: Iterable[bytes]) -> None:
    close = getattr(told, "close", None)
    if close is not None:
        close()


def _busy(start: Callable[..., Any]) -> list[bytes]:
    refusal = Busy("busy", "It is not known where this site is; please repeat.", retry_after=2)
    body = json.dumps(refusal.body()).encode()
    told = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Retry-After": str(refusal.retry_after),
        "X-Consent-Refused": refusal.code,
    }
    start("503 Service Unavailable", list(told.items()))
    return [body]
