"""Dividing rows of which each belongs to one task: every task has its share in every part.

Rows with identical features stay in one part here too, also where they belong to several tasks: a network for
two tasks that has seen a sentence with one task's label must not be tested on it for the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Dataset
from taskgroup.data.split import PART_NAMES, Rows, Split, draw_fraction, draw_parts, part_sizes
from taskgroup.errors import InputError
from taskgroup.spec import SplitSpec


def draw_own_rows(dataset: Dataset, owner: Rows, spec: SplitSpec, *, study_seed: int, seed: int) -> Split:
    """Draw the parts, stratified by each task's labels; a task's part sizes are the same for every seed.

    Args:
        dataset: The rows.
        owner: The task of each row ``[N]``.
        spec: The shares of the parts.
        study_seed: Decides the test rows, alone.
        seed: Decides, with ``study_seed``, which other rows validate and train.

    Raises:
        InputError: If a part of a task would be empty.
    """
    names, repeats = list(dataset.targets), dataset.repeats
    wanted = np.stack([part_sizes(n, spec) for n in np.bincount(owner, minlength=len(names))], axis=1)
    kinds = _kinds_of_groups(repeats.group, owner, n_tasks=len(names))
    plan = _plan(kinds, wanted, names)
    strata = dataset.strata[repeats.first]
    test, validation, rng = draw_parts(kinds.of_group, strata, plan, study_seed=study_seed, seed=seed)
    train = np.flatnonzero(~(test | validation)[repeats.group])
    if spec.train_fraction < 1:
        train = fraction_of_each_task(dataset, owner, train, spec.train_fraction, rng=rng)
    return Split(
        train=train,
        validation=np.flatnonzero(validation[repeats.group]),
        test=np.flatnonzero(test[repeats.group]),
    )


def fraction_of_each_task(
    dataset: Dataset, owner: Rows, train: Rows, fraction: float, *, rng: np.random.Generator
) -> Rows:
    """Draw a stratified share of every task's training rows."""
    of_tasks = [train[owner[train] == task] for task in range(len(dataset.targets))]
    drawn = [draw_fraction(rows, dataset.strata[rows], fraction, rng=rng) for rows in of_tasks if len(rows)]
    return np.sort(np.concatenate(drawn))


@dataclass(frozen=True, eq=False)
class _Kinds:
    """Groups of identical rows by how many rows of which tasks they hold.

    Attributes:
        of_group: The kind of each group ``[G]``.
        members: For each kind, the rows of each task in it ``[K, T]``.
    """

    of_group: Rows
    members: Rows


def _kinds_of_groups(group: Rows, owner: Rows, *, n_tasks: int) -> _Kinds:
    pairs, counts = np.unique(group * n_tasks + owner, return_counts=True)
    of_pair, task = np.divmod(pairs, n_tasks)
    signatures: list[tuple[tuple[int, int], ...]] = [() for _ in range(int(group.max()) + 1)]
    for g, t, n in zip(of_pair.tolist(), task.tolist(), counts.tolist(), strict=True):
        signatures[g] += ((t, n),)
    codes = {signature: code for code, signature in enumerate(dict.fromkeys(signatures))}
    members = np.zeros((len(codes), n_tasks), dtype=np.int64)
    for signature, code in codes.items():
        for t, n in signature:
            members[code, t] = n
    return _Kinds(np.array([codes[signature] for signature in signatures]), members)


def _plan(kinds: _Kinds, wanted: Rows, names: list[str]) -> dict[int, Rows]:
    """For each kind, how many such groups go to each part ``[3]``.

    Large groups come first and are spread in proportion to the room left for their tasks.

    Args:
        kinds: The groups.
        wanted: Rows of each task in each part ``[3, T]``.
        names: Of the tasks.
    """
    room, plan = wanted.copy(), {}
    counts = Counter(kinds.of_group.tolist())
    for kind in sorted(counts, key=lambda code: (-int(kinds.members[code].sum()), code)):
        members = kinds.members[kind]
        plan[kind] = _spread(counts[kind], int(members.sum()), room[:, members > 0].sum(axis=1))
        room = room - plan[kind][:, None] * members
    for part, task in np.argwhere(wanted - room < 1):
        raise InputError(
            f"task {names[task]!r} has no {PART_NAMES[part]} rows, because rows with identical features stay "
            "in one part and too few of its rows are distinct; add features or rows, or drop the task"
        )
    return plan


def _spread(count: int, size: int, room: Rows) -> Rows:
    share = np.maximum(room, 0)
    groups: npt.NDArray[np.int64] = count * share // max(1, int(share.sum()))
    for _ in range(count - int(groups.sum())):
        groups[np.argmax(room - groups * size)] += 1
    return groups
