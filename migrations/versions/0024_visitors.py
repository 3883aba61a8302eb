"""the index of visitors in packed runs, in place of the database's own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TESTS = sa.text("flags & 2 != 0")
BY_SITE = "site_id IN (SELECT id FROM site)"
OURS = ("visitor_index", "visitor_run", "visitor_block")


def upgrade() -> None:
    op.create_table(
        "visitor_index",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edge", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "visitor_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("low", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("site_id", "low", "level"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "visitor_block",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.LargeBinary(length=11), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "first"),
    )
    op.drop_index("record_by_visitor", table_name="record")
    op.create_index(
        "record_of_testers", "record", ["visitor"], sqlite_where=TESTS, postgresql_where=TESTS
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in OURS:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"CREATE POLICY organisation ON {table} USING ({BY_SITE})")


def downgrade() -> None:
    op.drop_index("record_of_testers", table_name="record")
    op.create_index("record_by_visitor", "record", ["site_id", "visitor"])
    for table in reversed(OURS):
        op.drop_table(table)
