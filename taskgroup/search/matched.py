"""Capacity-matched single-task baselines: networks so narrow that together they cost what the joint one does.

They tell what sharing does apart from size. Nothing is decided by them.

Reference:
    Standley 2020, sec. 4.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from taskgroup.search.cost import study_cost
from taskgroup.search.recipe import Recipes
from taskgroup.spec import InputShape, RunSpec, Study, Subset, capacity_of_cost


def joint_sizes(subsets: Iterable[Subset], *, riding: Subset = ()) -> list[int]:
    """The numbers of tasks of the subsets of two or more, smallest first; `riding` ones are not counted."""
    return sorted({_n_served(subset, riding) for subset in subsets} - {1})


def _n_served(subset: Subset, riding: Subset) -> int:
    """The tasks that a network can serve, which is what its size is compared by."""
    return sum(task not in riding for task in subset)


def matched_capacities(
    study: Study, recipes: Recipes, n_inputs: InputShape, sizes: Iterable[int]
) -> dict[int, float]:
    """The capacity of the single-task networks that a joint network of each number of tasks is compared with.

    Args:
        study: Has the widths.
        recipes: How deep joint networks share.
        n_inputs: Input features, or the shape of an image or text.
        sizes: Numbers of main tasks.
    """
    sharing, names = recipes.joint.sharing, study.main_names
    return {
        size: capacity_of_cost(
            study.model, n_inputs, cost=min(1.0, study_cost(study, n_inputs, sharing, names[:size]) / size)
        )
        for size in sizes
    }


def matched_specs(
    study: Study,
    recipes: Recipes,
    capacities: Mapping[int, float],
    subsets: Iterable[Subset],
    seeds: Sequence[int],
) -> dict[int, list[RunSpec]]:
    """The single-task runs that subsets are compared with, by their number of tasks, smallest first.

    Args:
        study: Orders the tasks.
        recipes: How single tasks are trained.
        capacities: Of each number of tasks.
        subsets: What is compared; those of other numbers of tasks are left out.
        seeds: Those of the joint networks.
    """
    riding = study.auxiliary_names
    served = {(_n_served(subset, riding), task) for subset in subsets for task in subset}
    return {
        size: [
            replace(recipes.spec((task,), seed), capacity=capacity)
            for seed in seeds
            for task in study.main_names
            if (size, task) in served
        ]
        for size, capacity in sorted(capacities.items())
    }


def affordable_specs(
    by_size: Mapping[int, Sequence[RunSpec]], known: Container[RunSpec], n_runs: int
) -> tuple[list[RunSpec], list[int]]:
    """As many whole sizes as some number of new runs covers, and the sizes that are left out.

    Args:
        by_size: From `matched_specs`.
        known: Runs that cost nothing.
        n_runs: The most new runs.
    """
    chosen: list[RunSpec] = []
    left_out: list[int] = []
    for size, specs in by_size.items():
        wanted = list(dict.fromkeys([*chosen, *specs]))
        if left_out or sum(spec not in known for spec in wanted) > n_runs:
            left_out.append(size)
        else:
            chosen = wanted
    return chosen, left_out


def not_trained(sizes: Iterable[int]) -> str:
    """Say which subsets have no matched baselines, and what would give them some."""
    listed = ", ".join(map(str, sizes))
    return (
        f"Subsets of {listed} tasks have no capacity-matched baselines; more runs or time (search.runs, "
        "search.time) leave room for them."
    )
