"""Dividing whole groups of rows, such as patients or sites: no group is trained on and tested on.

Rows of one group are alike beyond what is to be learned. Drawn one by one, some would be trained on and
others tested on, and a network that recognises the patient would look better than it is on new patients.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from taskgroup.data.dataset import Dataset
from taskgroup.data.divided_by import MIN_GROUPS
from taskgroup.data.split import Rows, Split, draw_fraction, part_sizes
from taskgroup.data.split_own_rows import fraction_of_each_task
from taskgroup.errors import InputError
from taskgroup.seeds import derive_seed
from taskgroup.spec import SplitSpec

N_DRAWS = 32
"""Of so many random draws, the one is taken whose parts are most alike."""


def draw_by_group(dataset: Dataset, spec: SplitSpec, *, study_seed: int, seed: int) -> Split:
    """Draw shares of the groups, and of some draws the one in which rows and strata are divided best.

    Rows with identical features stay in one part as well: groups that have one in common count as one.

    Raises:
        InputError: If there are too few groups.
    """
    unit = _units(dataset)
    n_units = int(unit.max()) + 1
    if n_units < MIN_GROUPS:
        raise InputError(
            f"data.split.column {spec.column!r} has {n_units} groups that share no identical rows, too few "
            "for three parts; name another column, or split by: random"
        )
    test_count, validation_count, _ = part_sizes(n_units, spec).tolist()
    every = np.arange(n_units)
    rng = np.random.default_rng(derive_seed(study_seed, "test groups"))
    test = _best_draw(every, test_count, unit, dataset.strata, share=spec.test, rng=rng)
    rng = np.random.default_rng(derive_seed(study_seed, "validation groups", seed))
    rest = np.setdiff1d(every, test)
    validation = _best_draw(rest, validation_count, unit, dataset.strata, share=spec.validation, rng=rng)
    parts = [np.flatnonzero(np.isin(unit, chosen)) for chosen in (test, validation)]
    train = np.setdiff1d(np.arange(dataset.n_rows), np.concatenate(parts))
    if spec.train_fraction < 1 and dataset.owner is None:
        train = draw_fraction(train, dataset.strata[train], spec.train_fraction, rng=rng)
    elif spec.train_fraction < 1 and dataset.owner is not None:
        train = fraction_of_each_task(dataset, dataset.owner, train, spec.train_fraction, rng=rng)
    return Split(train=train, validation=parts[1], test=parts[0])


def _units(dataset: Dataset) -> Rows:
    """What stays together ``[N]``: groups, joined where they share identical rows."""
    assert dataset.divided_by is not None
    groups, copies = dataset.divided_by.astype(np.int64), dataset.repeats.group
    n_groups = int(groups.max()) + 1
    n_nodes = n_groups + int(copies.max()) + 1
    edges = coo_array((np.ones(len(groups)), (groups, n_groups + copies)), shape=(n_nodes, n_nodes))
    component = connected_components(edges, directed=False)[1][groups]
    return np.unique(component, return_inverse=True)[1].astype(np.int64)


def _best_draw(
    units: Rows, count: int, unit: Rows, strata: Rows, *, share: float, rng: np.random.Generator
) -> Rows:
    """Draw ``count`` units, some times, and keep the draw that comes nearest to its share of all strata."""
    draws = [np.sort(rng.permutation(units)[:count]) for _ in range(N_DRAWS)]
    wanted = share * np.bincount(strata).astype(np.float64)
    return min(draws, key=lambda drawn: _distance(np.isin(unit, drawn), strata, wanted))


def _distance(rows: npt.NDArray[np.bool_], strata: Rows, wanted: npt.NDArray[np.float64]) -> float:
    found = np.bincount(strata[rows], minlength=len(wanted))
    return float(abs(found - wanted).sum() + abs(found.sum() - wanted.sum()))
