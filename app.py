"""The wiring diagram: the only place that knows every part."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from flask import Flask, Response, current_app, request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from consent import (
    api,
    auditor,
    config,
    demo,
    duties,
    health,
    log,
    logs,
    metrics,
    rollup,
    row_security,
    shards,
    visitor,
)
from consent.admin import admin
from consent.admin.guard import break_off, reads_pages
from consent.commands import Commands
from consent.config import Config
from consent.databases import HOME
from consent.db import PEOPLE, away, db, engine_options
from consent.directory import moved
from consent.errors import NotFound, Refusal
from consent.geo import Geo, shipped_database
from consent.ingest import Buffer, Inbox, Keeper, Sorter, Stream
from consent.ledger import Ledger, Signer, Witnessing
from consent.limits import Limiter
from consent.mail import Outbox, mailer
from consent.parts import Parts, as_json
from consent.records import Writer
from consent.records.writer import busy, elsewhere, now_us
from consent.regime import default_table
from consent.sealing import Keyring
from consent.serving import Serving

STREAM_S = 10.0  # a start waits so long for the stream of INGEST
LARGEST = 2**31 - 1  # number of anything that an address names
PR_SET_PDEATHSIG = 1  # prctl(2)
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # of mallopt(3)
WITHDRAWALS = 10  # times the budget of other choices
UNFRAMED = [("Content-Security-Policy", "frame-ancestors 'none'"), ("X-Frame-Options", "DENY")]


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Config | None = None, clock: Callable[[], datetime] = utc_now) -> Flask:
    """The application; `settings` from the environment where not given."""
    settings = settings or from_environment()
    app = Flask(__name__, static_folder=None)
    app.cli = Commands(app.name)
    app.url_rule_class = Address
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.here,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.here),
        SQLALCHEMY_BINDS=people_of(settings),
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        REGION=settings.region,
    )
    db.init_app(app)
    app.teardown_appcontext(broken_off)
    for one in engines(app):
        row_security.guard(one)
    app.extensions["sealing"] = Keyring(settings.field_keys)
    app.extensions["crumbtrail"] = parts(app, settings, clock)
    for edge in (
        visitor.bp,
        visitor.own,
        visitor.staged.bp,
        auditor.bp,
        log.bp,
        health.bp,
        api.api,
        admin,
        demo.front,
    ):
        app.register_blueprint(edge)
    app.extensions["hot"] = hot(app, settings.https)
    app.wsgi_app = app.extensions["hot"]  # type: ignore[method-assign]
    if settings.demo:
        app.register_blueprint(demo.demo)
        app.wsgi_app = demo.Pretend(app.wsgi_app)  # type: ignore[method-assign]
    metrics.register(app)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, misdirected)
    app.register_error_handler(Exception, broken)
    app.before_request(whole)
    app.after_request(guarded)
    return app


class Address(Rule):
    """A route that learns to build its addresses when it is first asked for one: to compile that
    for all of them is most of what a start takes, and a command builds none."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiler = super()._compile_builder
        compiled: Callable[..., tuple[str, str]] | None = None

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            compiled = compiled or compiler(append_unknown)
            return compiled(rule, **values)

        return build


def from_environment() -> Config:
    """The settings, or an end with a sentence where one cannot be used."""
    try:
        return config.load(os.environ)
    except config.ConfigError as error:
        raise SystemExit(f"Crumbtrail cannot start: {error}") from None


def people_of(settings: Config) -> dict[str, Any]:
    """The bind by which the app of another database than the first asks who people are."""
    if settings.shard == HOME:
        return {}
    return {PEOPLE: {"url": settings.database_url, **engine_options(settings.database_url)}}


def fleet(app: Flask, settings: Config, clock: Callable[[], datetime]) -> dict[str, Flask]:
    """An app for each database of SHARDS, by its name; this one among them."""
    names = (HOME, *dict(settings.shards))
    made = {
        name: app if name == settings.shard else create_app(replace(settings, shard=name), clock)
        for name in names
    }
    for one in made.values():
        one.extensions["crumbtrail"].fleet = lambda: made
    return made


def worker() -> Serving:
    """What the server's worker process serves: the app, or with SHARDS one for each database
    behind a front."""
    # Ctrl-C reaches the worker and its parent; only the parent's own signal may end the worker,
    # because Granian can hang when the two meet.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc: a heap for each thread would keep what a burst needed
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_THRESHOLD, 2**17)  # and what is larger goes back once it is done with
    if hasattr(libc, "prctl"):  # Linux: nobody serves on without the process that keeps the log
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    app = create_app()
    known: Parts = app.extensions["crumbtrail"]
    apps = known.fleet()
    directory = shards.Directory(engine(apps[HOME]))
    if known.stream is not None:
        known.stream.opened(STREAM_S)
        for keeping in storing(apps, known.clock, known.stream, directory):
            atexit.register(keeping.close)
    for one in apps.values():
        duties.begin(one)
    # What stands now stands for ever; and a batch of choices is no reason to look through it all.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    if len(apps) == 1:
        return Serving(app, app.extensions["hot"])
    answers = {name: one.wsgi_app for name, one in apps.items()}
    return Serving(shards.Front(answers, directory, known.config.own_host))


def parts(app: Flask, settings: Config, clock: Callable[[], datetime]) -> Parts:
    site, client = settings.rate_site, settings.rate_client
    stream = Stream(settings.ingest) if settings.ingest else None
    return Parts(
        config=settings,
        clock=clock,
        geo=Geo(settings.geo_db or shipped_database()),
        regimes=default_table(),
        limits={
            "site_choice": Limiter(site, site),
            "site_withdrawal": Limiter(site * WITHDRAWALS, site * WITHDRAWALS),
            "client_choice": Limiter(1 if client else 0, client),
            "client_withdrawal": Limiter(WITHDRAWALS if client else 0, client * WITHDRAWALS),
            "client_burst": Limiter(1 / 6 if client else 0, 10),  # flagged above it, not refused
            "site_request": Limiter(1 / 10 if site else 0, 60),
            "client_request": Limiter(1 / 60 if client else 0, 5),
            "key": Limiter(settings.rate_key, settings.rate_key),
        },
        ledger=Ledger(
            Signer(settings.signer_state),
            settings.log_base,
            {"build": visitor.build_digest(), "regimes": default_table().digest},
            Witnessing(settings.witness_policy) if settings.witness_policy else None,
            shard="" if settings.shard == HOME else settings.shard,
        ),
        open_writer=lambda: open_writer(app, clock, stream),
        stream=stream,
        engine=lambda: engine(app),
        fleet=cache(lambda: fleet(app, settings, clock)),
        seed=demo.seed,
        outbox=outbox(settings),
        staged=partial(visitor.staged.whole, app),
        describe=lambda described: api.describe(described, app),
    )


def outbox(settings: Config) -> Outbox | None:
    send = mailer(settings.smtp_url, settings.mail_from)
    return Outbox(send) if send else None


def open_writer(
    app: Flask, clock: Callable[[], datetime], stream: Stream | None
) -> Writer | Buffer:
    """Either stamps records with the server's clock, to the microsecond."""
    now = microseconds(clock)
    if stream is None:
        return Writer(engine(app), now, rollup.add)
    return Buffer(stream, engine(app), now, visitor.Reach("ingest", clock).asking)


def keeper(app: Flask, clock: Callable[[], datetime], stream: Stream, *sorted_: Any) -> Keeper:
    """What empties the stream into the database; `sorted_` as Keeper has it, with SHARDS."""
    return Keeper(engine(app), stream, microseconds(clock), rollup.add, *sorted_)


def storing(
    apps: dict[str, Flask],
    clock: Callable[[], datetime],
    stream: Stream,
    directory: shards.Directory,
) -> list[Keeper | Sorter]:
    """What empties the stream into the databases that its choices are of, to be closed in turn."""
    if len(apps) == 1:
        return [keeper(app, clock, stream) for app in apps.values()]
    inboxes = {name: Inbox() for name in apps}

    def lives(name: str, site: str) -> bool:
        return directory.sure(site) == name

    return [
        *(keeper(a, clock, stream, inboxes[n].take, partial(lives, n)) for n, a in apps.items()),
        Sorter(stream, inboxes, directory.where),
    ]


def microseconds(clock: Callable[[], datetime]) -> Callable[[], int]:
    return now_us if clock is utc_now else lambda: int(clock().timestamp() * 1_000_000)


def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def engines(app: Flask) -> list[Engine]:
    with app.app_context():
        return list(db.engines.values())


def refused(error: Refusal) -> Response:
    """In the one shape of errors; in the admin, as a page for the person who reads it."""
    if reads_pages():
        response = break_off(error, logs.request_id() if error.status == 500 else "")
    else:
        response = as_json(error.body(), error.status)
    response.headers["X-Consent-Refused"] = error.code
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def misdirected(error: HTTPException) -> Response | HTTPException:
    """What Flask itself refuses (404, 405 …), in the one shape of errors."""
    if error.code is None or error.code < 400:
        return error
    code = (error.name or "error").lower().replace(" ", "_")
    response = refused(Refusal(code, error.description or error.name, status=error.code))
    for name, value in error.get_headers(request.environ):
        if name == "Allow":
            response.headers[name] = value
    return response


def broken(error: Exception) -> Response:
    """The last resort: the log has the trace, the caller has none of it."""
    db.session.rollback()
    if moved(error):
        return refused(elsewhere())
    current_app.logger.error("unexpected error in %s", request.endpoint, exc_info=error)
    if away(error):
        return refused(busy(error))
    response = refused(Refusal("server_error", "Something went wrong here.", status=500))
    response.headers["X-Request-Id"] = logs.request_id()  # the line of the log bears it too
    return response


def broken_off(_: BaseException | None) -> None:
    """A connection that has broken by the end of a request is given up: the answer is made."""
    try:
        db.session.close()
    except SQLAlchemyError:
        db.session().invalidate()


def whole() -> None:
    """An address that holds a NUL, which PostgreSQL cannot keep, or a number that no column has,
    names nothing."""
    numbers = [one for one in (request.view_args or {}).values() if isinstance(one, int)]
    if "\0" in request.path or any(one > LARGEST for one in numbers):
        raise NotFound("not_found", "There is nothing at this address.")


def guarded(response: Response) -> Response:
    """No page stands in a frame, but the declaration, which owners put into theirs, and a stage,
    which stands in the admin's."""
    endpoint = request.endpoint or ""
    if endpoint == "staged.file":
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'self'")
    elif not (endpoint.startswith("visitor.declared") and response.status_code == 200):
        for name, value in UNFRAMED:
            response.headers.setdefault(name, value)
    for name, value in always(current_app.extensions["crumbtrail"].config.https):
        response.headers.setdefault(name, value)
    return response


def always(https: bool) -> list[tuple[str, str]]:
    """What every answer says to a browser."""
    found = [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")]
    return [*found, *([("Strict-Transport-Security", "max-age=31536000")] if https else [])]


def hot(app: Flask, https: bool) -> visitor.Hot:
    """The hot road: the headers of `guarded`, the figures and the log of the rest."""

    def ended(road: visitor.Road, status: int, refused: str | None, began: float) -> None:
        counted = app.extensions["metrics"]
        if road is visitor.CHOICE:
            metrics.chosen(counted, status, refused, began)
        else:
            metrics.answered(counted, road.endpoint, status, began)
        if "logged" in app.extensions:
            told = {"request": logs.new_id(), "route": road.route}
            logs.answered(road.method, status, began, **told)

    return visitor.Hot(app, [*UNFRAMED, *always(https)], ended)
