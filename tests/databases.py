"""Fresh databases for tests: each is a copy of one that the migrations built."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import create_engine

from consent.db import engine_options
from tests.postgres import Cluster
from tests.prepare import ROOT

ENGINES = ("sqlite", "postgresql")


class Databases(Protocol):
    """Where a test gets its database from; `name` is the engine's."""

    name: str

    def fresh(self, *, migrated: bool = True) -> str:
        """The address of a database nobody has used; the caller drops it."""

    def drop(self, url: str) -> None: ...


@contextmanager
def lent(databases: Databases, *, migrated: bool = True) -> Iterator[str]:
    """A fresh database for as long as the block lasts."""
    url = databases.fresh(migrated=migrated)
    try:
        yield url
    finally:
        databases.drop(url)


def alembic_config() -> AlembicConfig:
    return AlembicConfig(toml_file=ROOT / "pyproject.toml")


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision` with plain Alembic."""
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, **engine_options(url))
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


class SqliteDatabases:
    """Files in one folder, copied from a migrated one."""

    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()
        self.template = folder / "template.db"
        migrate(f"sqlite:///{self.template}")
        leftovers = [f for f in folder.glob("template.db-*") if f.stat().st_size]
        if leftovers:
            raise AssertionError(f"the template was not closed: {leftovers}")

    def fresh(self, *, migrated: bool = True) -> str:
        file = self.folder / f"{next(self.numbers)}.db"
        if migrated:
            shutil.copyfile(self.template, file)
        return f"sqlite:///{file}"

    def drop(self, url: str) -> None:
        for file in self.folder.glob(Path(url).name + "*"):
            file.unlink()


class PostgresqlDatabases:
    """Databases of one private server, copied from a migrated one."""

    name = "postgresql"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.numbers = itertools.count()
        migrate(cluster.create("migrated"))

    def fresh(self, *, migrated: bool = True) -> str:
        name = f"test{next(self.numbers)}"
        return self.cluster.create(name, "migrated" if migrated else "template0")

    def drop(self, url: str) -> None:
        self.cluster.drop(url.rsplit("/", 1)[-1].split("?")[0])
