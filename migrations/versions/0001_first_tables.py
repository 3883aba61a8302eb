"""first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from consent.db import Bytes16, Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("password_changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("sites", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("period_from", Instant(), nullable=True),
        sa.Column("period_to", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("subdivision", sa.String(length=3), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("database", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("country", "subdivision", "source", "database"),
    )
    op.create_table(
        "record",
        sa.Column("site_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("claimed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shown", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("id", Bytes16(), nullable=False),
        sa.Column("visitor", Bytes16(), nullable=True),
        sa.Column("salt", Bytes16(), nullable=True),
        sa.Column("previous", Bytes16(), nullable=True),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("categories", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.SmallInteger(), nullable=False),
        sa.Column("layer", sa.SmallInteger(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=True),
        sa.Column("browser", sa.SmallInteger(), nullable=False),
        sa.Column("signals", sa.SmallInteger(), nullable=False),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.Column("services", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("record_by_id", "record", ["site_id", "id"], unique=True)
    op.create_index("record_by_visitor", "record", ["site_id", "visitor"], unique=False)
    op.create_index(
        "record_of_tests",
        "record",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("flags & 2 != 0"),
        postgresql_where=sa.text("flags & 2 != 0"),
    )
    op.create_table(
        "rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("regime", sa.String(length=12), nullable=False),
        sa.Column("regimes", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("regime", "regimes"),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("controller", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("contacts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("dpo", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("authority", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("origins", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("preview_hosts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("cookie_domain", sa.String(length=253), nullable=True),
        sa.Column("languages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("default_language", sa.String(length=12), nullable=False),
        sa.Column("policy_urls", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("preferences", sa.Boolean(), nullable=False),
        sa.Column("choice_lifetime", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("retention", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("layout", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("decided_for_demo", sa.Boolean(), nullable=False),
        sa.Column("tag_seen_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "trail",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("site", sa.String(length=80), nullable=True),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("verb", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("trail_by_site", "trail", ["site", "id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("effective_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "digest"),
        sa.UniqueConstraint("site_id", "version"),
    )
    op.create_table(
        "page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "text"),
    )
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("provider", sa.String(length=120), nullable=True),
        sa.Column("policy_url", sa.String(length=500), nullable=True),
        sa.Column("hosts", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "key"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_session_user_id"), "session", ["user_id"], unique=False)
    op.create_table(
        "tracker",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=True),
        sa.Column("match", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("party", sa.String(length=5), nullable=True),
        sa.Column("service", sa.String(length=63), nullable=True),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("published_label", sa.String(length=120), nullable=True),
        sa.Column("purpose", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("duration", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("set_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_tracker_site_id"), "tracker", ["site_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("regime", sa.String(length=12), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notice.id"],
        ),
        sa.ForeignKeyConstraint(
            ["site_id"],
            ["site.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "digest"),
    )


def downgrade() -> None:
    op.drop_table("answer")
    op.drop_index(op.f("ix_tracker_site_id"), table_name="tracker")
    op.drop_table("tracker")
    op.drop_index(op.f("ix_session_user_id"), table_name="session")
    op.drop_table("session")
    op.drop_table("service")
    op.drop_table("page")
    op.drop_table("notice")
    op.drop_index("trail_by_site", table_name="trail")
    op.drop_table("trail")
    op.drop_table("site")
    op.drop_table("rule")
    op.drop_index(
        "record_of_tests",
        table_name="record",
        sqlite_where=sa.text("flags & 2 != 0"),
        postgresql_where=sa.text("flags & 2 != 0"),
    )
    op.drop_index("record_by_visitor", table_name="record")
    op.drop_index("record_by_id", table_name="record")
    op.drop_table("record")
    op.drop_table("place")
    op.drop_table("api_key")
    op.drop_table("account")
