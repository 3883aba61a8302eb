"""Sites in several databases: which ones there are, where each site is, what changed on its way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shard",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("here", sa.Boolean, nullable=False),
    )
    op.create_table(
        "shard_site",
        sa.Column("site", sa.String(63), primary_key=True),
        sa.Column("shard", sa.String(16), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("target", sa.String(16)),
        sa.Column("boundary", sa.BigInteger, nullable=False),
        sa.Column("copied", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "shard_change",
        sa.Column("site", sa.String(63), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for how in ("key", "site", "site_id", "log_id", "notice_id", "request_id", "webhook_id"):
            op.execute(f"DROP FUNCTION IF EXISTS shard_fence_{how}() CASCADE")
    for table in ("shard_change", "shard_site", "shard"):
        op.drop_table(table)
