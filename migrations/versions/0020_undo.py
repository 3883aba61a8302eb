"""what was done and can be taken back; what the owners of a site were told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(80)),
        sa.Column("actor", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("what", sa.String(320), nullable=False),
        sa.Column("name", sa.String(32), nullable=False, unique=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.BigInteger()),
        sa.Column("undone_by", sa.String(320)),
    )
    op.create_index("ix_deed_at", "deed", ["at"])
    op.create_index("deed_by_organisation", "deed", ["organisation_id", "id"])
    op.create_table(
        "news",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("site_id", sa.Integer(), sa.ForeignKey("site.id"), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("about", sa.String(20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("sent_at", sa.BigInteger()),
        sa.UniqueConstraint("site_id", "kind", "about"),
    )
    op.create_index("ix_news_sent_at", "news", ["sent_at"])
    op.create_table(
        "news_quiet",
        sa.Column("site_id", sa.Integer(), sa.ForeignKey("site.id"), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("news_quiet")
    op.drop_table("news")
    op.drop_table("deed")
