"""The operator's figures, for Prometheus: how much, how fast, how late. Nobody's data.

Labels come from our own tables (routes, codes, states), never from a request, so their number is
bounded. What a request costs is counted as it ends; the rest is read when somebody asks.
"""

from __future__ import annotations

import contextlib
import hmac
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from . import counting, retention, scans, sealing
from .config import SETTINGS
from .db import db, micros
from .errors import NotFound, Refusal, Unauthorised
from .geo import parse_address
from .ingest import Away, Stream
from .ledger.rows import Head
from .parts import Parts, parts
from .records.rows import Row
from .retention.clock import Clock
from .waiting import DEPLOYMENT, Waiting

bp = Blueprint("metrics", __name__)
SIGN_IN = ("enter", "sign_in", "login", "passkey", "totp", "oidc", "recover", "second")


def register(app: Flask) -> None:
    """Count every request of this app, and answer /metrics."""
    _count(app, counting.Counted())
    app.register_blueprint(bp)
    app.before_request(_begins)
    app.after_request(_ends)


def begin(app: Flask) -> None:
    """From now on the app counts together with those of the server's other processes."""
    config = app.extensions["crumbtrail"].config
    _count(app, counting.begun(config.workers, config.shard))


def tell(_at: datetime) -> None:
    """A chore: the others learn what this process alone knows."""
    _counted().tell(_known(parts()))


def _count(app: Flask, counted: counting.Counted) -> None:
    app.extensions["metrics"] = counted
    counted.registry.register(_Asked(app))


@bp.get("/metrics")
def metrics() -> Response:
    """The text format 0.0.4; whoever may not read it learns nothing of its being here."""
    _check(parts())
    found = generate_latest(_counted().registry)
    return Response(
        found, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"}
    )


def _check(known: Parts) -> None:
    token = known.config.metrics_token
    sent = request.headers.get("Authorization", "")
    if token and sent:
        if hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            return
        raise Unauthorised("key_unknown", "This token does not open the metrics.")
    peer = parse_address(request.remote_addr)
    proxied = {"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip"} & set(request.headers.keys())
    near = peer is not None and any(peer in one for one in known.config.metrics_from)
    if not near or proxied:
        raise NotFound("not_found", "There is nothing at this address.")


def _counted() -> counting.Counted:
    return cast(counting.Counted, current_app.extensions["metrics"])


def _begins() -> None:
    g.began = time.perf_counter()


def _ends(response: Response) -> Response:
    counted, endpoint = _counted(), request.endpoint or "none"
    edge, status, began = _edge(endpoint), response.status_code, g.pop("began", None)
    if endpoint == "visitor.consents" and request.method == "POST":
        chosen(counted, status, response.headers.get("X-Consent-Refused"), began)
    else:
        answered(counted, edge, status, began)
    if endpoint.startswith("admin.") and request.method == "POST" and _signs_in(endpoint):
        counted.sign_in("refused" if response.status_code >= 400 else "let in").inc()
    return response


def chosen(
    counted: counting.Counted, status: int, refused: str | None, began: float | None
) -> None:
    """Count an answer to a choice; `refused` is the code of a refusal."""
    answered(counted, "visitor.consents", status, began)
    said = {201: "stored", 200: "repeated"}.get(status, "other")
    counted.choice(counted.code(refused) if refused else said).inc()


def answered(counted: counting.Counted, edge: str, status: int, began: float | None) -> None:
    """Count an answer and its time."""
    counted.of(edge, status).inc()
    if began:
        counted.time(edge).observe(time.perf_counter() - began)


def _edge(endpoint: str) -> str:
    """`visitor.consents` as it is; of the admin and the rest only the blueprint."""
    first, _, _ = endpoint.partition(".")
    return endpoint if first == "visitor" else first


def _signs_in(endpoint: str) -> bool:
    name = endpoint.rpartition(".")[2]
    return any(name.startswith(word) for word in SIGN_IN)


class _Asked(Collector):
    """What is read when somebody asks; a database that is away costs its figures, not the rest."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        with self._app.app_context():
            known = parts()
            at = known.clock()
            yield from _own(known, at)
            reached = True
            for read in READ:
                try:
                    yield from read(known, at)
                except (SQLAlchemyError, Refusal):
                    db.session.rollback()
                    reached = False
            db.session.remove()
            yield _gauge("database_up", "1 where the database answered all of this.", reached)


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"crumbtrail_{name}", help_, value=float(value))


def _by(name: str, help_: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"crumbtrail_{name}", help_, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _known(known: Parts) -> counting.Own:
    """What this process alone knows."""
    warnings = frozenset({**known.warnings, **known.ledger.alarms})
    writer = known.started
    if writer is None:
        return counting.Own(warnings=warnings)
    return counting.Own(writer.depth, writer.batches, writer.written, warnings)


def _own(known: Parts, at: datetime) -> Iterator[Metric]:
    """What needs no database."""
    all_ = _counted().all(_known(known))
    yield _gauge("writer_queue", "Choices that wait for the next batch.", all_.queue)
    for name, help_, value in (
        ("writer_batches", "Transactions of the writer.", all_.batches),
        ("writer_choices", "Choices in those.", all_.written),
    ):
        yield CounterMetricFamily(f"crumbtrail_{name}", help_, value=float(value))
    warnings = dict.fromkeys(sorted(all_.warnings), 1.0)
    yield _by("warning", "What /readyz warns of.", "about", warnings)
    yield _gauge("log_stopped", "1 while nothing is signed.", known.ledger.stopped is not None)
    if known.geo.built:
        age = (at.date() - known.geo.built).days * 86_400
        yield _gauge("geo_age_seconds", "Age of the geo file.", age)
    yield _gauge("geo_usable", "0 where nobody can be placed.", known.geo.problem is None)
    yield _gauge(
        "disk_free_bytes", "On the disk of INSTANCE_PATH.", _free(known.config.instance_path)
    )
    yield from _stream(known.stream)
    yield _gauge("settings", "How many settings there are.", len(SETTINGS))


def _stream(stream: Stream | None) -> Iterator[Metric]:
    state = None
    if stream is not None:
        with contextlib.suppress(Away):
            state = stream.state()
    up = stream is None or state is not None
    yield _gauge("ingest_up", "0 where INGEST is set and its stream does not answer.", up)
    waiting, conflicts = (state.waiting, state.conflicts) if state else (0, 0)
    yield _gauge("ingest_waiting", "Acknowledged choices not yet in the database.", waiting)
    yield _gauge("ingest_conflicts", "Acknowledged choices that cannot be stored.", conflicts)


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _log(known: Parts, at: datetime) -> Iterator[Metric]:
    count, oldest = db.session.execute(select(func.count(), func.min(Waiting.seq))).one()
    yield _gauge("ledger_waiting", "What waits for the log.", count)
    lag = max(0.0, (micros(at) - oldest) / 1_000_000) if oldest else 0.0
    yield _gauge("ledger_lag_seconds", "How long the oldest of it has waited.", lag)
    sizes = select(Head.size, Head.signed).where(Head.site == DEPLOYMENT)
    size, signed = db.session.execute(sizes).one_or_none() or (0, 0)
    yield _gauge("log_entries", "Entries of the deployment log.", size)
    yield _gauge("log_signed_entries", "Of those, under a signed checkpoint.", signed)
    total = db.session.scalar(select(func.sum(Head.size)).where(Head.site != DEPLOYMENT)) or 0
    yield _gauge("log_site_entries", "Entries of all sites' logs.", total)
    if known.ledger.signer.folder.exists() and (last := known.ledger.signer.latest()):
        age = (at - last).total_seconds()
        yield _gauge("checkpoint_age_seconds", "Since anything was signed; quiet logs age.", age)


def _stored(known: Parts, at: datetime) -> Iterator[Metric]:
    sqlite = known.config.sqlite
    query = "SELECT pg_database_size(current_database())"
    if not sqlite:
        yield _gauge("database_bytes", "Size of the database.", db.session.scalar(text(query)) or 0)
    else:
        name = db.engine.url.database or ""
        files = [Path(name), Path(f"{name}-wal")]
        size = sum(file.stat().st_size for file in files if file.exists())
        yield _gauge("database_bytes", "Size of the database.", size)
    newest = db.session.scalar(select(func.max(Row.seq)))
    if newest:
        age = (micros(at) - newest) / 1_000_000
        yield _gauge("newest_record_age_seconds", "Since the last choice was stored.", age)


def _chores(known: Parts, at: datetime) -> Iterator[Metric]:
    trusted = db.session.scalar(select(Clock.trusted))
    if trusted:
        age = (at - trusted).total_seconds()
        yield _gauge("retention_age_seconds", "Since the daily run last trusted the date.", age)
    stuck = retention.problem() is not None
    yield _gauge("retention_stopped", "1 while the daily run deletes nothing.", stuck)
    yield _by("scans", "Scans by state.", "state", _states(scans.Scan))
    yield _by("alerts", "Webhooks and mails of scans by state.", "state", _states(scans.Alert))
    left = sealing.left()
    yield _gauge("sealed_with_old_keys", "Fields that `sealing rotate` would seal again.", left)


def _states(noun: type[scans.Scan] | type[scans.Alert]) -> dict[str, float]:
    rows = db.session.execute(select(noun.state, func.count()).group_by(noun.state))
    return {state: float(count) for state, count in rows}


READ: tuple[Callable[[Parts, datetime], Iterator[Metric]], ...] = (_log, _stored, _chores)
