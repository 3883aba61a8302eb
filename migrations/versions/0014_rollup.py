"""counts of choices, for statistics; which records are suspect; sites whose records are to be
counted once (`flask migrate` and `flask serve` do it)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollup",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("partly", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "span", "kind", "value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "record_flag",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reasons", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "seq"),
    )
    op.create_table(
        "rollup_due",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.execute("INSERT INTO rollup_due (site_id) SELECT DISTINCT site_id FROM record")


def downgrade() -> None:
    for table in ("rollup_due", "record_flag", "rollup"):
        op.drop_table(table)
