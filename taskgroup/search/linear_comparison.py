"""Linear models against networks at the same fresh seeds: whether a network is needed.

The best linear model is chosen on validation rows; what is told of it comes from test rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.search.confirm import Advantage, Confirmation, Serving, single_task
from taskgroup.search.linear_scores import SCORE_COLUMNS, LinearScores
from taskgroup.spec import SEPARATOR, Task
from taskgroup.transfer import FLAG_LEVEL, moderated_means, q_values

ALONE = "ridge_alone"
GAIN_COLUMNS = ("method", "gain", "low", "high", "over_ridge", "over_ridge_low", "over_ridge_high")

Standing = Literal["better", "as good", "worse", "unknown"]


def _nothing(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True, eq=False)
class LinearComparison:
    """What linear models of all tasks did.

    Attributes:
        gains: One row a method, best first: its mean gain over single-task networks and over `ridge_alone`,
            with 95% intervals over seeds, on test rows (`GAIN_COLUMNS`).
        scores: One row a method, task, seed and split (`SCORE_COLUMNS`).
        best: The method that did best on validation rows; None where none was fitted.
        advantage: How much higher the recommended networks' mean gain over single-task networks is than that
            method's, on test rows.
        better_tasks: The tasks on which that method beats the recommended networks beyond seed noise
            (q < 0.05 over all tasks).
        clusters: Tasks that share a cluster of the clustered model at more than half of the seeds.
        unused: Why a method was not used, by its name.
        skipped: Why nothing was fitted; None where something was, or nothing was asked for.
    """

    gains: pd.DataFrame = field(default_factory=lambda: _nothing(GAIN_COLUMNS))
    scores: pd.DataFrame = field(default_factory=lambda: _nothing(SCORE_COLUMNS))
    best: str | None = None
    advantage: Advantage | None = None
    better_tasks: tuple[str, ...] = ()
    clusters: tuple[tuple[str, ...], ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)
    skipped: str | None = None

    @property
    def standing(self) -> Standing:
        """How the best linear model compares with the recommended networks, beyond seed noise."""
        if self.advantage is None or not math.isfinite(self.advantage.low):
            return "unknown"
        return "worse" if self.advantage.low > 0 else "better" if self.advantage.high < 0 else "as good"

    @property
    def verdict(self) -> str:
        """One sentence; empty where nothing was fitted."""
        if self.best is None or self.advantage is None:
            return ""
        name, gap = self.best.replace("_", " "), self.advantage
        measured = f"{gap.gain:+.1%} [{gap.low:+.1%}, {gap.high:+.1%}] of the single-task error"
        words = {
            "worse": "is worse than the recommended networks",
            "as good": "is as good as the recommended networks, as far as these seeds tell",
            "better": "is better than the recommended networks",
        }
        if self.standing == "unknown":
            return (
                f"The best linear model is {name}; too few runs of the recommended networks ended to compare."
            )
        return f"The best linear model, {name}, {words[self.standing]}: their advantage is {measured}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known before a network is trained."""
        if self.standing not in ("as good", "better"):
            return ()
        return (
            f"{self.verdict} A network {'is not' if self.standing == 'better' else 'may not be'} needed.",
        )

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "gains": self.gains.to_dict("records"),
            "best": self.best,
            "advantage": None if self.advantage is None else self.advantage.document(),
            "better_tasks": list(self.better_tasks),
            "clusters": [list(cluster) for cluster in self.clusters],
            "unused": dict(self.unused),
            "skipped": self.skipped,
        }


def compare_linear(
    kept: LinearScores, runs: pd.DataFrame, tasks: Sequence[Task], *, recommended: Serving
) -> LinearComparison:
    """Compare what was fitted with networks.

    Args:
        kept: Scores of linear models.
        runs: The networks' runs at the same seeds.
        tasks: Errors and importance.
        recommended: Which of the networks is recommended for each task.
    """
    if kept.scores.empty:
        return LinearComparison(unused=kept.unused, skipped=kept.skipped)
    columns = ["task", "seed", "split", "value"]
    rows = kept.scores[columns].assign(network=SEPARATOR + kept.scores["method"], capacity=1.0, fidelity=1.0)
    scores = Confirmation(pd.concat([runs, rows], ignore_index=True), tasks, kept.seeds)
    methods = {name: _serving(name, tasks) for name in kept.scores["method"].unique()}
    alone = single_task(tasks)
    chosen_by = {name: scores.advantage(by, alone, "validation").gain for name, by in methods.items()}
    best = max(chosen_by, key=lambda name: chosen_by[name] if math.isfinite(chosen_by[name]) else -math.inf)
    gains = [_gain_row(name, by, alone, methods[ALONE], scores) for name, by in methods.items()]
    return LinearComparison(
        gains=pd.DataFrame(gains, columns=list(GAIN_COLUMNS)).sort_values(
            "gain", ascending=False, ignore_index=True
        ),
        scores=kept.scores,
        best=best,
        advantage=scores.ahead(recommended, methods[best], "test"),
        better_tasks=_better_tasks(scores.gains(methods[best], recommended, "test"), tasks),
        clusters=_agreed(kept.clusters, tasks),
        unused=kept.unused,
    )


def _serving(method: str, tasks: Sequence[Task]) -> Serving:
    """All tasks by one method; no subset's name begins with a separator."""
    return {task.name: f"{SEPARATOR}{method}" for task in tasks}


def _gain_row(
    name: str, by: Serving, alone: Serving, ridge: Serving, scores: Confirmation
) -> tuple[str | float, ...]:
    gain, over = scores.advantage(by, alone, "test"), scores.advantage(by, ridge, "test")
    return (name, gain.gain, gain.low, gain.high, over.gain, over.low, over.high)


def _better_tasks(gains: NDArray[np.float64], tasks: Sequence[Task]) -> tuple[str, ...]:
    """Tasks whose gain ``[T, S]`` is above zero beyond seed noise, corrected for their number."""
    names = [task.name for task in tasks]
    means = moderated_means([of_task[np.isfinite(of_task)] for of_task in gains], names)
    better = (means.mean > 0) & (q_values(means.p_value) < FLAG_LEVEL)
    return tuple(name for name, is_better in zip(names, better, strict=True) if is_better)


def _members(tasks: Sequence[Task]) -> list[str]:
    """Tasks, and labels of multilabel tasks, as clusters name them."""
    names: list[str] = []
    for task in tasks:
        labels = [f"{task.name}[{column}]" for column in task.columns]
        names += labels if task.kind == "multilabel" else [task.name]
    return names


def _agreed(by_seed: Sequence[Sequence[Sequence[str]]], tasks: Sequence[Task]) -> tuple[tuple[str, ...], ...]:
    """Tasks together at more than half of the seeds, joined through one another."""
    if not by_seed:
        return ()
    order = {name: i for i, name in enumerate(_members(tasks))}
    names = sorted((name for cluster in by_seed[0] for name in cluster), key=order.__getitem__)
    place = {name: i for i, name in enumerate(names)}
    together = np.zeros((len(names), len(names)))
    for clusters in by_seed:
        for cluster in clusters:
            members = [place[name] for name in cluster]
            together[np.ix_(members, members)] += 1
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(together > len(by_seed) / 2, directed=False)
    return tuple(
        tuple(name for name, own in zip(names, labels, strict=True) if own == label)
        for label in dict.fromkeys(labels.tolist())
    )
