"""versions of the inventory; scans, what they propose, how often, and who is told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from consent.db import BigKey

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _inventory_version()
    _scan()
    _proposal()
    op.create_table(
        "scan_watch",
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("every", sa.String(length=8), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("webhook", sa.String(length=500), nullable=True),
        sa.Column("secret", sa.String(length=80), nullable=True),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("site_id"),
    )
    op.create_table(
        "scan_alert",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("scan_id", BigKey, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("way", sa.String(length=7), nullable=False),
        sa.Column("target", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=7), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("scan_alert_by_state", "scan_alert", ["state", "next_at"])


def _inventory_version() -> None:
    op.create_table(
        "inventory_version",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("inventory_version_by_site", "inventory_version", ["site_id", "id"])


def _scan() -> None:
    op.create_table(
        "scan",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("beat_at", sa.BigInteger(), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("problem", sa.String(length=16), nullable=True),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("scan_by_site", "scan", ["site_id", "id"])
    op.create_index("scan_by_state", "scan", ["state"])


def _proposal() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("scan_id", BigKey, nullable=True),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("tracker", sa.Integer(), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("service", sa.JSON(), nullable=True),
        sa.Column("suggestion", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("percent", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=320), nullable=True),
        sa.Column("why", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "key"),
    )
    op.create_index("proposal_by_state", "proposal", ["site_id", "state"])


def downgrade() -> None:
    for table in ("scan_alert", "scan_watch", "proposal", "scan", "inventory_version"):
        op.drop_table(table)
