"""The tables: studies, runs keyed by content, scores, and what was concluded from them.

This is the schema as the code reads and writes it; `migrations` holds the steps that build it in a
database. A change here needs a migration there (a test compares the two).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from taskgroup.spec import Split

KEY_LENGTH = 32
NAME_LENGTH = 100


class UtcDateTime(TypeDecorator[datetime]):
    """Moments in UTC, aware on both sides; SQLite itself keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Move a moment to UTC."""
        return value if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that a moment is in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Gives every constraint a name, by which later migrations can change it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        float: Double,
        str: Text,
    }


class StudyRow(Base):
    """A study; its name is what users know it by."""

    __tablename__ = "studies"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    document: Mapped[dict[str, Any]]
    data_fingerprint: Mapped[str]
    context: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class RunRow(Base):
    """A finished or failed run; `key` hashes everything that decides its result."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)
    context: Mapped[str] = mapped_column(index=True)
    subset: Mapped[str]
    sharing_kind: Mapped[str]
    sharing_depth: Mapped[int]
    weighting: Mapped[str]
    learning_rate: Mapped[float]
    weight_decay: Mapped[float]
    seed: Mapped[int] = mapped_column(BigInteger)
    fidelity: Mapped[float]
    status: Mapped[str]
    reason: Mapped[str | None]
    seconds: Mapped[float]
    epochs: Mapped[int]
    finished_at: Mapped[datetime]
    capacity: Mapped[float] = mapped_column(server_default=text("1"))
    sampling: Mapped[str] = mapped_column(server_default=text("''"))
    distillation: Mapped[str] = mapped_column(server_default=text("''"))


class ScoreRow(Base):
    """One task's score in a run on one split; NULL where it is not a number.

    `position` keeps the order in which the run returned its scores.
    """

    __tablename__ = "scores"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - as above; rows lie by run

    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[Split] = mapped_column(Text, primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    value: Mapped[float | None]


class StudyRunRow(Base):
    """Which study used which run in which stage; `position` counts a study's uses from 0."""

    __tablename__ = "study_runs"
    __table_args__ = (Index(None, "study_id", "position"),)

    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True)
    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    stage: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]


class AffinityRow(Base):
    """What an affinity estimator found, as of a moment."""

    __tablename__ = "affinities"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    estimator: Mapped[str]
    document: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class GroupingRow(Base):
    """A grouping, as of a moment; `final` where a search ended with it."""

    __tablename__ = "groupings"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    document: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    final: Mapped[bool]


class EventRow(Base):
    """Something that happened to a study."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    document: Mapped[dict[str, Any]]
    at: Mapped[datetime]
