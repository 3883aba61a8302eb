"""The hot road: a choice that is plainly in order, and a script that was made before, are answered
here, before Flask sees the request.

Whatever else comes goes on to Flask untouched, and so does every refusal but those of a flood, so
each is answered as ever. What a choice is and what becomes of it says `taking`, what a script is
`script`, for both roads. There are two ways onto it: as WSGI, where a thread waits for the writer,
and `at_once`, where nobody waits and the database is not asked (docs/decisions/0047-one-loop.md).
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
from ..parts import parts
from ..records import Choice, Writer
from ..records.job import Job
from . import packed, quick, script, shelf, taking
from .blueprint import allowed, readable
from .choices import BODY, TOLD
from .packed import Answer
from .reach import Unheld

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
STORED = "crumbtrail.stored"  # what the loop was told, for a thread to answer
UNUSUAL = ("HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING")


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


@dataclass
class Stored:
    """A choice on its way to disk, whose answer `end` makes once the writer has told of `job`."""

    job: Job
    writer: Writer
    found: taking.Examined
    asked: Request
    began: float


class Hot:
    """WSGI wrapper round an app. `always` are the headers of all its answers; `ended` is told of
    each answer made here: its status, the code of a refusal, and when it began."""

    def __init__(self, app: Flask, always: Headers, ended: Ended) -> None:
        self.app, self._flask = app, app.wsgi_app
        self._always, self._ended = always, ended
        # A script says by itself that its kind is not to be guessed.
        self._beside = [one for one in always if one[0] not in dict(packed.SAFE)]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        site = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if site is None or TOLD in environ:
            return self._flask(environ, start_response)
        with self._context():
            if site[0].endswith("/consents"):
                made = self._choice(site[1], began, environ)
            else:
                made = self._script(site, began, environ)
        if made is None:
            return self._flask(environ, start_response)
        status, headers, body = made
        # A copy: a server may change it (PEP 3333), and others get the same answer.
        start_response(f"{status} {HTTPStatus(status).phrase.upper()}", list(headers))
        return [body]

    def at_once(
        self, environ: WSGIEnvironment, tell: Callable[[list[Job]], None]
    ) -> Answer | Stored | None:
        """The same without waiting for anything: the answer, or what will be one once the writer
        has called `tell`; None for what is Flask's, or a thread's. Where AT_ONCE is set, within a
        context of the app."""
        began = time.perf_counter()
        site = PATH.fullmatch(environ["PATH_INFO"])
        if site is None:
            return None
        if not site[0].endswith("/consents"):
            return self._script(site, began, environ)
        choice = self._read(environ)
        writer = parts().writer
        if choice is None or not isinstance(writer, Writer):
            return None
        asked = Request(environ)
        try:
            of = shelf.site(site[1])
            if not shelf.holds(of, choice.notice, choice.answer):
                return None
            found = taking.examined(site[1], lambda: choice, asked)
            if found.held != [found.choice.visitor]:
                return None
            job = Job.of(found.choice, found.facts)
            job.tell = tell
            writer.begin(job)
        except Unheld:
            return None
        except Exception as told:
            return self._refused(told, asked, began, lambda: readable(of, asked))
        return Stored(job, writer, found, asked, began)

    def end(self, stored: Stored) -> Answer | None:
        """The answer to what the writer has told of; None where a thread or Flask has to make it.
        Where AT_ONCE is set."""
        found, asked = stored.found, stored.asked
        stored.writer.leave(stored.job)
        try:
            row, fresh = stored.writer.outcome(stored.job)
            if not (fresh or stored.job.record):  # stored long ago: the database has it
                asked.environ[STORED] = stored
                return None
            taken = taking.told(found, stored.job, row, fresh, asked)
        except Unheld:
            asked.environ[STORED] = stored
            return None
        except Exception as told:
            return self._refused(told, asked, stored.began, lambda: readable(found.of, asked))
        return self._taken(taken, stored.began, readable(found.of, asked))

    def _choice(self, site: str, began: float, environ: WSGIEnvironment) -> Answer | None:
        choice = self._read(environ)
        if choice is None:
            return None
        asked, stored = Request(environ), environ.get(STORED)
        try:
            if stored is None:
                taken = taking.take(site, lambda: choice, asked)
            else:
                row, fresh = stored.writer.outcome(stored.job)
                taken = taking.told(stored.found, stored.job, row, fresh, asked)
        except Exception as told:
            return self._refused(told, asked, began, lambda: allowed(site, asked))
        return self._taken(taken, began, allowed(site, asked))

    def _read(self, environ: WSGIEnvironment) -> Choice | None:
        if not self._usual(environ):
            return None
        data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = io.BytesIO(data)
        return quick.choice(data)

    def _script(
        self, found: re.Match[str], began: float, environ: WSGIEnvironment
    ) -> Answer | None:
        """A script that memory holds; whatever else may be wanted, or be wrong, is for Flask."""
        lang = found[2][:-1] if found[2] else None
        answer = None
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            with suppress(Exception):
                answer = script.held_answer(found[1], lang, Request(environ), self._beside)
        if answer is not None:
            self._ended(SCRIPT_IN if lang else SCRIPT, answer[0], None, began)
        return answer

    def _context(self) -> AbstractContextManager[object]:
        """As Flask's requests do: a context of this app that is there already is used."""
        there = has_app_context() and current_app._get_current_object() is self.app  # type: ignore[attr-defined]
        return nullcontext() if there else self.app.app_context()

    def _usual(self, environ: WSGIEnvironment) -> bool:
        length = environ.get("CONTENT_LENGTH") or ""
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") in KINDS
            and LENGTH.fullmatch(length) is not None
            and int(length) <= BODY
            and not any(name in environ for name in UNUSUAL)
            and environ.get("HTTP_ORIGIN", "").isprintable()
            and not self.app.debug  # whose JSON is written to be read
        )

    def _refused(
        self, told: Exception, asked: Request, began: float, origin: Callable[[], Headers]
    ) -> Answer | None:
        """The refusal of a flood; every other is Flask's to word."""
        if not isinstance(told, Busy):
            asked.environ[TOLD] = told
            return None
        headers = [("X-Consent-Refused", told.code)]
        if told.retry_after is not None:
            headers.append(("Retry-After", str(told.retry_after)))
        self._ended(CHOICE, told.status, told.code, began)
        return self._answer(told.status, told.body(), headers, origin())

    def _taken(self, taken: taking.Taken, began: float, origin: Headers) -> Answer:
        cookies = [("Set-Cookie", one) for one in taken.cookies]
        self._ended(CHOICE, taken.status, None, began)
        return self._answer(taken.status, taken.body, cookies, origin)

    def _answer(
        self, status: int, body: dict[str, Any], headers: Headers, origin: Headers
    ) -> Answer:
        data = msgspec.json.encode(body, order="sorted") + b"\n"
        plain = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
        ]
        return status, [*plain, *headers, ("Vary", "Origin"), *origin, *self._always], data
