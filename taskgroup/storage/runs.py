"""Runs and their scores: results in, results out, one row each."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select

from taskgroup.spec import RunResult, RunSpec, Score, Sharing, subset_from_name
from taskgroup.storage.schema import RunRow, ScoreRow

_BOUND_AT_ONCE = 10_000
"""SQLite binds at most 32,766 parameters a statement."""

Item = TypeVar("Item")


def insert_results(
    connection: Connection, context: str, results: dict[str, RunResult], *, at: datetime
) -> dict[str, int]:
    """Insert the runs that are new, by key, with their scores; returns the ids of all of them."""
    known = run_ids(connection, list(results))
    new = {key: result for key, result in results.items() if key not in known}
    if not new:
        return known
    connection.execute(insert(RunRow), [_run_row(key, context, result, at) for key, result in new.items()])
    added = run_ids(connection, list(new))
    scores = [row for key, result in new.items() for row in _score_rows(added[key], result)]
    if scores:
        connection.execute(insert(ScoreRow), scores)
    return known | added


def run_ids(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Look up the ids of those keys that are recorded."""
    found: dict[str, int] = {}
    for part in bindable_parts(keys):
        query = select(RunRow.key, RunRow.id).where(RunRow.key.in_(part))
        found.update((key, run_id) for key, run_id in connection.execute(query))
    return found


def read_run_key(connection: Connection, run_id: int) -> str | None:
    """Look up the key of a run; None where there is no such run."""
    key: str | None = connection.scalar(select(RunRow.key).where(RunRow.id == run_id))
    return key


def bindable_parts(values: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut values into parts that one statement may ask for."""
    for start in range(0, len(values), _BOUND_AT_ONCE):
        yield values[start : start + _BOUND_AT_ONCE]


def read_results(connection: Connection, context: str) -> dict[str, RunResult]:
    """Read all runs of a training context by key, in the order of recording."""
    scores = _scores_by_run(connection, context)
    query = (
        select(
            RunRow.id,
            RunRow.key,
            RunRow.subset,
            RunRow.sharing_kind,
            RunRow.sharing_depth,
            RunRow.weighting,
            RunRow.learning_rate,
            RunRow.weight_decay,
            RunRow.seed,
            RunRow.fidelity,
            RunRow.capacity,
            RunRow.sampling,
            RunRow.distillation,
            RunRow.status,
            RunRow.reason,
            RunRow.seconds,
            RunRow.epochs,
        )
        .where(RunRow.context == context)
        .order_by(RunRow.id)
    )
    return {row.key: _result(row, scores.get(row.id, [])) for row in connection.execute(query)}


def _scores_by_run(connection: Connection, context: str) -> dict[int, list[Score]]:
    query = (
        select(ScoreRow.run_id, ScoreRow.task, ScoreRow.split, ScoreRow.metric, ScoreRow.value)
        .join(RunRow, RunRow.id == ScoreRow.run_id)
        .where(RunRow.context == context)
        .order_by(ScoreRow.run_id, ScoreRow.position)
    )
    scores: dict[int, list[Score]] = defaultdict(list)
    for run_id, task, split, metric, value in connection.execute(query):
        scores[run_id].append(Score(task, split, metric, math.nan if value is None else value))
    return scores


def _result(row: Any, scores: Sequence[Score]) -> RunResult:
    spec = RunSpec(
        subset=subset_from_name(row.subset),
        sharing=Sharing(row.sharing_kind, row.sharing_depth),
        weighting=row.weighting,
        learning_rate=row.learning_rate,
        weight_decay=row.weight_decay,
        seed=row.seed,
        fidelity=row.fidelity,
        capacity=row.capacity,
        sampling=row.sampling,
        distillation=row.distillation,
    )
    return RunResult(
        spec=spec,
        status=row.status,
        scores=tuple(scores),
        seconds=row.seconds,
        epochs=row.epochs,
        reason=row.reason,
    )


def _run_row(key: str, context: str, result: RunResult, at: datetime) -> dict[str, Any]:
    spec = result.spec
    return {
        "key": key,
        "context": context,
        "subset": spec.subset_name,
        "sharing_kind": spec.sharing.kind,
        "sharing_depth": spec.sharing.depth,
        "weighting": spec.weighting,
        "learning_rate": spec.learning_rate,
        "weight_decay": spec.weight_decay,
        "seed": spec.seed,
        "fidelity": spec.fidelity,
        "capacity": spec.capacity,
        "sampling": spec.sampling,
        "distillation": spec.distillation,
        "status": result.status,
        "reason": None if result.reason is None else _storable(result.reason),
        "seconds": result.seconds,
        "epochs": result.epochs,
        "finished_at": at,
    }


def _score_rows(run_id: int, result: RunResult) -> Iterator[dict[str, Any]]:
    for position, score in enumerate(result.scores):
        yield {
            "run_id": run_id,
            "task": score.task,
            "split": score.split,
            "metric": score.metric,
            "position": position,
            "value": None if math.isnan(score.value) else score.value,
        }


def _storable(text: str) -> str:
    """Replace what no database stores as text; an odd error message must not cost its whole cohort."""
    return text.encode(errors="replace").decode().replace("\0", "?")
