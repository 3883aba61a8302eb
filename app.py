"""The wiring diagram: the only place that knows every part."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, Response, current_app, request
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from consent import (
    auditor,
    cli,
    cli_classify,
    cli_import,
    cli_own,
    cli_preview,
    cli_scan,
    config,
    demo,
    health,
    ledger,
    log,
    vendors_cli,
    visitor,
    witness,
    wording,
)
from consent.admin import admin
from consent.config import Config
from consent.db import db, engine_options
from consent.errors import NotFound, Refusal
from consent.geo import Geo, shipped_database
from consent.ledger import Ledger, Signer, Witnessing
from consent.limits import Limiter
from consent.parts import Parts, as_json
from consent.records import Writer
from consent.records.writer import busy, now_us
from consent.regime import default_table
from consent.retention import Daily

WITHDRAWALS = 10  # times the budget of other choices


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: Config | None = None, clock: Callable[[], datetime] = utc_now) -> Flask:
    """The application; `settings` from the environment where not given."""
    settings = settings or from_environment()
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
    )
    db.init_app(app)
    app.extensions["crumbtrail"] = parts(app, settings, clock)
    for edge in (visitor.bp, visitor.own, auditor.bp, log.bp, health.bp, admin, demo.front):
        app.register_blueprint(edge)
    if settings.demo:
        app.register_blueprint(demo.demo)
        app.wsgi_app = demo.Pretend(app.wsgi_app)  # type: ignore[method-assign]
    cli.register(app)
    app.cli.add_command(cli_import.group)
    app.cli.add_command(cli_own.own)
    app.cli.add_command(cli_scan.scan)
    app.cli.add_command(cli_preview.preview)
    app.cli.add_command(cli_preview.preview_answers)
    app.cli.add_command(witness.group)
    app.cli.add_command(wording.group)
    vendors_cli.register(app)
    cli_classify.register(app)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, misdirected)
    app.register_error_handler(Exception, broken)
    app.before_request(whole)
    app.after_request(guarded)
    return app


def from_environment() -> Config:
    """The settings, or an end with a sentence where one cannot be used."""
    try:
        return config.load(os.environ)
    except config.ConfigError as error:
        raise SystemExit(f"Crumbtrail cannot start: {error}") from None


def worker() -> Flask:
    """The app in the server's worker process. Ctrl-C reaches the worker and its parent; only the
    parent's own signal may end the worker, because Granian can hang when the two meet."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    app = create_app()
    known: Parts = app.extensions["crumbtrail"]
    atexit.register(known.close)
    look(app, known)
    stop = threading.Event()
    here = (known.ledger, app.app_context, known.clock, stop)
    work = threading.Thread(target=ledger.watch, args=here, name="ledger", daemon=True)
    if known.config.ledger:
        chores = (*here, Daily(known.ledger))
        work = threading.Thread(target=ledger.run, args=chores, name="ledger", daemon=True)
    work.start()
    # Runs before `close`: a tick that has begun ends, so nothing is left half done.
    atexit.register(end, stop, work)
    return app


def look(app: Flask, known: Parts) -> None:
    """Before the first choice: is this the database whose heads were signed last?"""
    with app.app_context():
        try:
            known.ledger.look(known.clock())
        except Exception:  # the database may be away; the first tick looks again
            app.logger.exception("the log could not be looked at")


def end(stop: threading.Event, work: threading.Thread) -> None:
    stop.set()
    work.join(10)


def parts(app: Flask, settings: Config, clock: Callable[[], datetime]) -> Parts:
    site, client = settings.rate_site, settings.rate_client
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
            "site_request": Limiter(1 / 10 if site else 0, 60),
            "client_request": Limiter(1 / 60 if client else 0, 5),
            "key": Limiter(settings.rate_key, settings.rate_key),
        },
        ledger=Ledger(
            Signer(settings.signer_state),
            settings.log_base,
            {"build": visitor.build_digest(), "regimes": default_table().digest},
            Witnessing(settings.witness_policy) if settings.witness_policy else None,
        ),
        open_writer=lambda: open_writer(app, clock),
        engine=lambda: engine(app),
        seed=demo.seed,
    )


def open_writer(app: Flask, clock: Callable[[], datetime]) -> Writer:
    """The writer stamps records with the server's clock, to the microsecond."""
    now = now_us if clock is utc_now else lambda: int(clock().timestamp() * 1_000_000)
    return Writer(engine(app), now)


def engine(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def refused(error: Refusal) -> Response:
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
    current_app.logger.error("unexpected error in %s", request.endpoint, exc_info=error)
    if isinstance(error, OperationalError | PoolTimeout):  # the database is away
        return refused(busy(error))
    return refused(Refusal("server_error", "Something went wrong here.", status=500))


def whole() -> None:
    """PostgreSQL keeps no NUL, so an address that holds one names nothing."""
    if "\0" in request.path:
        raise NotFound("not_found", "There is nothing at this address.")


def guarded(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if current_app.extensions["crumbtrail"].config.https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
