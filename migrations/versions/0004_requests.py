"""requests of visitors, and what a site promises about them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from consent.db import BigKey, Bytes16

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("contact", sa.String(length=320), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("record", Bytes16, nullable=True),
        sa.Column("country", sa.String(length=6), nullable=True),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("request_by_site", "request", ["site_id", "state", "due_at"])
    op.add_column(
        "site", sa.Column("request_form", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column("site", sa.Column("request_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("site", "request_days")
    op.drop_column("site", "request_form")
    op.drop_table("request")
