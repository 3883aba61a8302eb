"""How the databases, and the stream before one, are named in the settings. The sentences name no
value: it holds passwords."""

from __future__ import annotations

import re
from pathlib import Path

HOME = "home"  # the database of DATABASE_URL, beside those of SHARDS
MOST = 31
STREAMS = re.compile(r"|(nats|tls)://[^\s/,]+((, *(nats|tls)://[^\s/,]+){2,})?")
Others = tuple[tuple[str, str], ...]  # name and address of each
Streams = tuple[str, ...]
POSTGRESQL = re.compile(r"postgresql(\+psycopg)?://")


def first(url: str, instance: Path) -> str:
    """DATABASE_URL as the engine wants it; raises ValueError."""
    if not url:
        return f"sqlite:///{instance / 'crumbtrail.db'}"
    if url.startswith("sqlite:///"):
        return url
    if POSTGRESQL.match(url):
        return spelled(url)
    raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://.")


def spelled(url: str) -> str:
    """An address of PostgreSQL as SQLAlchemy spells it. Of several hosts (PostgreSQL manual,
    34.1.1.3) each becomes a `host` of the query, for an address has room for one."""
    whole = re.fullmatch(r"[^:]+://((?:[^@/?]*@)?)([^/?]*)([^?]*)(?:\?(.*))?", url)
    if whole is None:
        raise ValueError("An address of PostgreSQL must be like postgresql://user@host/name.")
    who, hosts, path, query = whole.groups(default="")
    if "," in hosts:
        more = [f"host={host}" for host in hosts.split(",")]
        hosts, query = "", "&".join([*more, *filter(None, [query])])
    return f"postgresql+psycopg://{who}{hosts}{path}" + (f"?{query}" if query else "")


def others(text: str, home: str) -> Others:
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
        found[name] = spelled(url)
    if len(found) > 1 and not POSTGRESQL.match(home):
        raise ValueError("SHARDS means nothing without a DATABASE_URL of PostgreSQL.")
    if len(found) > MOST + 1:
        raise ValueError(f"SHARDS: at most {MOST}.")
    return tuple(found.items())[1:]


def streams(text: str) -> Streams:
    """The addresses of INGEST; of two servers none would have a majority. Raises ValueError."""
    if not STREAMS.fullmatch(text):
        raise ValueError(
            "INGEST must be the addresses of one server or three, like nats://10.0.0.1:4222, with"
            " commas between."
        )
    return tuple(text.replace(",", " ").split())
