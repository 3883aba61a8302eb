"""The stage of every test: two databases, an app with a clock that stands still, a real server,
a real browser, and one rule: what could not run is said, and fails where CI is set."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as profile
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from sqlalchemy import Engine

from app import create_app
from consent import config
from consent.db import db
from tests.databases import ENGINES, Databases, PostgresqlDatabases, SqliteDatabases, lent
from tests.pages import Website, website
from tests.postgres import Missing, cluster
from tests.prepare import ROOT, chromium
from tests.server import Server

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ANSWERED_S = 120.0  # within which what a browser asked for at the end of a test is answered
# A busy machine is no failure: nothing here is held to a time.
profile.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
profile.load_profile("untimed")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # No test may reach a host beyond this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, "
    "EXCLUDE *.localhost",
]


class Clock:
    """The time that the app is told; it moves when a test says so."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        """`clock.advance(days=2)`"""
        self.now += timedelta(**span)
        return self.now


# -- databases ---------------------------------------------------------------------------------


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each test that touches a database runs once on each engine."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def databases(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Fresh databases of one engine, as many as wanted."""
    if engine == "sqlite":
        yield SqliteDatabases(tmp_path_factory.mktemp("sqlite"))
        return
    try:
        with cluster() as private:
            yield PostgresqlDatabases(private)
    except Missing as why:
        pytest.skip(str(why))


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated, empty database of this test alone."""
    with lent(databases) as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database without a single table, for tests of the migrations."""
    with lent(databases, migrated=False) as url:
        yield url


# -- the app -----------------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> dict[str, str]:
    """What a module or class of tests sets besides the defaults: override this fixture."""
    return {}


def in_use(engine: Engine) -> int:
    """How many connections are, once whatever a browser still asks for has been answered."""
    taken = getattr(engine.pool, "checkedout", lambda: 0)
    end = time.monotonic() + ANSWERED_S
    while taken() and time.monotonic() < end:
        time.sleep(0.05)
    return int(taken())


@pytest.fixture
def make_app(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """`make_app(DEMO="1", RATE_SITE="5")`: an app on this test's database."""
    made: list[Flask] = []

    def make(**environ: str) -> Flask:
        values = {
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": str(tmp_path / "instance"),
            "SECRET_KEY": "not a secret",
            **environ,
        }
        app = create_app(config.load(values), clock)
        app.testing = True
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["crumbtrail"].close()
        with app.app_context():
            db.session.remove()
            left = in_use(db.engine)
            db.engine.dispose()
            assert left == 0, "a connection is still in use: a context or an answer was not closed"


@pytest.fixture
def app(make_app: Callable[..., Flask], settings: dict[str, str]) -> Iterator[Flask]:
    """The app in its context, so that a test may call verbs of the nouns."""
    made = make_app(**settings)
    with made.app_context():
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Asks the app over WSGI, without a network."""
    return app.test_client()


# -- a real server -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What `make run` starts: the demo, on a port of its own. Tests share it and leave it up."""
    with lent(databases, migrated=False) as url:
        running = Server(tmp_path_factory.mktemp("server"), url)
        running.start()
        yield running
        running.stop()
        assert "Traceback" not in running.words(), running.words()


@pytest.fixture(scope="module")
def changed(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose owner publishes new versions, so that the shared one keeps its first."""
    with lent(databases, migrated=False) as url:
        running = Server(tmp_path_factory.mktemp("changed"), url)
        running.start()
        yield running
        running.stop()


@pytest.fixture
def make_server(databases: Databases, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """`make_server(RATE_CLIENT="2")`: a server of this test alone, to stop or kill."""
    with lent(databases, migrated=False) as url:
        made: list[Server] = []

        def make(**environ: str) -> Server:
            new = Server(tmp_path / f"server{len(made)}", url, **environ)
            made.append(new)
            new.start()
            return new

        yield make
        for one in made:
            if one.process is not None:
                one.kill()


@pytest.fixture
def elsewhere() -> Iterator[Website]:
    """A website of somebody else's, on its own port."""
    with website() as site:
        yield site


# -- a real browser ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of a worker: two would share a loop."""
    expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium is installed (package chromium)")
    started = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
    yield started
    started.close()


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """`new_page(locale="fr-CA")`: a page of a new visitor. An exception that nobody catches on
    any of its pages fails the test: the script never breaks a page."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "pl-PL", **options})
        contexts.append(context)
        context.set_default_timeout(30_000)
        context.on("weberror", lambda error: broken.append(str(error.error)))
        return context.new_page()

    yield make
    for number, context in enumerate(contexts):
        if getattr(request.node, "failed", False) and context.pages:
            folder = ROOT / "test-results"
            folder.mkdir(exist_ok=True)
            context.pages[0].screenshot(path=folder / f"{request.node.name}-{number}.png")
        for page in context.pages:  # what still loads as the test ends is of no use
            page.unroute_all(behavior="ignoreErrors")
        context.unroute_all(behavior="ignoreErrors")
        context.close()
    assert not broken, broken


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of a new visitor with a Polish browser."""
    return new_page()


@pytest.fixture
def visit(page: Page, server: Server) -> Callable[..., Page]:
    """`visit("voipstudio.pl/", place="CA-QC", gpc=True)`: go to a page of the demo. The place is
    "nowhere" for one we do not know, None for where the test really runs."""

    def go(path: str = "voipstudio.pl/", place: str | None = "PL", gpc: bool = False) -> Page:
        pretended = f"@{place or 'here'}{'+gpc' if gpc else ''}/" if place or gpc else ""
        page.goto(f"{server.url}/demo/{pretended}{path}")
        return page

    return go


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The accessibility checker, to be run in a page: `page.evaluate(axe_source)`."""
    return (ROOT / "static/js/node_modules/axe-core/axe.min.js").read_text("utf-8")


# -- nothing is skipped silently ---------------------------------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test marked sqlite_only or postgresql_only has no second run to skip."""
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        runs_on = getattr(getattr(item, "callspec", None), "params", {}).get("engine")
        other = [name for name in ENGINES if name != runs_on]
        wanted = runs_on is None or not any(item.get_closest_marker(f"{o}_only") for o in other)
        (kept if wanted else dropped).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def pytest_configure() -> None:
    """The thresholds of the server: to collect nine thousand tests makes little garbage."""
    gc.set_threshold(10_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """As the server does it: what stands now stands to the end, and is not looked through again
    each time that tests have left enough behind."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {call.excinfo and call.excinfo.value}"
    if report.failed:
        item.failed = True  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The last lines name what could not run and why."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[why] = reasons.get(why, 0) + 1
    for why, count in sorted(reasons.items()):
        terminalreporter.write_line(f"COULD NOT RUN: {count} tests: {why}", yellow=True)
