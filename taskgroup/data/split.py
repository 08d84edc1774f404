"""Dividing rows into training, validation and test parts at random, the same way for every task.

The test rows are drawn once for a study. Every run seed draws its own training and validation rows from
the rest (Monte-Carlo cross-validation), so that an interval over seeds covers the choice of these rows as
well as the training. All part sizes are the same for every seed, because runs that train as one cohort need
equal shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Dataset
from taskgroup.data.repeats import Repeats
from taskgroup.errors import InputError
from taskgroup.seeds import derive_seed
from taskgroup.spec import SplitSpec

Rows = npt.NDArray[np.int64]
Drawn = npt.NDArray[np.bool_]

TEST, VALIDATION, TRAIN = range(3)
PART_NAMES = ("test", "validation", "training")


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of the three parts, each ascending and int64; no row and no copy of a row is in two."""

    train: Rows
    validation: Rows
    test: Rows


def draw_at_random(dataset: Dataset, spec: SplitSpec, *, study_seed: int, seed: int) -> Split:
    """Draw the parts of rows that all tasks share.

    Each part is stratified by the labels of all classification tasks jointly (`Dataset.strata`): every
    stratum has its share of rows in it, rounded up or down at random, so that rows without copies are all
    equally likely to be drawn. Studies with regression tasks only are divided at random.

    Rows with identical features stay in one part. Where that makes the exact sizes impossible, whole groups
    decide: the sizes then come as near as groups allow, still the same for every seed, and no row is lost.

    Raises:
        InputError: If a part would be empty.
    """
    repeats = dataset.repeats
    strata = dataset.strata[repeats.first]
    plan = _plan(repeats, part_sizes(dataset.n_rows, spec))
    test, validation, rng = draw_parts(repeats.sizes, strata, plan, study_seed=study_seed, seed=seed)
    train = np.flatnonzero(~(test | validation)[repeats.group])
    if spec.train_fraction < 1:
        train = draw_fraction(train, dataset.strata[train], spec.train_fraction, rng=rng)
    return Split(
        train=train,
        validation=np.flatnonzero(validation[repeats.group]),
        test=np.flatnonzero(test[repeats.group]),
    )


def draw_parts(
    kinds: Rows, strata: Rows, plan: dict[int, Rows], *, study_seed: int, seed: int
) -> tuple[Drawn, Drawn, np.random.Generator]:
    """Draw which groups of rows are tested and validated on.

    Args:
        kinds: The kind of each group ``[G]``, such as its size.
        strata: Their strata ``[G]``.
        plan: For each kind, how many such groups go to each part.
        study_seed: Decides the test rows, alone.
        seed: Decides, with ``study_seed``, which other rows validate and train.

    Returns:
        Which groups are tested on and validated on ``[G]``, and the generator that drew the latter.
    """
    free = np.ones(len(kinds), dtype=bool)
    rng = np.random.default_rng(derive_seed(study_seed, "test rows"))
    test = _draw_groups(free, kinds, strata, plan, part=TEST, rng=rng)
    rng = np.random.default_rng(derive_seed(study_seed, "validation rows", seed))
    validation = _draw_groups(free & ~test, kinds, strata, plan, part=VALIDATION, rng=rng)
    return test, validation, rng


def draw_fraction(rows: Rows, strata: Rows, fraction: float, *, rng: np.random.Generator) -> Rows:
    """Draw a stratified share of rows, at least one, in ascending order."""
    count = max(1, round(fraction * len(rows)))
    return np.sort(_draw_stratified(rows, strata, count, rng=rng))


def part_sizes(n_rows: int, spec: SplitSpec) -> Rows:
    """The rows wanted for test, validation and training, ``[3]``."""
    test = max(1, round(spec.test * n_rows))
    validation = max(1, round(spec.validation * n_rows))
    train = n_rows - test - validation
    if train < 1:
        raise InputError(
            f"data.split leaves no training rows of {n_rows} (test {test}, validation {validation}); "
            "lower data.split.test or data.split.validation"
        )
    return np.array([test, validation, train])


def _plan(repeats: Repeats, wanted: Rows) -> dict[int, Rows]:
    """For each group size, how many such groups go to each part ``[3]``; the same for every seed.

    Large groups come first and are spread in proportion to the room left; rows without a copy then fill
    what is left exactly.
    """
    room, plan = wanted.copy(), {}
    sizes, counts = np.unique(repeats.sizes, return_counts=True)
    for size, count in zip(sizes[::-1].tolist(), counts[::-1].tolist(), strict=True):
        plan[size] = _spread(count, size, room)
        room = room - plan[size] * size
    for part, rows in enumerate(wanted - room):
        if rows < 1:
            raise InputError(
                f"there are no {PART_NAMES[part]} rows, because rows with identical features stay in one "
                f"part and only {len(repeats.sizes)} rows are distinct; add features or rows"
            )
    return plan


def _spread(count: int, size: int, room: Rows) -> Rows:
    share = np.maximum(room, 0)
    groups: Rows = count * share // share.sum()
    for _ in range(count - int(groups.sum())):
        groups[np.argmax(room - groups * size)] += 1
    return groups


def _draw_groups(
    free: npt.NDArray[np.bool_],
    sizes: Rows,
    strata: Rows,
    plan: dict[int, Rows],
    *,
    part: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Draw the groups of one part from the ``free`` ones; all arrays ``[G]``."""
    drawn = np.zeros(len(sizes), dtype=bool)
    for size, counts in plan.items():
        candidates = np.flatnonzero(free & (sizes == size))
        drawn[_draw_stratified(candidates, strata[candidates], int(counts[part]), rng=rng)] = True
    return drawn


def _draw_stratified(items: Rows, strata: Rows, count: int, *, rng: np.random.Generator) -> Rows:
    """Draw ``count`` of the items, from every stratum its share rounded up or down.

    A systematic sample of the items in the order of their strata, shuffled within: any run of strata has
    its share to within one item, and every item the same chance. Rounding by largest remainder would never
    draw from the smallest strata.
    """
    order = rng.permutation(len(items))
    order = order[np.argsort(strata[order], kind="stable")]
    n_items = max(1, len(items))
    marks = (np.arange(len(items) + 1) * count + rng.integers(n_items)) // n_items
    drawn: Rows = items[order[np.diff(marks) == 1]]
    return drawn
