"""Cheap guesses of who helps whom, for a strategy to take or leave by how well they agree with the runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskgroup.affinity import ESTIMATORS
from taskgroup.data import Dataset
from taskgroup.errors import TaskgroupError
from taskgroup.search.estimate import Estimation
from taskgroup.search.estimator_inputs import N_SEEDS
from taskgroup.search.kept_estimates import KeptEstimates
from taskgroup.search.progress import Progress
from taskgroup.search.recipe import Recipes
from taskgroup.spec import Study


def n_hint_runs(study: Study) -> int:
    """The joint trainings that a study's hints are read off."""
    uses = {ESTIMATORS[name].uses for name in used_hints(study)}
    return N_SEEDS if "joint" in uses else 0


def used_hints(study: Study) -> tuple[str, ...]:
    """The estimators whose guesses the study's strategy is given."""
    if study.search.strategy != "active" or study.trainer is not None:
        return ()
    return tuple(dict.fromkeys(study.search.hints))


def hints_of(
    study: Study, recipes: Recipes, dataset: Dataset, *, kept: KeptEstimates, progress: Progress
) -> tuple[NDArray[np.float64], ...]:
    """What the estimators named in `search.hints` make of a study, [target, source] each in any unit.

    Args:
        study: Names tasks and estimators.
        recipes: The joint one trains what looks at gradients.
        dataset: The study's rows.
        kept: Keeps estimates, for a resumed search and for the report.
        progress: Hears what is trained, and which estimator could not be used.
    """
    estimation = Estimation(study, recipes, dataset=dataset, kept=kept, tell=progress.note)
    found, tasks = [], list(study.task_names)
    for name in used_hints(study):
        try:
            estimate = estimation.matrix(name).estimate.reindex(index=tasks, columns=tasks)
            found.append(estimate.to_numpy(dtype=float))
        except TaskgroupError as error:  # a hint is not worth a failed search
            progress.note(f"no hints from {name}: {error}")
    return tuple(found)
