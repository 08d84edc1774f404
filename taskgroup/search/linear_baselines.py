"""Fitting linear models of all tasks at the seeds of the confirmation, where that takes moments.

They are compared with the networks in the end and decide nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import pandas as pd

from taskgroup.data import Dataset
from taskgroup.linear import LINEAR_METHODS, LinearRows, expected_seconds
from taskgroup.models import blas_libraries
from taskgroup.search.linear_scores import (
    SCORE_COLUMNS,
    LinearScores,
    load_linear_scores,
    save_linear_scores,
)
from taskgroup.search.linear_seed import ChosenFit, LinearSeed
from taskgroup.spec import Study
from taskgroup.storage import Record

_MOST_SECONDS = 20.0
_LINEAR_SHARE = 0.2  # of the time that the networks took
_LEAST_SECONDS = 2.0
_SLACK = 3.0  # times what is allowed
_MOST_NUMBERS = 20_000_000  # features of all rows, which are copied in double precision


def linear_seconds(search_seconds: float) -> float:
    """What a search that took so long may spend on linear models.

    >>> linear_seconds(3.0), linear_seconds(60.0), linear_seconds(3600.0)
    (2.0, 12.0, 20.0)
    """
    return min(_MOST_SECONDS, max(_LEAST_SECONDS, _LINEAR_SHARE * search_seconds))


def keep_linear_baselines(
    study: Study,
    dataset: Dataset | None,
    *,
    record: Record,
    study_id: int,
    seeds: Sequence[int],
    seconds: float = _MOST_SECONDS,
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Fit what the record lacks, and keep it there.

    Args:
        study: What was searched; `search.linear` may say no.
        dataset: Its rows; None where a trainer of the user's has them.
        record: Keeps the scores.
        study_id: The study in the record.
        seeds: Those of the networks to compare with.
        seconds: Fit nothing that is expected to take longer.
        tell: Hears what was fitted, or why nothing was.
    """
    if not study.search.linear or dataset is None:
        return
    kept = load_linear_scores(record, study_id, study, seeds)
    if kept is not None and kept.skipped is None:
        return
    found = fit_linear_baselines(study, dataset, seeds, seconds=seconds)
    if kept is None or kept.skipped != found.skipped:
        save_linear_scores(record, study_id, found)
    n_methods = found.scores["method"].nunique()
    tell(
        found.skipped
        or f"fitted {n_methods} kinds of linear models in {found.seconds:.1f} s, to compare with"
    )


def fit_linear_baselines(
    study: Study, dataset: Dataset, seeds: Sequence[int], *, seconds: float = math.inf
) -> LinearScores:
    """Fit every linear method at every seed, on one thread.

    Args:
        study: Tasks and split.
        dataset: Its rows.
        seeds: Those of the networks to compare with.
        seconds: Fit nothing that would take longer, as far as one seed tells, and stop at three times as
            long. Not even one seed is tried where that alone is expected to take longer.
    """
    if (reason := _unsuited_data(dataset)) is not None:
        return LinearScores.none(seeds, skipped=f"no linear models: {reason}")
    started = time.perf_counter()
    with blas_libraries().limit(limits=1):
        first = LinearSeed(study, dataset, seeds[0])
        expected = expected_seconds(first.rows)
        if expected > seconds:
            return _too_slow(seeds, len(seeds) * expected, seconds)
        unused, chosen = _unsuited(first.rows), [_choose_all(first)]
        measured = time.perf_counter() - started
        if len(seeds) * measured > seconds:
            return _too_slow(seeds, len(seeds) * measured, seconds)
        for seed in seeds[1:]:
            if time.perf_counter() - started > _SLACK * seconds:
                break
            at_seed = LinearSeed(study, dataset, seed)
            unused |= _unsuited(at_seed.rows)
            chosen.append(_choose_all(at_seed))
    chosen = [{n: fit for n, fit in fits.items() if n not in unused} for fits in chosen]
    return LinearScores(
        seeds=tuple(seeds),
        scores=_table(study, seeds, chosen),
        strengths={name: [fits[name].strength for fits in chosen] for name in chosen[0]},
        clusters=[fits["clustered"].fit.clusters for fits in chosen if "clustered" in fits],
        unused=unused,
        seconds=time.perf_counter() - started,
    )


def _too_slow(seeds: Sequence[int], expected: float, allowed: float) -> LinearScores:
    reason = f"they would take about {expected:.1f} s, and {max(0.0, allowed):.1f} s are allowed"
    return LinearScores.none(seeds, skipped=f"no linear models: {reason}")


def _unsuited_data(dataset: Dataset) -> str | None:
    """Why nothing is fitted at all."""
    if dataset.inputs is not None:
        return "rows are images or texts"
    if dataset.features.size > _MOST_NUMBERS:
        return f"{dataset.n_rows:,} rows of {dataset.features.shape[1]:,} features would take too long"
    return None


def _choose_all(at_seed: LinearSeed) -> dict[str, ChosenFit]:
    """The chosen fit of every method that suits the rows of a seed, by name."""
    suited = (method for method in LINEAR_METHODS.values() if method.unsuited(at_seed.rows) is None)
    return {method.name: at_seed.choose(method) for method in suited}


def _unsuited(rows: LinearRows) -> dict[str, str]:
    """Why methods cannot be used for the rows of a seed, by name."""
    reasons = {name: method.unsuited(rows) for name, method in LINEAR_METHODS.items()}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _table(study: Study, seeds: Sequence[int], chosen: Sequence[dict[str, ChosenFit]]) -> pd.DataFrame:
    rows = [
        (name, task.name, seed, split, task.score.name, value)
        for seed, fits in zip(seeds, chosen, strict=False)
        for name, fit in fits.items()
        for split, values in fit.values.items()
        for task, value in zip(study.main_tasks, values.tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
