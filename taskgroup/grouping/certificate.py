"""Checking a grouping against its problem, sharing no code with the solvers that choose it."""

from __future__ import annotations

import math
from collections.abc import Iterable

from taskgroup.errors import TaskgroupError
from taskgroup.grouping.problem import Candidate, Problem
from taskgroup.grouping.solution import Grouping, Network
from taskgroup.spec import subset_name

_TOLERANCE = 1e-8


class CertificateError(TaskgroupError, ValueError):
    """A grouping breaks a condition that its problem or its own totals set.

    Attributes:
        condition: The broken one: `served once`, `within subset`, `candidate`, `limit`, `cost`,
            `must_link`, `cannot_link`, `min_size`, `max_size`, `overlap`, `select_total` or `bound`.
    """

    def __init__(self, condition: str, detail: str) -> None:
        super().__init__(f"the grouping breaks the condition '{condition}': {detail}")
        self.condition = condition


def verify(problem: Problem, grouping: Grouping) -> None:
    """Check everything about a grouping that can be checked without solving the problem again.

    Raises:
        CertificateError: If a task is not served exactly once, a network serves a task that it does not
            train or is no candidate of the problem, a limit is exceeded, a rule is broken, a total
            differs from the sum of its parts, at risk where the problem has one, or the bound contradicts
            the total. The first broken condition is named.
    """
    _check_served_once(problem, grouping)
    for network in grouping.networks:
        _check_within_subset(network)
    _check_limits(problem, grouping)
    _check_links(problem, grouping)
    _check_sizes(problem, grouping)
    if not problem.rules.overlap:
        _check_no_overlap(problem, grouping)
    total = sum(_best_value(problem, network) for network in grouping.networks)
    if not _equal(total, grouping.select_total, problem):
        raise CertificateError(
            "select_total", f"it is {grouping.select_total!r}, the values sum to {total!r}"
        )
    _check_bound(problem, grouping)


def _check_served_once(problem: Problem, grouping: Grouping) -> None:
    served = [task for network in grouping.networks for task in network.serves]
    for task in served:
        if task not in problem.tasks:
            raise CertificateError("served once", f"{task!r} is served, but it is no task of the problem")
    for task in problem.tasks:
        if served.count(task) != 1:
            raise CertificateError("served once", f"{task!r} is served by {served.count(task)} networks")


def _check_within_subset(network: Network) -> None:
    name = subset_name(network.subset)
    if not network.serves:
        raise CertificateError("within subset", f"network '{name}' serves no task")
    for task in network.serves:
        if task not in network.subset:
            raise CertificateError("within subset", f"network '{name}' serves {task!r} without training it")


def _check_limits(problem: Problem, grouping: Grouping) -> None:
    cost, n_networks = math.fsum(network.cost for network in grouping.networks), len(grouping.networks)
    if not math.isclose(cost, grouping.cost, rel_tol=_TOLERANCE):
        raise CertificateError("cost", f"it is {grouping.cost!r}, the networks cost {cost!r}")
    if problem.budget is not None and cost > problem.budget * (1 + _TOLERANCE):
        raise CertificateError("limit", f"the networks cost {cost!r}, above the budget {problem.budget!r}")
    if problem.max_groups is not None and n_networks > problem.max_groups:
        raise CertificateError("limit", f"{n_networks} networks exceed max_groups {problem.max_groups}")


def _check_links(problem: Problem, grouping: Grouping) -> None:
    server = {task: place for place, network in enumerate(grouping.networks) for task in network.serves}
    for names in problem.rules.must_link:
        if len({server[task] for task in names}) > 1:
            raise CertificateError("must_link", f"{_listed(names)} are served by different networks")
    for names in problem.rules.cannot_link:
        for network in grouping.networks:
            together = [task for task in network.subset if task in names]
            if len(together) > 1:
                raise CertificateError("cannot_link", f"{_listed(together)} train in one network")


def _check_sizes(problem: Problem, grouping: Grouping) -> None:
    least, most = problem.rules.min_size, problem.rules.max_size
    for network in grouping.networks:
        size, name = len(set(network.subset)), subset_name(network.subset)
        if least is not None and size < least:
            raise CertificateError("min_size", f"network '{name}' trains {size} tasks, fewer than {least}")
        if most is not None and size > most:
            raise CertificateError("max_size", f"network '{name}' trains {size} tasks, more than {most}")


def _check_no_overlap(problem: Problem, grouping: Grouping) -> None:
    for network in grouping.networks:
        idle = set(network.subset) - set(network.serves) - set(problem.riding)
        if idle:
            raise CertificateError("overlap", f"{_listed(sorted(idle))} trains without being served there")
    trained = [task for network in grouping.networks for task in network.subset]
    for task in set(trained) - set(problem.riding):
        if trained.count(task) > 1:
            raise CertificateError("overlap", f"{task!r} trains in {trained.count(task)} networks")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _best_value(problem: Problem, network: Network) -> float:
    """What the network is worth to the tasks that it serves, importance-weighted and at risk."""
    margin = problem.risk if problem.direction == "minimize" else -problem.risk
    weights = dict(zip(problem.tasks, problem.weights, strict=True))
    values = [
        sum(
            weights[task] * (candidate.values[task] + margin * candidate.errors.get(task, 0.0))
            for task in network.serves
        )
        for candidate in problem.candidates
        if _is_same(candidate, network) and all(task in candidate.values for task in network.serves)
    ]
    if not values:
        raise CertificateError(
            "candidate",
            f"no candidate of the problem is network '{subset_name(network.subset)}' at cost "
            f"{network.cost!r} with values for {', '.join(map(repr, network.serves))}",
        )
    return max(values) if problem.direction == "maximize" else min(values)


def _is_same(candidate: Candidate, network: Network) -> bool:
    return (
        set(candidate.subset) == set(network.subset)
        and math.isclose(candidate.cost, network.cost)
        and candidate.sharing == network.sharing
        and candidate.weighting == network.weighting
        and dict(candidate.hyperparameters) == dict(network.hyperparameters)
    )


def _check_bound(problem: Problem, grouping: Grouping) -> None:
    total, bound = grouping.select_total, grouping.bound
    if bound is None:
        if grouping.optimal:
            raise CertificateError("bound", "the grouping is called optimal without a bound")
        return
    better = total > bound if problem.direction == "maximize" else total < bound
    if better and not _equal(total, bound, problem):
        raise CertificateError("bound", f"the total {total!r} is better than the bound {bound!r}")
    if grouping.optimal and not _equal(total, bound, problem):
        raise CertificateError("bound", f"called optimal, but the total {total!r} misses the bound {bound!r}")


def _equal(first: float, second: float, problem: Problem) -> bool:
    """Whether two totals agree to within a share of the largest values that they could sum."""
    size = sum(
        weight
        * max(
            abs(c.values[task]) + problem.risk * c.errors.get(task, 0.0)
            for c in problem.candidates
            if task in c.values
        )
        for task, weight in zip(problem.tasks, problem.weights, strict=True)
    )
    return abs(first - second) <= _TOLERANCE * size
