"""What workers do beside answering, each in a thread of its own: look at the log that another
process keeps (upkeep.py), and one of them for all: scans, pictures, messages, acts on many sites.
"""

from __future__ import annotations

import atexit
import os
import threading
from datetime import datetime
from functools import partial

from flask import Flask

from . import bulk, config, ledger, logs, metrics, rendering, requests, scanning, scans, webhooks
from .chores import Work, attempt, repeat, start
from .mail import mailer
from .parts import Parts
from .records.pulse import watch
from .saying import all_of
from .sites import Site
from .turns import Sole

CHORES_S = 1.0  # between two looks at what waits: scans, pictures, messages, acts on many sites


def begin(app: Flask) -> None:
    """What an app does beside answering, until the process ends."""
    logs.settle(app, app.extensions["crumbtrail"].config)
    metrics.begin(app)
    known: Parts = app.extensions["crumbtrail"]
    atexit.register(known.close)
    if slips := config.slips(os.environ):
        known.warnings["settings"] = all_of(slips, " ")
    stop = threading.Event()
    here = (app.app_context, known.clock, stop)
    # Before the first choice: is this the database whose heads were signed last?
    attempt(app.app_context, known.clock, known.ledger.look)
    start("pulse", stop, repeat, *here, CHORES_S, watch(lambda: lost(known)), metrics.tell)
    start("ledger", stop, ledger.watch, known.ledger, *here)
    sole = Sole(known.config.instance_path / f"duties-{known.config.shard}")
    atexit.register(sole.close)
    for name, work in chores(known).items():
        start(name, stop, repeat, *here, CHORES_S, by_one(sole, name, work))


def chores(known: Parts) -> dict[str, Work]:
    """What one process does for all, by name."""
    scanner = scanning.scanner(known)
    atexit.register(scanner.close)
    found: dict[str, Work] = {"scans": scanner}
    if known.config.renderings:
        renderer = rendering.renderer(known)
        atexit.register(renderer.close)
        found["renderings"] = renderer

    def acts(at: datetime) -> bool:
        return bulk.work(at, partial(may_scan, known))

    return {**found, "webhooks": sender(known), "bulk": acts}


def by_one(sole: Sole, name: str, work: Work) -> Work:
    """`work`, done where this process is the one; `name` is what it is called when it fails."""

    def one(at: datetime) -> object:
        return work(at) if sole() else None

    one.__name__ = name
    return one


def lost(known: Parts) -> bool:
    return known.started is not None and known.started.lost


def may_scan(known: Parts, site: Site, url: str, at: datetime) -> object:
    return scans.options(site, url, known.config, at)


def sender(known: Parts) -> webhooks.Sender:
    """What sends webhooks; whether to private addresses is the operator's word, as for alerts."""
    config = known.config
    mail = mailer(config.smtp_url, config.mail_from)
    send = webhooks.poster(config.alerts_private)
    return webhooks.Sender(send, config.secret_key, mail, requests.remind)
