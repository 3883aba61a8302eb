"""Plain Alembic: the engine comes from the caller (`flask --app app migrate`) or DATABASE_URL."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from consent import (
    bulk,
    catalogue,
    config,
    directory,
    inventory,
    ledger,
    notices,
    organisations,
    ownership,
    records,
    retention,
    rollup,
    row_security,
    sites,
    tokens,
    trail,
    users,
    waiting,
    webhooks,
)
from consent.db import db, engine_options

NOUNS = (
    waiting,
    directory,
    trail,
    organisations,
    users,
    tokens,
    sites,
    webhooks,
    ownership,
    inventory,
    catalogue,
    notices,
    records,
    rollup,
    ledger,
    retention,
    bulk,
)


def run(connection: Connection) -> None:
    context.configure(connection, target_metadata=db.metadata, compare_type=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":  # an index of many records takes minutes
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        context.run_migrations()
        row_security.settle(connection)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    url = config.load(os.environ).here
    with create_engine(url, **engine_options(url)).connect() as own:
        run(own)
