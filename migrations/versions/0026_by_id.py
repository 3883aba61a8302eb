"""ids are found by themselves, whichever site they are of; a record's key is written at its end"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("record_by_id", table_name="record")
    op.create_index("record_by_id", "record", ["id", "site_id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX record_pkey SET (fillfactor = 100)")


def downgrade() -> None:
    op.drop_index("record_by_id", table_name="record")
    op.create_index("record_by_id", "record", ["site_id", "id"], unique=True)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX record_pkey RESET (fillfactor)")
