"""Rows that are there already: copies of one that came by HTTP, made by the database.

Each copy has an id, a visitor and a salt of its own, a millisecond before the next. They are not in
the log and not in the statistics. The peer's have a subject each, as its own have.
"""

from __future__ import annotations

from bench.servers import Database, Ours, Peer, Sqlite
from consent.records.rows import Row

STEP_US = 1000


def fill(server: Ours | Peer, rows: int) -> None:
    """So many rows in all; the server is stopped, and one choice was sent to it before."""
    more = rows - server.rows()
    if more <= 0:
        return
    made = _ours if isinstance(server, Ours) else _peers
    for statement in made(server.database, more):
        server.database.tell(_unchecked(server.database) + statement)
    server.database.tell("ANALYZE")


def _unchecked(database: Database) -> str:
    """The copies name what the first one names; PostgreSQL need not look for each of them."""
    return "" if isinstance(database, Sqlite) else "SET LOCAL session_replication_role = replica; "


def _numbers(database: Database, count: int) -> str:
    """A table `numbers` with a column `n` from 1."""
    if isinstance(database, Sqlite):
        each = "SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < "
        return f"WITH RECURSIVE numbers AS ({each}{count})"
    return f"WITH numbers AS (SELECT generate_series(1, {count}) AS n)"


def _hex(database: Database, digits: int) -> str:
    """An expression of so many random hexadecimal digits, at most 32."""
    drawn = "hex(randomblob(16))" if isinstance(database, Sqlite) else "md5(random()::text || n)"
    return f"substr({drawn}, 1, {digits})"


def _sixteen(database: Database, text: str) -> str:
    """Sixteen bytes of 32 hexadecimal digits, as each database keeps them (db.Bytes16)."""
    return f"unhex({text})" if isinstance(database, Sqlite) else f"({text})::uuid"


def _ours(database: Database, count: int) -> list[str]:
    seq = f"first.seq - ({count} - numbers.n + 1) * CAST({STEP_US} AS BIGINT)"
    ms = f"({seq}) / 1000"
    sqlite = isinstance(database, Sqlite)
    stamp = f"printf('%012x', {ms})" if sqlite else f"lpad(to_hex({ms}), 12, '0')"
    uuid7 = f"{stamp} || '7' || {_hex(database, 3)} || '8' || {_hex(database, 15)}"
    made = {"seq": seq, "id": _sixteen(database, uuid7)}
    made |= {name: _sixteen(database, _hex(database, 32)) for name in ("visitor", "salt")}
    names = [column.name for column in Row.__table__.columns]
    values = ", ".join(made.get(name, f"first.{name}") for name in names)
    first = f"SELECT * FROM {Row.__tablename__} ORDER BY seq LIMIT 1"
    return [
        f"INSERT INTO {Row.__tablename__} ({', '.join(names)}) {_numbers(database, count)}"
        f" SELECT {values} FROM ({first}) AS first, numbers ORDER BY numbers.n"
    ]


SUBJECT = "externalId identityProvider createdAt updatedAt tenantId".split()
CONSENT = (
    "domainId policyId purposeIds metadata ipAddress userAgent givenAt validUntil jurisdiction"
    " jurisdictionModel tcString uiSource consentAction runtimePolicyDecisionId"
    " runtimePolicySource tenantId"
).split()


def _peers(database: Database, count: int) -> list[str]:
    subject, consent = (
        ", ".join(f'one."{name}"' for name in names) for names in (SUBJECT, CONSENT)
    )
    return [
        f'INSERT INTO "subject" (id, {_bare(subject)}) {_numbers(database, count)}'
        f" SELECT 'sub_fill' || {_hex(database, 20)}, {subject}"
        ' FROM (SELECT * FROM "subject" LIMIT 1) AS one, numbers',
        f'INSERT INTO "consent" (id, "subjectId", {_bare(consent)})'
        f" SELECT 'cns_' || substr(subject.id, 5), subject.id, {consent}"
        ' FROM (SELECT * FROM "consent" LIMIT 1) AS one, subject'
        " WHERE subject.id LIKE 'sub_fill%'",
    ]


def _bare(columns: str) -> str:
    return columns.replace("one.", "")
