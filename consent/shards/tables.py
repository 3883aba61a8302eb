"""Every table of the house, and whether its rows go with their site. A test holds that none is
left out.

A row that goes keeps its number, so JSON and sealed fields that name it stay true.
"""

from __future__ import annotations

from psycopg import sql

from consent.db import AT_HOME, Base

# The table, and the column that leads to the site.
GOES = {
    "site": "key",
    "inventory_version": "site_id",
    "news": "site_id",
    "news_quiet": "site_id",
    "notice": "site_id",
    "notice_proposal": "site_id",
    "notice_rule": "site_id",
    "notice_trial": "site_id",
    "answer": "site_id",
    "ownership": "site_id",
    "page": "site_id",
    "policy_version": "site_id",
    "proposal": "site_id",
    "purged": "site_id",
    "daily_count": "site_id",
    "rollup": "site_id",
    "rollup_due": "site_id",
    "request": "site_id",
    "request_note": "request_id",
    "scan": "site_id",
    "scan_alert": "site_id",
    "scan_watch": "site_id",
    "service": "site_id",
    "test_visits": "site_id",
    "tracker": "site_id",
    "webhook": "site_id",
    "webhook_delivery": "webhook_id",
    "rendering": "notice_id",
    "rendering_job": "notice_id",
    "deed": "site",
    "trail": "site",
    "log_head": "site",
    "log_tile": "log_id",
    "record": "site_id",
    "record_address": "site_id",
    "record_denial": "site_id",
    "record_flag": "site_id",
}
# Of these most is copied while the site goes on: by seq, and by number once a tile is full.
RECORDS = ("record", "record_address", "record_denial", "record_flag")
LARGE = (*RECORDS, "log_tile", "log_head")
# The same facts in every database: by number ("rule", "place") they are mapped, the rest by name.
SHARED = {"rule": ("regime", "regimes"), "place": ("country", "subdivision", "source", "database")}
NAMED = ("build", "field_key")
# Of a site, and not copied: nothing waits any more when a site leaves, acts on many sites are done
# where they were asked for, and the index of visitors is built anew where the records are.
ENDS = {
    "waiting": "site",
    "bulk_step": "site_id",
    "visitor_block": "site_id",
    "visitor_index": "site_id",
    "visitor_run": "site_id",
}
# Of this database or of the installation.
STAYS = frozenset(
    "bulk catalogue_row log_word retention_clock shard shard_change shard_site"
    " site_template".split()
)
PARENTS = {
    "log_id": ("log_head", "site"),
    "notice_id": ("notice", "site_id"),
    "request_id": ("request", "site_id"),
    "webhook_id": ("webhook", "site_id"),
}


def undecided() -> set[str]:
    """Tables of the metadata that stand in no list here, or in two."""
    lists = (set(GOES), set(SHARED), set(NAMED), set(ENDS), STAYS, AT_HOME)
    known = [name for one in lists for name in one]
    twice = {name for name in known if known.count(name) > 1}
    return twice | set(known) ^ set(Base.metadata.tables)


def in_order() -> list[str]:
    """What goes, each after those it refers to."""
    return [table.name for table in Base.metadata.sorted_tables if table.name in GOES]


def columns(table: str) -> list[str]:
    return [column.name for column in Base.metadata.tables[table].c]


def of_site(table: str, key: str, number: int) -> sql.Composed:
    """The condition under which a row is of the site."""
    name = GOES.get(table) or ENDS[table]
    if name not in PARENTS:
        value = number if name == "site_id" else key
        return sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(value))
    parent, by = PARENTS[name]
    return sql.SQL("{} IN (SELECT id FROM {} WHERE {} = {})").format(
        sql.Identifier(name),
        sql.Identifier(parent),
        sql.Identifier(by),
        sql.Literal(key if by == "site" else number),
    )
