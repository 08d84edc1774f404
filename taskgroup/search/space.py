"""Optuna proposes training settings; this is the only place that knows it.

Optuna lives in memory and is refilled from what was measured before every batch. The sampler's seed comes
from the number of measurements it has been told of: a resumed search makes the proposals that the undisturbed
one would have made, and never repeats itself as a sampler restarted with one fixed seed would.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from taskgroup.errors import InputError
from taskgroup.search.dimensions import (
    Choice,
    Dimension,
    has_depth,
    open_dimensions,
    settings_of,
    weight_name,
)
from taskgroup.search.recipe import Recipe, default_recipes, filled_weighting
from taskgroup.seeds import derive_seed
from taskgroup.spec import Sharing, Study, settled

_STARTUP_TRIALS = 6
_ATTEMPTS = 50


@final
class Space:
    """The settings that may be tuned for single-task or for joint training.

    Args:
        study: Fixes settings or leaves them open.
        joint: Whether sharing, weighting and what else concerns several tasks are among them.
        single: How single tasks are trained, which may teach; by default as without tuning.
    """

    def __init__(self, study: Study, *, joint: bool, single: Recipe | None = None) -> None:
        recipes = default_recipes(study, single=single)
        self.default = recipes.joint if joint else recipes.single
        self._study, self._joint, self._teacher = study, joint, recipes.single
        self._dimensions = open_dimensions(study, joint=joint)

    @property
    def n_dimensions(self) -> int:
        """The number of settings left open."""
        return len(self._dimensions)

    def propose(self, n: int, told: Sequence[tuple[Recipe, float]]) -> list[Recipe]:
        """Propose recipes that were not measured yet; the first ever is the default.

        Args:
            n: How many; fewer come back where the space has no more.
            told: Measured recipes with their error, lower is better, infinite where the runs failed.
        """
        known = {recipe for recipe, _ in told}
        proposals = [] if self.default in known else [self.default]
        study = self.refilled(told)
        for _ in range(_ATTEMPTS * n):
            if len(proposals) >= n or not self._dimensions:
                break
            recipe = self._recipe(self._ask(study.ask()))
            if recipe not in known and recipe not in proposals:
                proposals.append(recipe)
        return proposals[:n]

    def refilled(self, told: Sequence[tuple[Recipe, float]]) -> optuna.Study:
        """An Optuna study that knows what was measured, as far as the space holds it."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = derive_seed(self._study.seed, "tune", int(self._joint), len(told)) % 2**32
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP_TRIALS)
        study = optuna.create_study(sampler=sampler, direction="minimize")
        study.add_trials(
            [
                create_trial(params=params, distributions=distributions, value=error)
                for recipe, error in told
                if math.isfinite(error)
                for params, distributions in self._as_trial(recipe)
            ]
        )
        return study

    def _ask(self, trial: optuna.Trial) -> dict[str, Any]:
        """Values of the dimensions that the values before them leave open."""
        params: dict[str, Any] = {}
        for dimension in self._dimensions:
            if dimension.applies(params):
                params[dimension.name] = _suggest(trial, dimension)
        return params

    def _as_trial(self, recipe: Recipe) -> Iterator[tuple[dict[str, Any], dict[str, BaseDistribution]]]:
        """A measured recipe as Optuna knows it; nothing where the space does not hold it."""
        params: dict[str, Any] = {}
        distributions: dict[str, BaseDistribution] = {}
        values = settings_of(recipe, self._study)
        for dimension in self._dimensions:
            if dimension.applies(params):
                name, distribution = dimension.name, _distribution(dimension)
                if not distribution._contains(distribution.to_internal_repr(values[name])):
                    return
                params[name], distributions[name] = values[name], distribution
        yield params, distributions

    def _recipe(self, params: Mapping[str, Any]) -> Recipe:
        default, names = self.default, self._study.task_names
        kind = params.get("sharing", default.sharing.kind)
        depth = params.get("depth", default.sharing.depth)
        if not has_depth(kind):
            depth = self._study.model.n_blocks
        weighting = params.get("weighting", default.weighting)
        weights = {name: params[weight_name(name)] for name in names if weight_name(name) in params}
        return Recipe(
            learning_rate=params.get("learning_rate", default.learning_rate),
            weight_decay=params.get("weight_decay", default.weight_decay),
            sharing=Sharing(kind, depth),
            weighting=filled_weighting("static", names, weights) if weights else weighting,
            sampling=params.get("sampling", default.sampling),
            distillation=settled(
                params.get("distillation", default.distillation),
                learning_rate=self._teacher.learning_rate,
                weight_decay=self._teacher.weight_decay,
            ),
        )


def _suggest(trial: optuna.Trial, dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        return trial.suggest_categorical(dimension.name, dimension.options)
    return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=True)


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.options)
    return FloatDistribution(dimension.low, dimension.high, log=True)


def importances_of(study: Study, told: Sequence[tuple[Recipe, float]]) -> dict[str, float]:
    """How much each open setting of joint training tells, largest first; their sum is 1.

    Args:
        study: Leaves settings open.
        told: Measured recipes with their gain, higher is better.
    """
    refilled = Space(study, joint=True).refilled([(recipe, -gain) for recipe, gain in told])
    found = optuna.importance.get_param_importances(refilled)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def export_runs(runs: pd.DataFrame, *, url: str, name: str) -> int:
    """Write the record's runs as an Optuna study that optuna-dashboard opens.

    Each finished run is a trial: its settings are the parameters, its importance-free mean validation gain
    over its tasks is the value to maximise, its scores are user attributes. Failed runs are failed trials.

    Args:
        runs: Rows with gains, one a run, task and split.
        url: The Optuna storage.
        name: The Optuna study's name; an existing one is refused.

    Returns:
        The number of trials written.

    Raises:
        InputError: If the storage cannot be opened or the name is taken.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(storage=url, study_name=name, direction="maximize")
    except optuna.exceptions.DuplicatedStudyError:
        raise InputError(
            f"'{url}' already holds an Optuna study {name!r}; choose another --name or file"
        ) from None
    except (ValueError, ImportError) as error:
        raise InputError(f"'{url}' cannot be opened as an Optuna storage: {error}") from None
    distributions = _run_distributions(runs)
    trials = [_trial(run, distributions) for _, run in runs.groupby("run_id", sort=True)]
    study.add_trials([trial for trial in trials if trial is not None])
    return len(study.get_trials(deepcopy=False))


_RUN_PARAMS = (
    "subset",
    "sharing",
    "depth",
    "weighting",
    "learning_rate",
    "weight_decay",
    "fidelity",
    "capacity",
    "sampling",
    "distillation",
    "seed",
)


def _run_distributions(runs: pd.DataFrame) -> dict[str, BaseDistribution]:
    distributions: dict[str, BaseDistribution] = {}
    for name in _RUN_PARAMS:
        if name in ("learning_rate", "weight_decay"):
            low, high = float(runs[name].min()), float(runs[name].max())
            distributions[name] = FloatDistribution(low, high, log=low > 0)
        else:
            distributions[name] = CategoricalDistribution(runs[name].drop_duplicates().tolist())
    return distributions


def _trial(run: pd.DataFrame, distributions: dict[str, BaseDistribution]) -> optuna.trial.FrozenTrial | None:
    first = run.iloc[0]
    params = {
        name: first[name].item() if hasattr(first[name], "item") else first[name] for name in _RUN_PARAMS
    }
    attributes = {"stage": first["stage"], "seconds": float(first["seconds"])}
    if first["status"] != "ok":
        attributes["reason"] = first["reason"]
        return create_trial(
            state=TrialState.FAIL, params=params, distributions=distributions, user_attrs=attributes
        )
    validation = run[run["split"] == "validation"]
    attributes |= {
        f"{task} {metric}": float(value)
        for task, metric, value in zip(
            validation["task"], validation["metric"], validation["value"], strict=True
        )
    }
    gain = float(validation["gain"].mean())
    if not math.isfinite(gain):
        return None
    return create_trial(value=gain, params=params, distributions=distributions, user_attrs=attributes)
