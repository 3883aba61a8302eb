"""organisations, memberships, invitations; whose sites, keys and acts are"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OWNED = ("site", "api_key", "trail")


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "membership",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"]),
        sa.PrimaryKeyConstraint("user_id", "organisation_id"),
    )
    op.create_index("ix_membership_organisation_id", "membership", ["organisation_id"])
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_invitation_organisation_id", "invitation", ["organisation_id"])
    op.add_column(
        "account", sa.Column("operator", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("session", sa.Column("visiting", sa.Integer(), nullable=True))
    _everything_is_of_one()


def _everything_is_of_one() -> None:
    """All that was there is of the organisation `main`, whose number is 1; all accounts own it,
    the oldest of them runs the server."""
    op.execute(
        "INSERT INTO organisation (key, name, created_at) SELECT 'main', 'Main',"
        " coalesce((SELECT min(created_at) FROM account), 0)"
    )
    for table in OWNED:
        column = sa.Column("organisation_id", sa.Integer(), nullable=False, server_default="1")
        op.add_column(table, column)
    op.create_index("trail_by_organisation", "trail", ["organisation_id", "id"])
    op.execute(
        "INSERT INTO membership (user_id, organisation_id, role, since)"
        " SELECT id, 1, 'owner', created_at FROM account"
    )
    op.execute("UPDATE account SET operator = true WHERE id = (SELECT min(id) FROM account)")


def downgrade() -> None:
    op.drop_index("trail_by_organisation", "trail")
    for table in OWNED:
        op.drop_column(table, "organisation_id")
    op.drop_column("session", "visiting")
    op.drop_column("account", "operator")
    for table in ("invitation", "membership", "organisation"):
        op.drop_table(table)
