"""How the databases are named in the settings. The sentences name no value: it holds passwords."""

from __future__ import annotations

import re
from pathlib import Path

HOME = "home"  # the database of DATABASE_URL, beside those of SHARDS
MOST = 31
POSTGRESQL = re.compile(r"postgresql(\+psycopg)?://")


def first(url: str, instance: Path) -> str:
    """DATABASE_URL as the engine wants it; raises ValueError."""
    if not url:
        return f"sqlite:///{instance / 'crumbtrail.db'}"
    if url.startswith("postgresql://"):
        return "postgresql+psycopg://" + url.removeprefix("postgresql://")
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://.")


def others(text: str, home: str) -> tuple[tuple[str, str], ...]:
    """(name, address) of each of SHARDS; raises ValueError."""
    found: dict[str, str] = {HOME: home}
    for number, part in enumerate(text.split(), 1):
        name, _, url = part.partition("=")
        if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", name) or not POSTGRESQL.match(url):
            raise ValueError(f"SHARDS: part {number} is not name=postgresql://….")
        if name in found or POSTGRESQL.sub("", url) in {
            POSTGRESQL.sub("", o) for o in found.values()
        }:
            raise ValueError(f"SHARDS: part {number} names what was named before it.")
        found[name] = "postgresql+psycopg://" + POSTGRESQL.sub("", url)
    if len(found) > 1 and not POSTGRESQL.match(home):
        raise ValueError("SHARDS means nothing without a DATABASE_URL of PostgreSQL.")
    if len(found) > MOST + 1:
        raise ValueError(f"SHARDS: at most {MOST}.")
    return tuple(found.items())[1:]
