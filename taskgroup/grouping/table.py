"""Grouping from a table of results that somebody measured elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from taskgroup.errors import InputError
from taskgroup.grouping.exact import solve
from taskgroup.grouping.problem import Candidate, Problem
from taskgroup.grouping.rules import Rules, link_sets
from taskgroup.grouping.solution import Grouping
from taskgroup.grouping.table_file import read_table
from taskgroup.grouping.table_rows import TableRows
from taskgroup.spec import Direction


def group(
    table: pd.DataFrame | str | Path,
    select: str,
    *,
    report: str | None = None,
    direction: Direction = "minimize",
    budget: float | None = None,
    groups: int | None = None,
    max_groups: int | None = None,
    importance: Mapping[str, float] | None = None,
    must_link: Iterable[Iterable[str]] = (),
    cannot_link: Iterable[Iterable[str]] = (),
    min_size: int | None = None,
    max_size: int | None = None,
    overlap: bool = True,
    error: str | None = None,
    risk: float = 0.0,
    time_limit_seconds: float | None = None,
) -> Grouping:
    """Choose the networks that serve every task best, by measured values.

    Args:
        table: One row a network, as a DataFrame or the path of a CSV or Parquet file: a column `subset`
            (task names joined by ``+``), an optional column `cost` (network equivalents; 1.0 where
            missing or blank), and one column a task for each template, blank where the task is not in
            the subset. A subset may stand in several rows at several costs. Other columns are ignored.
        select: The template of the columns to choose and assign by, such as ``val_loss_{task}``.
        report: The template of the columns to report the same assignment by.
        direction: Whether large or small values are better.
        budget: The most that the networks may cost together.
        groups: The most networks; `max_groups`, the study file's word, means the same.
        max_groups: See `groups`.
        importance: Weights of the tasks in both totals; 1.0 for a task not named.
        must_link: Lists of tasks that one network serves.
        cannot_link: Lists of tasks of which no two train together.
        min_size: The fewest tasks that train in a network; from 2 on no task stands alone.
        max_size: The most tasks that train in a network.
        overlap: Whether a task may train in several networks of the grouping.
        error: The template of the columns with standard errors, such as ``se_{task}``, for `risk`.
        risk: How many standard errors each value counts as worse than it is; `select_total` and `bound`
            are sums of such values.
        time_limit_seconds: As in `solve`.

    Returns:
        The grouping, with `report_total` where `report` is given.

    Raises:
        InputError: If the table or an argument is wrong; rows count from 1 below the header.

    >>> losses = pd.DataFrame({"subset": ["a", "b", "a+b"], "loss_a": [3, None, 2], "loss_b": [None, 1, 4]})
    >>> [network.serves for network in group(losses, "loss_{task}", budget=2).networks]
    [('a',), ('b',)]
    """
    if groups is not None and max_groups is not None and groups != max_groups:
        raise InputError(f"groups {groups!r} and max_groups {max_groups!r} mean the same; give one")
    if risk and error is None:
        raise InputError(f"risk {risk!r} needs standard errors; name their columns by error='se_{{task}}'")
    rows = TableRows.read(table if isinstance(table, pd.DataFrame) else read_table(table))
    candidates = rows.candidates(select, error=error)
    reported = None if report is None else rows.candidates(report)
    problem = Problem(
        tasks=rows.tasks,
        candidates=candidates,
        direction=direction,
        importance=importance or {},
        budget=budget,
        max_groups=max_groups if groups is None else groups,
        rules=Rules(
            must_link=link_sets("must_link", must_link),
            cannot_link=link_sets("cannot_link", cannot_link),
            min_size=min_size,
            max_size=max_size,
            overlap=overlap,
        ),
        risk=risk,
    )
    grouping = solve(problem, time_limit_seconds=time_limit_seconds)
    if reported is None:
        return grouping
    return replace(grouping, report_total=_report_total(problem, reported, grouping))


def _report_total(problem: Problem, reported: tuple[Candidate, ...], grouping: Grouping) -> float:
    """Sum the reported values of a grouping's assignment, importance-weighted like the choice."""
    by_row = {(candidate.subset, candidate.cost): candidate.values for candidate in reported}
    weights = dict(zip(problem.tasks, problem.weights, strict=True))
    return math.fsum(
        weights[task] * by_row[network.subset, network.cost][task]
        for network in grouping.networks
        for task in network.serves
    )
