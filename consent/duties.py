"""What a worker does beside answering, each in a thread of its own: the log, scans, pictures,
messages, acts on many sites."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask

from . import bulk, config, ledger, logs, rendering, requests, scanning, scans, webhooks
from .chores import repeat
from .mail import mailer
from .parts import Parts
from .records import Indexing
from .records.pulse import watch
from .reminding import Reminders
from .retention import Daily
from .saying import all_of
from .sites import Site
from .telling import Telling

CHORES_S = 1.0  # between two looks at what waits: scans, pictures, messages, acts on many sites


def begin(app: Flask) -> None:
    """What an app does beside answering, until the process ends."""
    logs.settle(app, app.extensions["crumbtrail"].config)
    known: Parts = app.extensions["crumbtrail"]
    atexit.register(known.close)
    if slips := config.slips(os.environ):
        known.warnings["settings"] = all_of(slips, " ")
    look(app, known)
    stop = threading.Event()
    here = (app.app_context, known.clock, stop)
    scanner = scanning.scanner(known)
    atexit.register(scanner.close)
    start("scans", stop, repeat, *here, CHORES_S, scanner)
    if known.config.renderings:
        renderer = rendering.renderer(known)
        atexit.register(renderer.close)
        start("renderings", stop, repeat, *here, CHORES_S, renderer)

    def acts(at: datetime) -> bool:
        return bulk.work(at, partial(may_scan, known))

    start("pulse", stop, repeat, *here, CHORES_S, watch(lambda: lost(known)))
    start("webhooks", stop, repeat, *here, CHORES_S, sender(known))
    start("bulk", stop, repeat, *here, CHORES_S, acts)
    # Last, so that it is ended first and before `close`: a tick that has begun ends.
    if known.config.ledger:
        mail = mailer(known.config.smtp_url, known.config.mail_from)
        told = Telling(mail, known.config.base_url, known.config.consent_alerts)
        daily = (Daily(known.ledger), Indexing(), Reminders(mail, known.config.base_url), told)
        start("ledger", stop, ledger.run, known.ledger, *here, *daily)
    else:
        start("ledger", stop, ledger.watch, known.ledger, *here)


def start(name: str, stop: threading.Event, run: Callable[..., None], *args: Any) -> None:
    """A thread of the worker beside those that answer; its end waits for what it is at."""
    thread = threading.Thread(target=run, args=args, name=name, daemon=True)
    thread.start()
    atexit.register(end, stop, thread)


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
