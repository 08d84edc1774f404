"""Runs that differ in how batches are mixed and by what they are taught; empty for all recorded before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = ("sampling", "distillation")


def upgrade() -> None:
    """Add the two settings."""
    for name in _COLUMNS:
        op.add_column("runs", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Drop them; runs that had one would pass for others, so they go too."""
    op.execute("DELETE FROM runs WHERE sampling <> '' OR distillation <> ''")
    for name in _COLUMNS:
        op.drop_column("runs", name)
