"""Runs of narrower networks: the share of hidden units that a run has, 1 for all recorded before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the capacity."""
    op.add_column("runs", sa.Column("capacity", sa.Double(), nullable=False, server_default=sa.text("1")))


def downgrade() -> None:
    """Drop the capacity; runs of narrower networks would pass for full ones, so they go too."""
    op.execute("DELETE FROM runs WHERE capacity <> 1")
    op.drop_column("runs", "capacity")
