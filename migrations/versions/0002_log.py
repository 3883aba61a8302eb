"""the log: what waits for it, its heads and its tiles"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from consent.db import BigKey, Bytes16

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BUNDLES = sa.text("level = 0")


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=False),
        sa.Column("origin", sa.String(length=300), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("chained", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site"),
        sa.UniqueConstraint("origin"),
    )
    op.create_table(
        "log_tile",
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=True),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["log_id"], ["log_head.id"]),
        sa.PrimaryKeyConstraint("log_id", "level", "number"),
    )
    op.create_index(
        "log_tile_by_most",
        "log_tile",
        ["log_id", "most"],
        sqlite_where=BUNDLES,
        postgresql_where=BUNDLES,
    )
    op.add_column(
        "site", sa.Column("publish_log", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("trail", sa.Column("salt", Bytes16, nullable=True))


def downgrade() -> None:
    op.drop_column("trail", "salt")
    op.drop_column("site", "publish_log")
    op.drop_table("log_tile")
    op.drop_table("log_head")
    op.drop_table("waiting")
