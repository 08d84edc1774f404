"""The training settings that a study leaves open, and between which values they are tuned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from taskgroup.spec import Study


@dataclass(frozen=True)
class LogRange:
    """A positive setting, tuned on a logarithmic scale."""

    name: str
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """A setting with a few values."""

    name: str
    options: tuple[int | str, ...]


Dimension = LogRange | Choice


def open_dimensions(study: Study, *, joint: bool) -> tuple[Dimension, ...]:
    """What may be tuned for single-task or for joint training.

    Args:
        study: Fixes settings or leaves them open.
        joint: Whether sharing depth and weighting are among them.
    """
    if study.trainer is not None:
        return ()  # which has its own settings
    dimensions: list[Dimension] = []
    if study.training.learning_rate is None:
        dimensions.append(LogRange("learning_rate", 3e-4, 3e-2))
    if study.training.weight_decay is None:
        dimensions.append(LogRange("weight_decay", 1e-5, 1.0))
    if joint and len(study.depths) > 1:
        dimensions.append(Choice("depth", study.depths))
    if joint and len(set(study.search.weighting)) > 1:
        dimensions.append(Choice("weighting", tuple(dict.fromkeys(study.search.weighting))))
    return tuple(dimensions)


def n_choices(dimensions: Sequence[Dimension]) -> int:
    """The number of combinations of the settings with few values."""
    return math.prod(len(d.options) for d in dimensions if isinstance(d, Choice))


def n_recipes(study: Study, n_proposals: int, *, joint: bool) -> int:
    """How many recipes are tried: as many for joint training as for single tasks, twice with choices.

    Depth and weighting exist for joint training only; learning rate and weight decay get the same effort.
    """
    dimensions = open_dimensions(study, joint=joint)
    if not dimensions:
        return 0
    return n_proposals * (2 if n_choices(dimensions) > 1 else 1)


def tuning_runs(study: Study, n_proposals: int, n_seeds: int) -> int:
    """The most runs that tuning with this many proposals asks for."""
    if n_proposals < 2:
        return 0
    single = n_recipes(study, n_proposals, joint=False) * len(study.main_names)
    return n_seeds * (single + n_recipes(study, n_proposals, joint=True))
