"""Refusing a study whose rules no grouping keeps, before anything is trained."""

from __future__ import annotations

from taskgroup.errors import InputError
from taskgroup.grouping import Candidate, Problem, Rules, solve
from taskgroup.search.strategy import subsets_of
from taskgroup.spec import Study

_ENUMERATED_TASKS = 12


def require_feasible(study: Study) -> None:
    """Check the rules of a study's `grouping` section against its tasks and each other.

    With many tasks only contradictions and sizes are looked at.

    Raises:
        InputError: If no grouping keeps the rules; the message says what would help.
    """
    tasks = study.task_names
    try:
        rules = Rules.of(study.grouping)
        rules.check_tasks(tasks)
        if (rules.min_size or 1) > len(tasks):
            raise InputError(f"min_size {rules.min_size} exceeds the {len(tasks)} tasks; lower it")
        if rules != Rules() and len(tasks) <= _ENUMERATED_TASKS:
            _solve(study, rules)
    except InputError as error:
        raise type(error)(f"grouping: {error}") from None


def _solve(study: Study, rules: Rules) -> None:
    """Find any grouping of all subsets; the solver says what stands in the way."""
    tasks, main = study.task_names, study.main_names
    solve(
        Problem(
            tasks=main,
            candidates=tuple(
                Candidate(subset, 1.0, {task: 0.0 for task in subset if task in main})
                for subset in subsets_of(tasks, smallest=1, largest=len(tasks))
                if any(task in main for task in subset)
            ),
            direction="maximize",
            max_groups=study.grouping.max_groups,
            rules=rules,
            riding=study.auxiliary_names,
        )
    )
