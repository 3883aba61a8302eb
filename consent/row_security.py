"""The third wall between organisations, in PostgreSQL itself: row-level security (decision 0036).

Inside `tenancy.within(organisation)` each statement of the engine, plain SQL included, runs as the
role `<user>_tenant`. To it a table that knows its site or organisation shows the rows of the
setting `crumbtrail.organisation` alone, and none where that is not set (migration 0022). Outside
(visitors, auditors, the ledger, the terminal) the program is the owner of its tables, whom policies
do not bind. SQLite has no roles: there the two walls of `tenancy` stand alone.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import ConnectionPoolEntry

from . import tenancy

_LOG = logging.getLogger(__name__)
HELD = "row_security"  # in a connection's `info`: the organisation that its transaction is within
UNSURE = -1  # a savepoint was taken back, and with it perhaps what was set
OURS = {"row_security": True}
ENTER = text(
    "SELECT set_config('role', left(session_user, 56) || '_tenant', true),"
    " set_config('crumbtrail.organisation', :organisation, true)"
)
LEAVE = text("RESET ROLE")
ROLE = text(
    "SELECT n.name, r.oid IS NOT NULL AS there,"
    " coalesce(pg_has_role(session_user, r.oid, 'MEMBER'), false) AS member"
    " FROM (SELECT left(session_user, 56) || '_tenant' AS name) n"
    " LEFT JOIN pg_roles r ON r.rolname = n.name"
)
# Tables that the role may not use, and tables of an organisation that have no policy.
LACKING = text(
    "SELECT count(*) FILTER (WHERE NOT has_table_privilege(:role, c.oid, 'INSERT')),"
    " count(*) FILTER (WHERE NOT c.relrowsecurity AND c.relname = ANY(:owned))"
    " FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
)


def guard(engine: Engine) -> None:
    """Watch what an engine of PostgreSQL is told; any other is left alone."""
    if engine.dialect.name != "postgresql":
        return
    event.listen(engine, "before_cursor_execute", _before)
    for name in ("commit", "rollback"):
        event.listen(engine, name, _over)
    event.listen(engine, "rollback_savepoint", _taken_back)
    event.listen(engine, "checkin", _given_back)


def problem(connection: Connection) -> str | None:
    """A sentence for the operator where this wall does not stand."""
    if connection.dialect.name != "postgresql":
        return None
    role = connection.execute(ROLE, execution_options=OURS).one()
    if not role.there or not role.member:
        return (
            "PostgreSQL does not keep organisations apart: its role is missing. As a superuser:"
            f' CREATE ROLE "{role.name}" NOLOGIN; GRANT "{role.name}" TO the user of DATABASE_URL;'
            " then restart."
        )
    asked = {"role": role.name, "owned": sorted(tenancy.owned())}
    closed, bare = connection.execute(LACKING, asked, execution_options=OURS).one()
    if closed or bare:
        return "PostgreSQL does not keep organisations apart: flask --app app migrate mends it."
    return None


def settle(connection: Connection) -> None:
    """Make the role where that is allowed, and let it use the tables there are."""
    if connection.dialect.name != "postgresql" or problem(connection) is None:
        return
    role = connection.execute(ROLE).one()
    name = connection.dialect.identifier_preparer.quote(role.name)
    try:
        with connection.begin_nested():
            if not role.there:
                connection.exec_driver_sql(f"CREATE ROLE {name} NOLOGIN")
            if not role.member:
                connection.exec_driver_sql(f"GRANT {name} TO SESSION_USER")
    except ProgrammingError:  # this user may not; /readyz says what a superuser does
        return
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    for right, what in (
        ("USAGE", "SCHEMA"),
        ("SELECT, INSERT, UPDATE, DELETE", "ALL TABLES IN SCHEMA"),
        ("USAGE, SELECT", "ALL SEQUENCES IN SCHEMA"),
    ):
        connection.exec_driver_sql(f"GRANT {right} ON {what} {schema} TO {name}")


def _before(connection: Connection, *told: Any) -> None:
    """Enter or leave, where the statement's organisation is not the transaction's."""
    options = told[3].execution_options if told[3] is not None else {}
    if options.get("row_security") or told[1].startswith("ROLLBACK TO SAVEPOINT"):
        return
    wanted = None if options.get(tenancy.EVERY) else tenancy.current()
    held = connection.info.get(HELD)
    if wanted == held or (wanted is not None and not _stands(connection)):
        return
    if wanted is None:
        connection.execute(LEAVE, execution_options=OURS)
    else:
        connection.execute(ENTER, {"organisation": str(wanted)}, execution_options=OURS)
    connection.info[HELD] = wanted


def _stands(connection: Connection) -> bool:
    """Asked once of each process and database: a restart follows what an operator mends."""
    known = connection.engine.__dict__
    if "row_security_stands" not in known:
        why = problem(connection)
        if why:
            _LOG.warning(why)
        known["row_security_stands"] = why is None
    return bool(known["row_security_stands"])


def _over(connection: Connection) -> None:
    if not connection.invalidated:  # the next one knows nothing of what this one was told
        connection.info.pop(HELD, None)


def _given_back(_: Any, record: ConnectionPoolEntry) -> None:
    record.info.pop(HELD, None)


def _taken_back(connection: Connection, *_: Any) -> None:
    if not connection.invalidated and HELD in connection.info:
        connection.info[HELD] = UNSURE
