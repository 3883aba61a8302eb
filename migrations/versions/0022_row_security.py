"""PostgreSQL: what is of an organisation is shown to a tenant's role by that organisation alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BY_ORGANISATION = (
    "organisation_id = (SELECT nullif(current_setting('crumbtrail.organisation', true), '')::int)"
)
BY_SITE = "site_id IN (SELECT id FROM site)"  # of which the role sees its organisation's alone


def upgrade() -> None:
    for table, column in owned().items():
        shown = BY_ORGANISATION if column == "organisation_id" else BY_SITE
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY organisation ON {table} USING ({shown})")


def downgrade() -> None:
    for table in owned():
        op.execute(f"DROP POLICY IF EXISTS organisation ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def owned() -> dict[str, str]:
    """The tables that say whose a row is, each with the column that does; none on SQLite, which
    knows no such thing."""
    found: dict[str, str] = {}
    if op.get_bind().dialect.name != "postgresql":
        return found
    known = sa.inspect(op.get_bind())
    for table in known.get_table_names():
        names = {column["name"] for column in known.get_columns(table)}
        for column in ("organisation_id", "site_id"):
            if column in names:
                found[table] = column
                break
    return found
