"""The wall between organisations, below every noun: what is asked inside one sees that one alone.

The first wall is the door: it looks up whose the site of an address is. This is the second, for
the day on which somebody forgets a condition (decision 0025). Inside `within(organisation)` each
statement of the session

- over tables that know their site or their organisation gets the condition that they are of this
  one, joins and sub-queries included;
- that cannot be given it (plain SQL, a table without its class) raises Trespass, as does writing a
  row of another organisation. `execution_options(every_organisation=True)` says, in the open, that
  a statement means all of them.

Outside of it (visitors, auditors, the ledger, the terminal) nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import g, has_app_context
from sqlalchemy import (
    ColumnElement,
    Table,
    TextClause,
    column,
    event,
    func,
    select,
    table,
)
from sqlalchemy.orm import (
    Mapper,
    ORMExecuteState,
    Session,
    UOWTransaction,
    with_loader_criteria,
)
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import TableClause

from .db import Base

EVERY = "every_organisation"
SITE = table("site", column("id"), column("key"), column("organisation_id"))
ORGANISATION = table("organisation", column("id"))
MEMBERSHIP = table("membership", column("user_id"), column("organisation_id"), column("since"))
ACCOUNT = table("account", column("id"), column("email"))


class Trespass(RuntimeError):
    """A mistake of ours: a statement that would have reached into another organisation."""


@contextmanager
def within(organisation: int | None) -> Iterator[None]:
    """For the block, the session sees and writes what is of this organisation; 0 sees nothing that
    is of any, None sees everything: for what makes an organisation, or joins one."""
    before = current()
    leave()
    if organisation is not None:
        enter(organisation)
    try:
        yield
    finally:
        leave()
        if before is not None:
            enter(before)


def enter(organisation: int) -> None:
    """Close the wall for the rest of the request."""
    g.tenant = organisation


def leave() -> None:
    """Open it again: an app context may outlive a request."""
    if has_app_context():
        g.pop("tenant", None)


def current() -> int | None:
    """The organisation the wall is closed around, 0 for none of them; None where it is open."""
    return g.get("tenant") if has_app_context() else None


def first(connection: Any) -> int:
    """The organisation of the first run."""
    return int(connection.scalar(select(func.min(ORGANISATION.c.id))) or 1)


def owner(context: Any) -> int:
    """Column default: what is made belongs to the organisation one is in, else to the first."""
    return current() or first(context.connection)


def owner_of_act(context: Any) -> int:
    """Column default of the trail: the organisation of the act's site; else the one that is
    entered; else the one that its actor was in first; else the first of all."""
    said = context.get_current_parameters()
    if said.get("site"):
        wanted = select(SITE.c.organisation_id).where(SITE.c.key == said["site"])
        found = context.connection.scalar(wanted)
        if found is not None:
            return int(found)
    if inside := current():
        return inside
    member = MEMBERSHIP.join(ACCOUNT, ACCOUNT.c.id == MEMBERSHIP.c.user_id)
    wanted = (
        select(MEMBERSHIP.c.organisation_id)
        .select_from(member)
        .where(ACCOUNT.c.email == said.get("actor"))
        .order_by(MEMBERSHIP.c.since, MEMBERSHIP.c.organisation_id)
    )
    return int(context.connection.scalar(wanted.limit(1)) or first(context.connection))


@event.listens_for(Session, "do_orm_execute")
def _fence(state: ORMExecuteState) -> None:
    tenant = current()
    if tenant is None or state.is_column_load or state.execution_options.get(EVERY):
        return
    if any(isinstance(one, LoaderCriteriaOption) for one in state.statement._with_options):
        return  # what SQLAlchemy asks on behalf of a statement that has its condition
    named, classed = _tables(state.statement)
    if bare := named - classed:
        raise Trespass(f"A statement inside an organisation is over {', '.join(sorted(bare))}.")
    if named and state.is_insert:
        raise Trespass("Rows inside an organisation are made by their classes.")
    if named:
        mine = [_criteria(name, tenant) for name in sorted(named)]
        state.statement = state.statement.options(*mine)


@event.listens_for(Session, "before_flush")
def _watch(session: Session, _context: UOWTransaction, _instances: Any) -> None:
    tenant = current()
    if tenant is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        kind = str(getattr(row, "__tablename__", ""))
        name = owned().get(kind)
        value = getattr(row, name) if name else None
        if value is None:  # of no organisation, or its column has not asked yet
            continue
        ours = value == tenant if name == "organisation_id" else value in _sites(session, tenant)
        if not ours:
            raise Trespass(f"A row of {kind} is of another organisation.")


def _sites(session: Session, tenant: int) -> set[int]:
    wanted = select(SITE.c.id).where(SITE.c.organisation_id == tenant)
    return set(session.connection().scalars(wanted))


def _tables(statement: Any) -> tuple[set[str], set[str]]:
    """Names of the guarded tables in a statement, and of those that are there by their class."""
    named, classed = set(), set()
    for part in visitors.iterate(statement):
        if isinstance(part, TextClause):
            raise Trespass("Plain SQL inside an organisation cannot be given its condition.")
        if name := _guarded(part):
            named.add(name)
        entity = part._annotations.get("parententity")
        if entity is not None:  # a class, or another name for one
            classed.add(entity.mapper.local_table.name)
        for one in getattr(part, "_raw_columns", ()):
            if (name := _guarded(one)) and "parententity" not in one._annotations:
                raise Trespass(f"What is asked of {name} inside an organisation has no class.")
    return named, classed


def _guarded(part: Any) -> str | None:
    """The guarded table that a part of a statement is, or a column is of."""
    of = part if isinstance(part, TableClause) else getattr(part, "table", None)
    return of.name if isinstance(of, TableClause) and of.name in owned() else None


@cache
def owned() -> dict[str, str]:
    """The guarded tables, each with the column that says whose a row is."""
    found = {}
    for one in Base.metadata.tables.values():
        for name in ("organisation_id", "site_id"):
            if name in one.c:
                found[one.name] = name
                break
    return found


@cache
def _classes() -> dict[str, Mapper[Any]]:
    mappers = Base.registry.mappers
    return {one.local_table.name: one for one in mappers if isinstance(one.local_table, Table)}


def _criteria(name: str, tenant: int) -> Any:
    kind = _classes()[name].class_
    return with_loader_criteria(kind, _condition(kind, owned()[name], tenant), include_aliases=True)


def _condition(kind: Any, name: str, tenant: int) -> ColumnElement[bool]:
    whose: ColumnElement[int] = getattr(kind, name)
    if name == "organisation_id":
        return whose == tenant
    return whose.in_(select(SITE.c.id).where(SITE.c.organisation_id == tenant))
