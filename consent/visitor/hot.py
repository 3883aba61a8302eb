"""The hot road: a choice that is plainly in order, and a script that was made before, are answered
here, before Flask sees the request.

Whatever else comes goes on to Flask untouched, and so does every refusal but those of a flood, so
each is answered as ever. What a choice is and what becomes of it says `taking`, what a script is
`script`, for both roads.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask, Request, current_app, has_app_context

from ..errors import Busy
from ..records import Choice
from . import packed, quick, script, taking
from .blueprint import allowed
from .choices import BODY, TOLD

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = list[tuple[str, str]]
PATH = re.compile(
    r"/v1/([a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?)/(?:consents|([a-z-]+/)?consent\.js)"
)
KINDS = frozenset(
    ("text/plain", "text/plain;charset=UTF-8", "text/plain;charset=utf-8", "application/json")
)
LENGTH = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
UNUSUAL = ("HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING")


@dataclass(frozen=True)
class Said:
    """An answer without the headers that all have; `refused` is the code of a refusal."""

    status: int
    body: dict[str, Any]
    headers: Headers
    refused: str | None = None


@dataclass(frozen=True)
class Road:
    """How the figures and the log name what was asked."""

    method: str
    endpoint: str
    route: str


CHOICE = Road("POST", "visitor.consents", "/v1/<site>/consents")
SCRIPT = Road("GET", "visitor.script", "/v1/<site>/consent.js")
SCRIPT_IN = Road("GET", "visitor.script", "/v1/<site>/<lang>/consent.js")
Ended = Callable[[Road, int, str | None, float], None]


class Hot:
    """WSGI wrapper round an app. `always` are the headers of all its answers; `ended` is told of
    each answer made here: its status, the code of a refusal, and when it began."""

    def __init__(self, app: Flask, always: Headers, ended: Ended) -> None:
        self._app, self._flask = app, app.wsgi_app
        self._always, self._ended = always, ended
        # A script says by itself that its kind is not to be guessed.
        self._beside = [one for one in always if one[0] not in dict(packed.SAFE)]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        site = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if site is None:
            return self._flask(environ, start_response)
        if not site[0].endswith("/consents"):
            return self._script(site, began, environ, start_response)
        if not self._usual(environ):
            return self._flask(environ, start_response)
        data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(data)
        choice = quick.choice(data)
        if choice is None:
            return self._flask(environ, start_response)
        with self._context():
            said = _said(site[1], choice, Request(environ))
        if isinstance(said, Exception):
            environ[TOLD] = said
            return self._flask(environ, start_response)
        self._ended(CHOICE, said.status, said.refused, began)
        return self._answer(said, start_response)

    def _script(
        self,
        found: re.Match[str],
        began: float,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        """A script that memory holds; whatever else may be wanted, or be wrong, is for Flask."""
        lang = found[2][:-1] if found[2] else None
        answer = None
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            with self._context(), suppress(Exception):
                answer = script.held_answer(found[1], lang, Request(environ))
        if answer is None:
            return self._flask(environ, start_response)
        status, headers, body = answer
        if status == HTTPStatus.NOT_MODIFIED:  # says nothing of a body (RFC 9110, 15.4.5)
            headers = [one for one in headers if not one[0].startswith("Content-")]
        else:
            headers.append(("Content-Length", str(len(body))))
        self._ended(SCRIPT_IN if lang else SCRIPT, status, None, began)
        start_response(f"{status} {HTTPStatus(status).phrase.upper()}", headers + self._beside)
        return [body]

    def _context(self) -> AbstractContextManager[object]:
        """As Flask's requests do: a context of this app that is there already is used."""
        there = has_app_context() and current_app._get_current_object() is self._app  # type: ignore[attr-defined]
        return nullcontext() if there else self._app.app_context()

    def _usual(self, environ: WSGIEnvironment) -> bool:
        length = environ.get("CONTENT_LENGTH") or ""
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") in KINDS
            and LENGTH.fullmatch(length) is not None
            and int(length) <= BODY
            and not any(name in environ for name in UNUSUAL)
            and environ.get("HTTP_ORIGIN", "").isprintable()
            and not self._app.debug  # whose JSON is written to be read
        )

    def _answer(self, said: Said, start_response: StartResponse) -> list[bytes]:
        data = msgspec.json.encode(said.body, order="sorted") + b"\n"
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            *said.headers,
            *self._always,
        ]
        start_response(f"{said.status} {HTTPStatus(said.status).phrase.upper()}", headers)
        return [data]


def _said(site: str, choice: Choice, asked: Request) -> Said | Exception:
    """What is answered, or what Flask shall answer."""
    try:
        taken = taking.take(site, lambda: choice, asked)
        said = Said(taken.status, taken.body, [("Set-Cookie", one) for one in taken.cookies])
    except Busy as busy:
        said = Said(busy.status, busy.body(), [("X-Consent-Refused", busy.code)], busy.code)
        if busy.retry_after is not None:
            said.headers.append(("Retry-After", str(busy.retry_after)))
    except Exception as told:
        return told
    said.headers.extend((("Vary", "Origin"), *allowed(site, asked)))
    return said
