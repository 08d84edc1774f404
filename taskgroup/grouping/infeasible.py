"""Saying which limit or rule stands in the way of every grouping, and the smallest change that would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from taskgroup.errors import InfeasibleError
from taskgroup.grouping.cover import feasible_cover, least_cover
from taskgroup.grouping.problem import Problem
from taskgroup.grouping.regret import RegretTable


def infeasible(problem: Problem) -> InfeasibleError:
    """The error that names every single change after which a grouping exists, and the least of its kind."""
    changes = list(_changes(problem))
    if not _named_rules(problem):
        limit = (
            f"budget {problem.budget:g}" if problem.budget is not None else f"max_groups {problem.max_groups}"
        )
        return InfeasibleError(
            f"{limit} is too small for these candidates to serve every task; the smallest feasible "
            f"{limit.split()[0]} is {changes[0].split()[-1]}"
        )
    asked = ", ".join([*_limits(problem), *_named_rules(problem)])
    if not changes:
        return InfeasibleError(
            f"these candidates cannot serve every task under {asked}, and changing one of these is not "
            "enough; add candidates, such as every task alone, or relax two of them"
        )
    fix = changes[0] if len(changes) == 1 else f"one of: {', '.join(changes)}"
    return InfeasibleError(f"these candidates cannot serve every task under {asked}; it takes {fix}")


def _limits(problem: Problem) -> list[str]:
    """The limit in words, where there is one."""
    if problem.budget is not None:
        return [f"budget {problem.budget:g}"]
    return [] if problem.max_groups is None else [f"max_groups {problem.max_groups}"]


def _named_rules(problem: Problem) -> list[str]:
    """Every rule in force, in words."""
    rules = problem.rules
    named = [f"must_link {'+'.join(names)}" for names in rules.must_link]
    named += [f"cannot_link {'+'.join(names)}" for names in rules.cannot_link]
    named += [f"min_size {rules.min_size}"] if rules.min_size is not None else []
    named += [f"max_size {rules.max_size}"] if rules.max_size is not None else []
    return named + ([] if rules.overlap else ["no overlap"])


def _changes(problem: Problem) -> Iterator[str]:
    """Each way to change one limit or rule that makes a grouping possible, the smallest of its kind."""
    yield from _larger_limit(problem)
    yield from _other_size(problem, "min_size")
    yield from _other_size(problem, "max_size")
    rules = problem.rules
    for dropped in rules.must_link:
        kept = tuple(names for names in rules.must_link if names != dropped)
        if _exists(replace(problem, rules=replace(rules, must_link=kept))):
            yield f"no must_link {'+'.join(dropped)}"
    for dropped in rules.cannot_link:
        kept = tuple(names for names in rules.cannot_link if names != dropped)
        if _exists(replace(problem, rules=replace(rules, cannot_link=kept))):
            yield f"no cannot_link {'+'.join(dropped)}"
    if not rules.overlap and _exists(replace(problem, rules=replace(rules, overlap=True))):
        yield "overlap"


def _larger_limit(problem: Problem) -> Iterator[str]:
    cover = least_cover(RegretTable.of(problem))
    if cover is None:
        return
    if problem.budget is not None:
        yield f"budget {RegretTable.of(problem).cost[cover].sum():.10g}"
    elif problem.max_groups is not None:
        yield f"max_groups {len(cover)}"


def _other_size(problem: Problem, name: str) -> Iterator[str]:
    """The nearest size at which a grouping exists; smaller ones for the least, larger for the most."""
    size = getattr(problem.rules, name)
    if size is None:
        return
    sizes = np.unique([len(candidate.subset) for candidate in problem.candidates]).tolist()
    nearest_first = (
        [s for s in sizes if s > size] if name == "max_size" else [s for s in sizes[::-1] if s < size]
    )
    for other in nearest_first:
        if _exists(replace(problem, rules=replace(problem.rules, **{name: other}))):
            yield f"{name} {other}"
            return


def _exists(problem: Problem) -> bool:
    return feasible_cover(RegretTable.of(problem)) is not None
