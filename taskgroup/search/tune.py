"""Tuning the shared settings, as hard for single tasks as for joint training.

Both get the same number of proposals for learning rate and weight decay from the same sampler at the same
seeds; what exists for joint training only (ways of sharing, weighting, sampling, teaching) gets proposals of
its own, up to five times as many in all. A recipe's error is the importance-weighted mean over tasks of its
error relative to the default recipe's, on the validation rows. Without fair tuning of the single tasks,
sharing looks better than it is.

The runs kept for tuning do not grow with what is to be chosen: the more ways a study lists, the fewer
recipes single tasks and each way are tried with; too few runs leave the defaults (`taskgroup.search.plan`).

The seeds of tuning are the first of those that subsets are compared at, so that no run is trained twice. The
chosen single tasks are therefore a little too good there, and gains of subsets too low, by about 1% of the
error in simulations without any transfer; all-in-one, best of more recipes, is too good in turn. Fresh seeds
(`taskgroup.search.confirm`) are free of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from taskgroup.search.dimensions import distillation_as_listed, n_recipes
from taskgroup.search.lab import Lab
from taskgroup.search.recipe import Recipe, Recipes, default_recipes
from taskgroup.search.space import Space
from taskgroup.spec import RunResult, Study, Subset, settled

STAGE = "tune"
_BATCHES = 3


def tune(study: Study, lab: Lab, *, n_proposals: int, seeds: Sequence[int]) -> Recipes:
    """Choose a recipe for single tasks and one for joint training.

    Args:
        study: What may vary.
        lab: Trains.
        n_proposals: Recipes to try for single tasks; joint training tries as many, and more where it has
            kinds of sharing, depths or weightings to choose as well.
        seeds: Repetitions of each.

    Returns:
        With the best recipe of tuned static weights among the others, where there is one.
    """
    if n_proposals < 2:
        return default_recipes(study)
    alone: list[Subset] = [(name,) for name in study.main_names]
    single = Space(study, joint=False)
    n_single, n_joint = (n_recipes(study, n_proposals, joint=j) for j in (False, True))
    single_ones = _ranked(study, single, n_single, lambda r: _measure(study, lab, r, alone, seeds))
    joint = Space(study, joint=True, single=single_ones[0])
    joint_ones = _ranked(study, joint, n_joint, lambda r: _measure(study, lab, r, [study.main_names], seeds))
    best_single = _with_joint_steps(study, lab, single_ones[0], joint_ones[0], seeds)
    static = [r for r in joint_ones[1:] if r.weighting not in study.search.weighting]
    taught = [_taught_by(best_single, recipe, study) for recipe in (joint_ones[0], *static[:1])]
    return Recipes(single=best_single, joint=taught[0], others=tuple(taught[1:]))


def _with_joint_steps(study: Study, lab: Lab, single: Recipe, joint: Recipe, seeds: Sequence[int]) -> Recipe:
    """The single tasks' recipe with the steps of the joint one, where these serve them better.

    Joint training finds its steps among more recipes. Without this a lucky find passes for help of tasks.
    """
    other = replace(single, learning_rate=joint.learning_rate, weight_decay=joint.weight_decay)
    if other == single:
        return single
    alone: list[Subset] = [(name,) for name in study.main_names]
    own, theirs = _relative_errors(study, _measure(study, lab, [single, other], alone, seeds))
    return other if theirs < own else single


def _taught_by(single: Recipe, joint: Recipe, study: Study) -> Recipe:
    """A joint recipe whose teachers are trained as single tasks are in the end."""
    listed = distillation_as_listed(joint.distillation, study)
    steps = {"learning_rate": single.learning_rate, "weight_decay": single.weight_decay}
    return replace(joint, distillation=settled(listed, **steps))


Measure = Callable[[Sequence[Recipe]], list[dict[str, float]]]


def _ranked(study: Study, space: Space, n_proposals: int, measure: Measure) -> list[Recipe]:
    """The measured recipes, best first; the default alone where nothing is open."""
    if not space.n_dimensions:
        return [space.default]
    recipes: list[Recipe] = []
    errors: list[dict[str, float]] = []
    while len(recipes) < n_proposals:
        told = list(zip(recipes, _relative_errors(study, errors), strict=True))
        batch = space.propose(min(math.ceil(n_proposals / _BATCHES), n_proposals - len(recipes)), told)
        if not batch:
            break
        recipes += batch
        errors += measure(batch)
    relative = _relative_errors(study, errors)
    return [recipe for _, recipe in sorted(zip(relative, recipes, strict=True), key=lambda pair: pair[0])]


def _measure(
    study: Study, lab: Lab, recipes: Sequence[Recipe], subsets: Sequence[Subset], seeds: Sequence[int]
) -> list[dict[str, float]]:
    """Each recipe's validation error of every task, mean over seeds; tasks whose runs failed are left out."""
    specs = [[r.spec(subset, seed) for subset in subsets for seed in seeds] for r in recipes]
    lab.run(STAGE, [spec for of_recipe in specs for spec in of_recipe])
    return [_task_errors(study, [lab.used[spec] for spec in of_recipe]) for of_recipe in specs]


def _task_errors(study: Study, results: Sequence[RunResult]) -> dict[str, float]:
    errors: dict[str, list[float]] = {}
    failed = {task for result in results if not result.ok for task in result.spec.subset}
    for result in results:
        for score in result.scores:
            if score.split == "validation" and score.task not in failed:
                errors.setdefault(score.task, []).append(study.task(score.task).score.error(score.value))
    return {task: sum(values) / len(values) for task, values in errors.items()}


def _relative_errors(study: Study, errors: Sequence[dict[str, float]]) -> list[float]:
    """Mean over tasks of the error as a multiple of the first recipe's; infinite where a task failed."""
    tasks = study.main_tasks
    complete = [len(of_tasks) == len(tasks) for of_tasks in errors]
    if not any(complete):
        return [math.inf] * len(errors)
    reference = errors[complete.index(True)]
    total = sum(task.importance for task in tasks)
    return [
        sum(
            task.importance * of_tasks[task.name] / max(reference[task.name], task.score.floor)
            for task in tasks
        )
        / total
        if whole
        else math.inf
        for of_tasks, whole in zip(errors, complete, strict=True)
    ]
