"""The fence: in each database a trigger that lets nobody write of a site that is not there.

It stands in the database, so it binds a process that has not heard of a move, and every way of
writing there is. The first row of a site that a transaction writes takes the shared advisory lock
of the site and asks `shard_site`; whoever moves the site takes the lock alone to change its state,
so no transaction that saw the old state outlives the change. Triggers are made where SHARDS is set,
by `flask migrate`; elsewhere there are none.

Numbers never collide between databases: from then on each counts in steps of 32, with a rest of
its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert

from ..databases import HOME
from ..db import Base
from ..directory import CLOSING, COPYING, MOVED, OPEN, Shard
from ..errors import Refusal
from .tables import ENDS, GOES, PARENTS, RECORDS

STEP = 32
MOVER = "crumbtrail.mover"  # 'on' for the transactions of whoever moves a site
LOCK = "hashtextextended({}, 26)"
SETTLING = text("SELECT pg_advisory_xact_lock(26)")  # one process at a time

KEYS = {"key": "k := r.key;", "site": "k := r.site;"} | {
    "site_id": "SELECT key INTO k FROM site WHERE id = r.site_id;"
}
BODY = """
DECLARE r record; k text; in_shard text; in_state text; up_to bigint;
BEGIN
  IF TG_OP = 'DELETE' THEN r := OLD; ELSE r := NEW; END IF;
  {key}
  IF {nobody} OR current_setting('crumbtrail.fenced', true) = k THEN RETURN r; END IF;
  IF k IS NULL THEN
    IF TG_OP = 'DELETE' THEN RETURN r; END IF;
    RAISE EXCEPTION 'the site is not here' USING ERRCODE = '{moved}';
  END IF;
  PERFORM pg_advisory_xact_lock_shared({lock});
  SELECT shard, state, boundary INTO in_shard, in_state, up_to FROM shard_site WHERE site = k;
  IF NOT FOUND THEN
    in_shard := {unlisted}; in_state := '{open}';
  END IF;
  IF in_shard = {here} AND in_state = '{open}' THEN
    PERFORM set_config('crumbtrail.fenced', k, true);
    RETURN r;
  END IF;
  IF in_shard = {here} AND in_state = '{copying}' THEN
    {note}
    RETURN r;
  END IF;
  IF in_shard = {here} AND in_state = '{closing}' AND (TG_TABLE_NAME IN ('log_head', 'log_tile')
      OR TG_TABLE_NAME = 'waiting' AND TG_OP = 'DELETE') THEN
    RETURN r;
  END IF;
  RAISE EXCEPTION 'the site % is not written here', k USING ERRCODE = '{moved}';
END
"""


class Misplaced(Refusal):
    """A database is not the one that its name in SHARDS says; the message is for the operator."""

    def __init__(self, message: str) -> None:
        super().__init__("misplaced", message)


def settle(home: Engine, others: Mapping[str, Engine]) -> None:
    """Give every database its name and number, its fence and its own numbers for rows.

    Runs again unharmed. Raises Misplaced.
    """
    with home.begin() as connection:
        connection.execute(SETTLING)
        known = _named(connection, HOME, 0)
        for name in others:
            number = max(known.values()) + 1
            if name not in known:
                _insert(connection, name, number, here=False)
                known[name] = number
        _number(connection, 0, {})
        floor = _last(connection)
    with home.begin() as connection:
        connection.execute(SETTLING)
        _fence(home, HOME)
        for name, engine in others.items():
            with engine.begin() as other:
                if _named(other, name, known[name]) != {name: known[name]}:
                    raise Misplaced(f"The database of {name} knows others: is it the first one?")
                _number(other, known[name], floor)
            _fence(engine, name)


def _named(connection: Connection, name: str, number: int) -> dict[str, int]:
    """The databases that this one knows, itself among them."""
    shards = list(connection.execute(select(Shard.name, Shard.number, Shard.here)))
    here = [one for one in shards if one.here]
    if here and (here[0].name, here[0].number) != (name, number):
        raise Misplaced(f"The database that SHARDS calls {name} is the one of {here[0].name}.")
    if not here:
        if name != HOME and connection.scalar(text("SELECT EXISTS (SELECT FROM site)")):
            raise Misplaced(f"The database of {name} has sites of its own: it is not a new one.")
        _insert(connection, name, number, here=True)
    return {one.name: one.number for one in shards} | {name: number}


def _insert(connection: Connection, name: str, number: int, here: bool) -> None:
    made = insert(Shard).values(name=name, number=number, here=here)
    connection.execute(made.on_conflict_do_nothing())


def _last(connection: Connection) -> dict[str, int]:
    """The last number each sequence gave; 0 before the first."""
    asked = text(
        "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences"
        " WHERE schemaname = current_schema()"
    )
    return {name: int(last) for name, last in connection.execute(asked)}


def _number(connection: Connection, number: int, floor: Mapping[str, int]) -> None:
    """From now on the sequences give numbers with this rest alone, above `floor`."""
    asked = text(
        "SELECT sequencename, increment_by, coalesce(last_value, 0) FROM pg_sequences"
        " WHERE schemaname = current_schema()"
    )
    for name, step, last in connection.execute(asked).all():
        if step != STEP:
            begin = _next(max(int(last), floor.get(name, 0)), number)
            _run(connection, _RENUMBER.format(sql.Identifier(name), sql.Literal(begin)))


_RENUMBER = sql.SQL("ALTER SEQUENCE {} INCREMENT BY 32 RESTART WITH {}")


def _next(after: int, number: int) -> int:
    """The first number above `after` that this database may give."""
    return after + 1 + (number - after - 1) % STEP


def advance(connection: Connection, number: int) -> None:
    """What is made from now on is numbered above what is there: order stays that of time."""
    asked = text(
        "SELECT c.relname, s.relname FROM pg_class s"
        " JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i')"
        " JOIN pg_class c ON c.oid = d.refobjid"
        " WHERE s.relkind = 'S' AND s.relnamespace = current_schema()::regnamespace"
    )
    last = _last(connection)
    for table, sequence in connection.execute(asked).all():
        if table not in GOES:
            continue
        rows = Base.metadata.tables[table]
        highest = connection.scalar(select(func.max(rows.c.id))) or 0
        if highest > last[sequence]:
            begin = _next(highest, number)
            connection.execute(_SETVAL, {"name": sequence, "begin": begin})


_SETVAL = text("SELECT setval(quote_ident(:name)::regclass, :begin, false)")


def _fence(engine: Engine, name: str) -> None:
    """What stands is left alone: making a trigger stops all who write to its table."""
    tables = {**GOES, **ENDS}
    tables.pop("bulk_step")
    with engine.begin() as connection:
        sources = {name: body for name, body in connection.execute(_FUNCTIONS)}
        there = set(connection.scalars(_TRIGGERS))
        for how in sorted(set(tables.values())):
            for noted in (False, True):
                body = _body(how, name, noted)
                if sources.get(_called(how, noted)) != body:
                    function = sql.Identifier(_called(how, noted))
                    _run(connection, _MADE.format(function, sql.Literal(body)))
    for table, how in tables.items():
        if table in there:
            continue
        function = sql.Identifier(_called(how, table in RECORDS))
        with engine.begin() as connection:
            _run(connection, _TRIGGER.format(table=sql.Identifier(table), function=function))


_FUNCTIONS = text("SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'shard\\_fence\\_%'")
_TRIGGERS = text(
    "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE t.tgname = 'shard_fence' AND c.relnamespace = current_schema()::regnamespace"
)
_MADE = sql.SQL(
    "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS {}"
)
_TRIGGER = sql.SQL(
    "CREATE OR REPLACE TRIGGER shard_fence BEFORE INSERT OR UPDATE OR DELETE ON {table}"
    " FOR EACH ROW WHEN (current_setting('crumbtrail.mover', true) IS DISTINCT FROM 'on')"
    " EXECUTE FUNCTION {function}()"
)
_NOTE = (
    "IF TG_OP <> 'INSERT' OR r.seq <= up_to THEN"
    " INSERT INTO shard_change (site, seq) VALUES (k, r.seq) ON CONFLICT DO NOTHING; END IF;"
)


def _called(how: str, noted: bool) -> str:
    return f"shard_fence_{how}_noted" if noted else f"shard_fence_{how}"


def _body(how: str, name: str, noted: bool) -> str:
    """`how` is the column that leads to the site. What is of no site (an act on an organisation,
    the deployment log) is nobody's business here; a row of a site that is gone is."""
    return BODY.format(
        key=KEYS.get(how) or _parent(how),
        nobody="coalesce(k, '') = ''" if how in ("site", "log_id") else "false",
        lock=LOCK.format("k"),
        unlisted=f"'{HOME}'" if name == HOME else "''",
        here=f"'{name}'",
        note=_NOTE if noted else "NULL;",
        open=OPEN,
        copying=COPYING,
        closing=CLOSING,
        moved=MOVED,
    )


def _parent(how: str) -> str:
    parent, by = PARENTS[how]
    if by == "site":
        return f"SELECT site INTO k FROM {parent} WHERE id = r.{how};"  # noqa: S608 our own words
    join = f"{parent} p JOIN site ON site.id = p.site_id"
    return f"SELECT site.key INTO k FROM {join} WHERE p.id = r.{how};"  # noqa: S608


def _run(connection: Connection, statement: sql.Composed) -> None:
    raw: Any = connection.connection.driver_connection
    raw.execute(statement)
