"""The scores that a task may be judged by: names, directions and what counts as an error.

Only the definitions stand here, free of torch; `taskgroup.training.metrics` computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taskgroup.errors import InputError, nearest

Kind = Literal["binary", "multiclass", "multilabel", "regression"]
KINDS: tuple[Kind, ...] = ("binary", "multiclass", "multilabel", "regression")

Direction = Literal["maximize", "minimize"]

ERROR_FLOOR = 0.01
_SMALLEST = 1e-12  # only keeps a division by zero from happening


@dataclass(frozen=True)
class Metric:
    """A score: its name, the task kinds that it suits, and which way is better.

    Scores to maximise have the best value 1, so their error is ``1 - score``; scores to minimise
    are errors themselves, with the best value 0. Scores that a trainer of the user's returns have no
    known best value: their gains are plain differences, or relative to the single-task score's size.
    """

    name: str
    label: str
    kinds: frozenset[Kind]
    direction: Direction
    gain_scale: Literal["error", "difference", "size"] = "error"

    @property
    def floor(self) -> float:
        """The least single-task error that gains are relative to.

        Errors of bounded scores below 0.01 are raised to it, since a share of almost nothing says nothing.
        Errors in units of their own have no such limit that would mean the same for every unit.
        """
        bounded = self.direction == "maximize" and self.gain_scale == "error"
        return ERROR_FLOOR if bounded else _SMALLEST

    def error(self, value: float) -> float:
        """Turn a score into the error that gains are relative to."""
        if self.direction == "minimize":
            return value
        return 1.0 - value if self.gain_scale == "error" else -value


def _metric(name: str, label: str, direction: Direction, *kinds: Kind) -> tuple[str, Metric]:
    return name, Metric(name, label, frozenset(kinds), direction)


METRICS: dict[str, Metric] = dict(
    [
        _metric("accuracy", "accuracy", "maximize", "binary", "multiclass", "multilabel"),
        _metric("auc", "area under the ROC curve", "maximize", "binary", "multilabel"),
        _metric("f1", "F1 (macro)", "maximize", "binary", "multiclass", "multilabel"),
        _metric("r2", "R²", "maximize", "regression"),
        _metric("rmse", "root mean squared error", "minimize", "regression"),
        _metric("mae", "mean absolute error", "minimize", "regression"),
        _metric("log_loss", "log loss", "minimize", "binary", "multiclass", "multilabel"),
    ]
)

EXTERNAL_METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("score", "score", frozenset(), "maximize", "difference"),
        Metric("loss", "loss", frozenset(), "minimize", "difference"),
        Metric("relative score", "score", frozenset(), "maximize", "size"),
        Metric("relative loss", "loss", frozenset(), "minimize", "size"),
    )
}
"""What a trainer of the user's returns; never computed here."""

DEFAULT_METRIC: dict[Kind, str] = {
    "binary": "auc",
    "multiclass": "accuracy",
    "multilabel": "auc",
    "regression": "r2",
}


def metric_for(name: str | None, kind: Kind) -> Metric:
    """Look up a metric by name, or the default of the task kind.

    Raises:
        InputError: If the name is unknown or does not suit the kind.
    """
    if name is None:
        return METRICS[DEFAULT_METRIC[kind]]
    suited = [m.name for m in METRICS.values() if kind in m.kinds]
    if name not in suited:
        why = "does not suit" if name in METRICS else "is not known for"
        raise InputError(f"metric {name!r} {why} a {kind} task; {nearest(name, suited)}")
    return METRICS[name]
