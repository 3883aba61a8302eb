"""the code visitors were given, and pictures of every version"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from consent.db import BigKey

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "build",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "rendering_job",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.String(length=16), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=40), nullable=True),
        sa.Column("manifest", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"]),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    op.create_index("rendering_job_by_state", "rendering_job", ["state", "next_at"])
    op.create_table(
        "rendering",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("face", sa.String(length=8), nullable=False),
        sa.Column("layer", sa.SmallInteger(), nullable=False),
        sa.Column("screen", sa.String(length=8), nullable=False),
        sa.Column("place", sa.String(length=12), nullable=False),
        sa.Column("build", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice_id", "language", "face", "layer", "screen"),
    )


def downgrade() -> None:
    for table in ("rendering", "rendering_job", "build"):
        op.drop_table(table)
