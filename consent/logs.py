"""The log: one event a line where LOG_FORMAT is json, and nobody's data in either form.

Words that come from outside (messages of exceptions, above all) are cleaned: addresses, e-mails,
what follows a question mark, keys, visitors' codes and our own secrets give way to what they were.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from flask import Flask, Response, g, has_request_context, request

from .config import Config

LONGEST = 2000
FRAMES = 25
CLEAN = (
    # What a database driver tells of the row it choked on.
    (re.compile(r"(?:\[parameters:|\[SQL:|DETAIL:|CONTEXT:).*", re.DOTALL), "<row>"),
    (re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@]+@"), r"\1<password>@"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+|\bct[a-z]?_[A-Za-z0-9_-]{8,}"), "<key>"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\"]+"), r"\1 <key>"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|token|cookie|code)(['\"]?\s*[=:]\s*)[^\s&;,)]+"),
        r"\1\2<secret>",
    ),
    (re.compile(r"[^\s@<>\"'(,;:=]+@[^\s@<>\"'),;]+"), "<e-mail>"),
    (re.compile(r"\?[^\s'\"<>]+"), "?<query>"),
    (re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])"), "<address>"),
    (
        re.compile(
            r"(?i)(?<![\w:])(?=[0-9a-f:]*::|(?:[0-9a-f]+:){3})(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?=\W|$))(?![\w:])"
        ),
        "<address>",
    ),
    (re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    # Whatever is long and holds a digit may be a secret; a name of ours holds none.
    (re.compile(r"(?<![\w./-])(?=[A-Za-z_+=-]*\d)[A-Za-z0-9_+=-]{20,}"), "<code>"),
)


class Cleaner:
    """Takes out what is nobody's business; `known` are secrets of this server, as they are."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = sorted({one for one in known if len(one) >= 4}, key=len, reverse=True)

    def __call__(self, said: str) -> str:
        for one in self._known:
            said = said.replace(one, "<secret>")
        for pattern, instead in CLEAN:
            said = pattern.sub(instead, said)
        return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


class Lines(logging.Formatter):
    """An event as one line: JSON, or text whose control characters are spelt out."""

    def __init__(self, clean: Cleaner, as_json: bool) -> None:
        super().__init__()
        self._clean, self._json = clean, as_json

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(_message(record)),
            **getattr(record, "facts", {}),
        }
        if has_request_context():
            said["request"] = request_id()
            said["route"] = request.url_rule.rule if request.url_rule else None
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            said["error"] = self._error(error)
        return json.dumps(said, ensure_ascii=True) if self._json else _text(said)

    def _error(self, error: BaseException) -> list[dict[str, object]]:
        """The chain of exceptions, the last one first: kind, cleaned words, where."""
        chain: list[dict[str, object]] = []
        seen: BaseException | None = error
        while seen is not None and len(chain) < 5:
            frames = traceback.extract_tb(seen.__traceback__)[-FRAMES:]
            where = [f"{_short(one.filename)}:{one.lineno} {one.name}" for one in frames]
            kind = f"{type(seen).__module__}.{type(seen).__qualname__}"
            chain.append({"kind": kind, "words": self._clean(str(seen)), "where": where})
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
        return chain


def settle(app: Flask, config: Config) -> None:
    """From now on every logger of this process writes so, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(Cleaner(known_secrets(config)), config.log_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    app.logger.handlers[:] = []
    if config.log_requests:
        app.extensions["logged"] = True  # the hot road asks
        app.before_request(_begins)
        app.after_request(_ends)


def known_secrets(config: Config) -> list[str]:
    """Every secret of the settings, and each password within an address."""
    found = [config.secret_key, config.metrics_token or ""]
    found += [part for _, key in config.field_keys for part in (key.hex(), repr(key)[2:-1])]
    others = (url for _, url in config.shards)
    for url in (config.database_url, *others, config.smtp_url or ""):
        password = urlsplit(url).password if url else None
        found += [password, unquote(password)] if password else []
    return found


def request_id() -> str:
    """A name for this request, made here: what a client sends as one is not believed."""
    known: str | None = request.environ.get("crumbtrail.request_id")
    if known is None:
        known = request.environ["crumbtrail.request_id"] = new_id()
    return known


def new_id() -> str:
    return secrets.token_hex(6)


def _begins() -> None:
    g.logged = time.perf_counter()


def _ends(response: Response) -> Response:
    answered(request.method, response.status_code, g.pop("logged", None))
    return response


def answered(method: str, status: int, began: float | None, **more: object) -> None:
    """The line of one answer; `more` is what a line says of a request that Flask does not know."""
    facts: dict[str, object] = {"method": method, "status": status}
    if began:
        facts["ms"] = round((time.perf_counter() - began) * 1000, 1)
    logging.getLogger("crumbtrail.requests").info("request", extra={"facts": facts | more})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a wrong format string must not cost the event
        return str(record.msg)


def _text(said: dict[str, object]) -> str:
    error = said.pop("error", None)
    head = [str(said.pop(name)) for name in ("at", "level", "logger", "message")]
    rest = [f"{name}={value}" for name, value in said.items()]
    lines = [" ".join(_plain(word) for word in (*head, *rest))]
    for one in error if isinstance(error, list) else []:
        lines.append(f"    {one['kind']}: {_plain(str(one['words']))}")
        lines += [f"      {where}" for where in one["where"]]
    return "\n".join(lines)


def _plain(words: str) -> str:
    """What is not printable is spelt out, so that a word cannot begin a line or colour one."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def _short(file: str) -> str:
    return "/".join(file.rsplit("/", 3)[-3:])
