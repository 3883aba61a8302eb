"""who serves is told all that the ledger warns of; it is said anew at its next tick"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    again(sa.Column("alarms", sa.JSON(none_as_null=True), nullable=False))


def downgrade() -> None:
    again(sa.Column("why", sa.Text(), nullable=True))


def again(column: sa.Column[object]) -> None:
    op.drop_table("log_word")
    op.create_table(
        "log_word",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("keys", sa.JSON(none_as_null=True), nullable=False),
        column,
        sa.PrimaryKeyConstraint("id"),
    )
