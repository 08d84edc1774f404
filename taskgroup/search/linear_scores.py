"""Scores of the linear models, as a search keeps them in its record."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from taskgroup.spec import Study
from taskgroup.storage import Record, RecordError

SCORE_COLUMNS = ("method", "task", "seed", "split", "metric", "value")
_KIND = "linear"
_VERSION = 1  # raise it where a method, or how strengths are chosen, changes
_COMPACT = ("method", "task", "seed", "split", "value")


@dataclass(frozen=True, eq=False)
class LinearScores:
    """What was fitted, or why nothing was.

    Attributes:
        seeds: Those asked for.
        scores: One row a method, task, seed and split (`SCORE_COLUMNS`).
        strengths: What each method chose on the validation rows of each seed.
        clusters: The clusters of tasks that each seed's clustered model found.
        unused: Why a method was not used, by its name.
        skipped: Why nothing was fitted; None where something was.
        seconds: What it took.
    """

    seeds: tuple[int, ...]
    scores: pd.DataFrame
    strengths: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    clusters: Sequence[Sequence[Sequence[str]]] = ()
    unused: Mapping[str, str] = field(default_factory=dict)
    skipped: str | None = None
    seconds: float = 0.0

    @classmethod
    def none(cls, seeds: Sequence[int] = (), *, skipped: str | None = None) -> LinearScores:
        """Nothing was fitted."""
        return cls(tuple(seeds), pd.DataFrame(columns=list(SCORE_COLUMNS)), skipped=skipped)

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "version": _VERSION,
            "seeds": list(self.seeds),
            "scores": {name: self.scores[name].tolist() for name in _COMPACT},
            "strengths": {name: [dict(s) for s in chosen] for name, chosen in self.strengths.items()},
            "clusters": [[list(cluster) for cluster in of_seed] for of_seed in self.clusters],
            "unused": dict(self.unused),
            "skipped": self.skipped,
            "seconds": self.seconds,
        }


def load_linear_scores(
    record: Record, study_id: int, study: Study, seeds: Sequence[int]
) -> LinearScores | None:
    """The kept scores; None where there are none of these seeds, or none that this version made."""
    events = record.events(study_id, kind=_KIND)
    found = events[-1].document if events else {}
    if found.get("version") != _VERSION or tuple(found["seeds"]) != tuple(seeds):
        return None
    scores = pd.DataFrame(found["scores"], columns=list(_COMPACT))
    metrics = {task.name: task.score.name for task in study.main_tasks}
    scores = scores.assign(value=scores["value"].astype(float), metric=scores["task"].map(metrics))
    return LinearScores(
        seeds=tuple(seeds),
        scores=scores[list(SCORE_COLUMNS)],
        strengths=found["strengths"],
        clusters=found["clusters"],
        unused=found["unused"],
        skipped=found["skipped"],
        seconds=found["seconds"],
    )


def save_linear_scores(record: Record, study_id: int, scores: LinearScores) -> None:
    """Keep scores, where the record can be written to."""
    with contextlib.suppress(RecordError):  # they are shown all the same
        record.add_event(study_id, _KIND, scores.document())
