"""The training settings that a study leaves open, and between which values they are tuned.

Some exist only where another has a certain value: static weights where the weighting is `static`, a depth
where the kind of sharing has one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskgroup.search.recipe import Recipe, is_tuned
from taskgroup.spec import SHARING_KINDS, Method, Study, unsettled

_LEAST_WEIGHT, _GREATEST_WEIGHT = 0.1, 10.0
_FEW = 12
_MOST_TIMES = 5


@dataclass(frozen=True)
class Condition:
    """Another dimension and the values of it for which one exists."""

    name: str
    values: tuple[int | str, ...]


@dataclass(frozen=True)
class LogRange:
    """A positive setting, tuned on a logarithmic scale."""

    name: str
    low: float
    high: float
    when: Condition | None = None

    def applies(self, params: Mapping[str, Any]) -> bool:
        """Whether the settings chosen so far leave it open."""
        return _holds(self.when, params)


@dataclass(frozen=True)
class Choice:
    """A setting with a few values."""

    name: str
    options: tuple[int | str, ...]
    when: Condition | None = None

    def applies(self, params: Mapping[str, Any]) -> bool:
        """Whether the settings chosen so far leave it open."""
        return _holds(self.when, params)


Dimension = LogRange | Choice


def _holds(condition: Condition | None, params: Mapping[str, Any]) -> bool:
    return condition is None or params.get(condition.name) in condition.values


def open_dimensions(study: Study, *, joint: bool) -> tuple[Dimension, ...]:
    """What may be tuned for single-task or for joint training; a dimension stands after those it depends on.

    Args:
        study: Fixes settings or leaves them open.
        joint: Whether sharing, weighting and what else concerns several tasks are among them.
    """
    if study.trainer is not None:
        return ()  # which has its own settings
    dimensions: list[Dimension] = []
    if study.training.learning_rate is None:
        dimensions.append(LogRange("learning_rate", 3e-4, 3e-2))
    if study.training.weight_decay is None:
        dimensions.append(LogRange("weight_decay", 1e-5, 1.0))
    return (*dimensions, *_of_joint_training(study)) if joint else tuple(dimensions)


def _of_joint_training(study: Study) -> list[Dimension]:
    dimensions: list[Dimension] = []
    kinds = tuple(study.search.sharing.kind)
    if len(kinds) > 1:
        dimensions.append(Choice("sharing", kinds))
    deep = tuple(kind for kind in kinds if has_depth(kind))
    if deep and len(study.depths) > 1:
        dimensions.append(
            Choice("depth", study.depths, Condition("sharing", deep) if deep != kinds else None)
        )
    weightings = tuple(study.search.weighting)
    if len(weightings) > 1:
        dimensions.append(Choice("weighting", weightings))
    dimensions += _static_weights(study, weightings)
    for name, options in (("sampling", study.samplings), ("distillation", study.distillations)):
        if len(options) > 1:
            dimensions.append(Choice(name, options))
    return dimensions


def _static_weights(study: Study, weightings: Sequence[str]) -> list[Dimension]:
    """A weight a main task; only their ratios matter beside a learning rate, but the search need not know.

    Tuning trains the main tasks together, which tells nothing of what auxiliary ones should weigh.
    """
    tuned = tuple(text for text in weightings if is_tuned(text))
    if not tuned:
        return []
    when = Condition("weighting", tuned) if len(weightings) > 1 else None
    return [LogRange(weight_name(task), _LEAST_WEIGHT, _GREATEST_WEIGHT, when) for task in study.main_names]


def weight_name(task: str) -> str:
    """The dimension of a task's static weight."""
    return f"weight of {task}"


def has_depth(kind: str) -> bool:
    """Whether a kind of sharing has a depth to be chosen."""
    facts = SHARING_KINDS.get(Method.parse(kind).name)
    return facts is None or facts.has_depth


def settings_of(recipe: Recipe, study: Study) -> dict[str, Any]:
    """A recipe's value of every dimension that there may be."""
    weighting, weights = recipe.weighting, {}
    if weighting not in study.search.weighting and Method.parse(weighting).name == "static":
        weights = Method.parse(weighting).settings["weights"]
        weighting = next((text for text in study.search.weighting if is_tuned(text)), weighting)
    return {
        "learning_rate": recipe.learning_rate,
        "weight_decay": recipe.weight_decay,
        "sharing": recipe.sharing.kind,
        "depth": recipe.sharing.depth,
        "weighting": weighting,
        "sampling": recipe.sampling,
        "distillation": distillation_as_listed(recipe.distillation, study),
        **{weight_name(task): weight for task, weight in weights.items()},
    }


def distillation_as_listed(distillation: str, study: Study) -> str:
    """A study leaves to the search what teachers are trained with, unless it gives that itself."""
    return distillation if distillation in study.distillations else unsettled(distillation)


def n_choices(dimensions: Sequence[Dimension]) -> int:
    """The number of combinations of the settings with few values."""
    return math.prod(len(d.options) for d in dimensions if isinstance(d, Choice))


def n_recipes(study: Study, n_proposals: int, *, joint: bool) -> int:
    """How many recipes are tried: as many for joint training as for single tasks, more with choices.

    What exists for joint training only gets proposals of its own; learning rate and weight decay get the
    same effort.
    """
    dimensions = open_dimensions(study, joint=joint)
    if not dimensions:
        return 0
    return n_proposals * _times(dimensions)


def _times(dimensions: Sequence[Dimension]) -> int:
    """Twice with some choices; once more for each doubling beyond a few, and for weights of tasks."""
    combinations = n_choices(dimensions)
    weights = any(d.name.startswith("weight of ") for d in dimensions)
    if combinations == 1:
        return 1 + weights
    return min(_MOST_TIMES, 2 + math.ceil(math.log2(max(1.0, combinations / _FEW))) + weights)


def n_ways(study: Study) -> int:
    """How many ways of joint training there are to compare, lengths aside."""
    options = study.sharings, study.search.weighting, study.samplings, study.distillations
    return math.prod(len(values) for values in options)


def tuning_runs(study: Study, n_proposals: int, n_seeds: int) -> int:
    """The most runs that tuning with this many proposals asks for."""
    if n_proposals < 2:
        return 0
    n_single = n_recipes(study, n_proposals, joint=False)
    single = (n_single + (n_single > 0)) * len(study.main_names)  # one more with the steps of joint training
    return n_seeds * (single + n_recipes(study, n_proposals, joint=True))
