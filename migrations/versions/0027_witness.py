"""what the ledger that ticks says of the witnesses to those who serve"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("log_word", sa.Column("witness", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("log_word", "witness")
