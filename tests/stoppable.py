"""A PostgreSQL that a module's tests may stop: one of its own, synced to disk.

A module takes both by their names: `postgres, databases = stoppable.postgres, …`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import PostgresqlDatabases
from tests.postgres import Cluster, Missing, cluster


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    yield from _synced()


@pytest.fixture(scope="module")
def databases(postgres: Cluster) -> PostgresqlDatabases:
    """In place of the session's, whose server serves every test."""
    return PostgresqlDatabases(postgres)


@pytest.fixture(scope="module")
def second() -> Iterator[PostgresqlDatabases]:
    """Of another server, for what is spread over two."""
    for private in _synced():
        yield PostgresqlDatabases(private)


def _synced() -> Iterator[Cluster]:
    try:
        with cluster(synced=True) as private:
            yield private
    except Missing as why:
        pytest.skip(str(why))
