"""The first schema: studies, runs, scores, uses of runs, affinities, groupings, events."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _create_studies()
    _create_runs()
    _create_scores()
    _create_study_runs()
    _create_conclusions("affinities", sa.Column("estimator", sa.Text(), nullable=False))
    _create_conclusions("groupings", sa.Column("final", sa.Boolean(), nullable=False))
    _create_conclusions("events", sa.Column("kind", sa.Text(), nullable=False))


def downgrade() -> None:
    """Refuse: there is nothing before the first schema."""
    raise NotImplementedError("the first schema has no predecessor")


def _create_studies() -> None:
    op.create_table(
        "studies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("data_fingerprint", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_studies"),
        sa.UniqueConstraint("name", name="uq_studies_name"),
    )
    op.create_index("ix_studies_context", "studies", ["context"])


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("subset", sa.Text(), nullable=False),
        sa.Column("sharing_kind", sa.Text(), nullable=False),
        sa.Column("sharing_depth", sa.Integer(), nullable=False),
        sa.Column("weighting", sa.Text(), nullable=False),
        sa.Column("learning_rate", sa.Double(), nullable=False),
        sa.Column("weight_decay", sa.Double(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("fidelity", sa.Double(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("epochs", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("key", name="uq_runs_key"),
    )
    op.create_index("ix_runs_context", "runs", ["context"])


def _create_scores() -> None:
    op.create_table(
        "scores",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "task", "split", "metric", name="pk_scores"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_scores_run_id_runs", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )


def _create_study_runs() -> None:
    op.create_table(
        "study_runs",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("study_id", "run_id", "stage", name="pk_study_runs"),
        _belongs_to_study("study_runs"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_study_runs_run_id_runs", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_study_runs_run_id", "study_runs", ["run_id"])
    op.create_index("ix_study_runs_study_id_position", "study_runs", ["study_id", "position"])


def _create_conclusions(table: str, own_column: sa.Column[Any]) -> None:
    """Create a table of a study's JSON documents, each as of a moment."""
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        own_column,
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _belongs_to_study(table),
    )
    op.create_index(f"ix_{table}_study_id", table, ["study_id"])


def _belongs_to_study(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["study_id"], ["studies.id"], name=f"fk_{table}_study_id_studies", ondelete="CASCADE"
    )
