"""scopes and rotation of keys; the trail by person and record; progress of requests; test visits"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from consent.db import BigKey

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_key", sa.Column("scopes", sa.JSON(), nullable=True))
    op.add_column("api_key", sa.Column("old_hash", sa.String(length=64), nullable=True))
    op.add_column("api_key", sa.Column("old_until", sa.BigInteger(), nullable=True))
    op.add_column("trail", sa.Column("about", sa.String(length=40), nullable=True))
    op.create_index("trail_by_actor", "trail", ["actor", "id"])
    op.create_index("trail_by_record", "trail", ["about", "id"])
    op.add_column("request", sa.Column("ground", sa.String(length=20), nullable=True))
    op.add_column("request", sa.Column("extended_at", sa.BigInteger(), nullable=True))
    op.add_column("request", sa.Column("extended_why", sa.Text(), nullable=True))
    op.add_column("request", sa.Column("told", sa.SmallInteger(), nullable=True))
    op.create_table(
        "request_note",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("request_id", BigKey, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("request_note_by_request", "request_note", ["request_id", "id"])
    op.create_table(
        "test_visits",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("site_id"),
    )


def downgrade() -> None:
    op.drop_table("test_visits")
    op.drop_table("request_note")
    for column in ("told", "extended_why", "extended_at", "ground"):
        op.drop_column("request", column)
    op.drop_index("trail_by_record", "trail")
    op.drop_index("trail_by_actor", "trail")
    op.drop_column("trail", "about")
    for column in ("old_until", "old_hash", "scopes"):
        op.drop_column("api_key", column)
