"""personal fields and secrets are sealed; what was there is marked, and sealed by `serve`"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Frozen here: the fields that were plain before this migration, with the type they had.
FIELDS: tuple[tuple[str, str, sa.types.TypeEngine[str], bool], ...] = (
    ("request", "contact", sa.String(320), False),
    ("request", "text", sa.Text(), False),
    ("request", "note", sa.Text(), True),
    ("scan_watch", "webhook", sa.String(500), True),
    ("scan_watch", "secret", sa.String(80), True),
    ("scan_watch", "email", sa.String(320), True),
    ("scan_alert", "target", sa.String(500), False),
)


def upgrade() -> None:
    op.create_table(
        "field_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, column, before, nullable in FIELDS:
        if not isinstance(before, sa.Text):
            _change(table, column, before, sa.Text(), nullable)
        op.execute(f"UPDATE {table} SET {column} = 'plain.' || {column}")  # noqa: S608 - our names


def downgrade() -> None:
    """Possible while nothing is sealed: what is sealed does not open without the server's keys."""
    connection = op.get_bind()
    for table, column, _, _ in FIELDS:
        sealed = sa.text(f"SELECT count(*) FROM {table} WHERE {column} LIKE 's1.%'")  # noqa: S608
        if connection.scalar(sealed):
            raise RuntimeError(
                "This database holds sealed fields. The way back is the backup made before the"
                " update: docs/upgrading.md."
            )
    for table, column, before, nullable in FIELDS:
        op.execute(f"UPDATE {table} SET {column} = substr({column}, 7)")  # noqa: S608
        if not isinstance(before, sa.Text):
            _change(table, column, sa.Text(), before, nullable)
    op.drop_table("field_key")


def _change(
    table: str,
    column: str,
    before: sa.types.TypeEngine[str],
    after: sa.types.TypeEngine[str],
    nullable: bool,
) -> None:
    with op.batch_alter_table(table) as batch:
        batch.alter_column(column, existing_type=before, type_=after, existing_nullable=nullable)
