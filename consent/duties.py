"""What a worker does beside answering, each in a thread of its own: scans, pictures, messages, acts
on many sites, and a look at the log that another process keeps (upkeep.py)."""

from __future__ import annotations

import atexit
import os
import threading
from datetime import datetime
from functools import partial

from flask import Flask

from . import bulk, config, ledger, logs, rendering, requests, scanning, scans, webhooks
from .chores import attempt, repeat, start
from .mail import mailer
from .parts import Parts
from .records.pulse import watch
from .saying import all_of
from .sites import Site

CHORES_S = 1.0  # between two looks at what waits: scans, pictures, messages, acts on many sites


def begin(app: Flask) -> None:
    """What an app does beside answering, until the process ends."""
    logs.settle(app, app.extensions["crumbtrail"].config)
    known: Parts = app.extensions["crumbtrail"]
    atexit.register(known.close)
    if slips := config.slips(os.environ):
        known.warnings["settings"] = all_of(slips, " ")
    stop = threading.Event()
    here = (app.app_context, known.clock, stop)
    # Before the first choice: is this the database whose heads were signed last?
    attempt(app.app_context, known.clock, known.ledger.look)
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
    start("ledger", stop, ledger.watch, known.ledger, *here)


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
