"""What one process does for all that serve: the log's ticks, and what comes due in time.

It is the server's first process, which else waits for the one that serves, or with LEDGER=0 `flask
--app app ledger run`. A choice waits for nothing here: what is late is caught up with.
"""

from __future__ import annotations

import threading

from flask import Flask

from . import ledger, logs
from .chores import attempt, start
from .mail import mailer
from .parts import Parts
from .records import Indexing
from .reminding import Reminders
from .retention import Daily
from .telling import Telling


def begin(app: Flask) -> None:
    """Tick, keep what is due and write the letters of one database until the process ends."""
    known: Parts = app.extensions["crumbtrail"]
    config = known.config
    logs.settle(app, config)
    mail = mailer(config.smtp_url, config.mail_from)
    chores = (
        Daily(known.ledger),
        Indexing(),
        Reminders(mail, config.base_url),
        Telling(mail, config.base_url, config.consent_alerts),
    )
    here = (app.app_context, known.clock, threading.Event())
    # Before anybody serves: what was said when the log was kept last may be settled since.
    attempt(app.app_context, known.clock, known.ledger.tell)
    start("ledger", here[2], ledger.run, known.ledger, *here, *chores)
