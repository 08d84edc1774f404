"""Dividing the calls of a user's function, and the subsets that it may be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from taskgroup.errors import InputError, nearest
from taskgroup.grouping import Candidate, Problem, solve
from taskgroup.search.plan import Plan
from taskgroup.spec import Study, Subset, subset_from_name


@dataclass(frozen=True)
class Calls:
    """How the calls are divided.

    Attributes:
        plan: Seeds, fresh seeds and the limit.
        first: Subsets measured before anything is chosen.
    """

    plan: Plan
    first: tuple[Subset, ...]


def plan_calls(
    study: Study, *, runs: int, seeds: int, confirm: bool, candidates: Sequence[Subset] | None
) -> Calls:
    """Divide the calls.

    Raises:
        InputError: If they cannot cover single tasks, all-in-one and the confirmation, or the candidates
            cannot serve every task within the limit.
    """
    tasks = study.main_names
    first = _measured_first(study, candidates)
    n_networks = min(study.grouping.max_groups or len(tasks), len(tasks))
    confirmation = seeds * (len(tasks) + 1 + n_networks) if confirm else 0
    spare = runs - confirmation - seeds * len(first)
    if spare < 0:
        raise InputError(
            f"runs is {runs}, but {_counted(len(tasks), 'task')} at {_counted(seeds, 'seed')} need at least "
            f"{seeds * len(first) + confirmation}: {seeds * len(first)} for "
            + ("single tasks and all-in-one" if candidates is None else "what is measured first")
            + (f", {confirmation} to confirm with fresh seeds (confirm=False saves them)" if confirm else "")
        )
    fixed = range(study.seed, study.seed + seeds)
    fresh = range(study.seed + seeds, study.seed + 2 * seeds) if confirm else range(0)
    return Calls(Plan(tuple(fixed), tuple(fresh), (), 0, spare // seeds, runs), first)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _measured_first(study: Study, candidates: Sequence[Subset] | None) -> tuple[Subset, ...]:
    """Single tasks, all-in-one, and where these are not allowed, what serves every task all the same."""
    tasks = study.main_names
    wanted: list[Subset] = [*((task,) for task in tasks), tasks]
    if candidates is None:
        return tuple(dict.fromkeys(wanted))
    cover = solve(
        Problem(
            tasks=tasks,
            candidates=tuple(
                Candidate(subset, 1.0, {task: 0.0 for task in subset if task in tasks})
                for subset in candidates
            ),
            direction="maximize",
            max_groups=study.grouping.max_groups,
            riding=study.auxiliary_names,
        )
    )
    wanted += [network.subset for network in cover.networks]
    return tuple(dict.fromkeys(subset for subset in wanted if subset in candidates))


def as_candidates(
    candidates: Sequence[Sequence[str]] | None, tasks: Subset, *, auxiliary: Subset = ()
) -> list[Subset] | None:
    """Bring the subsets that may be asked for into task-list order.

    Args:
        candidates: As given; None for all.
        tasks: The task list.
        auxiliary: Those of the tasks that only ride along.

    Raises:
        InputError: If one names an unknown task or auxiliary tasks alone, or a main task is in none of them.
    """
    if candidates is None:
        return None
    if not isinstance(candidates, Iterable):
        raise InputError(f"candidates is {candidates!r}; give a list of lists of task names")
    listed = [candidates] if isinstance(candidates, str) else candidates
    ordered = [in_task_order(subset, tasks, auxiliary=auxiliary) for subset in listed]
    main = [task for task in tasks if task not in auxiliary]
    lacking = [task for task in main if not any(task in subset for subset in ordered)]
    if lacking:
        raise InputError(f"candidates hold no subset with task {lacking[0]!r}; add one, or drop the task")
    return list(dict.fromkeys(ordered))


def in_task_order(subset: Sequence[str], tasks: Subset, *, auxiliary: Subset = ()) -> Subset:
    """Check a subset's names and sort them by the task list.

    Raises:
        InputError: If it is empty, or names a task twice, or one that is not in the list, or auxiliary ones
            alone.
    """
    if not isinstance(subset, Iterable):
        raise InputError(f"subset {subset!r} is no list of task names; known tasks: {', '.join(tasks)}")
    names = subset_from_name(subset) if isinstance(subset, str) else tuple(subset)
    for name in names:
        if name not in tasks:
            raise InputError(f"subset {names} names the unknown task {name!r}; {nearest(name, tasks)}")
    if not names or len(set(names)) < len(names):
        raise InputError(f"subset {names} must name at least one task, each once")
    if set(names) <= set(auxiliary):
        raise InputError(
            f"subset {names} has auxiliary tasks alone, which nobody is served by; add a main task"
        )
    return tuple(task for task in tasks if task in names)
