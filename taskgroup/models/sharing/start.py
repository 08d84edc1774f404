"""The parameters of stacked columns by name, and the values that they start from.

Shape letters: R runs, C copies, O units, I features in, T tasks, K rows of an extra parameter.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.sharing.heads import HeadPlan
from taskgroup.models.sharing.kind import Kind
from taskgroup.spec import RunSpec

Values = dict[str, NDArray[np.float64]]

HEAD = ("head weight", "head bias")
CENTRE = "mean "
"""What the name of a centre begins with, before that of the copies."""


def block_names(level: int) -> tuple[str, str]:
    """The names of a block's weight [R, C, O, I] and bias [R, C, O]."""
    return f"weight {level}", f"bias {level}"


def initial_blocks(kind: Kind, members: Sequence[RunSpec], sizes: Sequence[int]) -> Values:
    """All copies of all blocks, and their centres, [R, 1, ...], where the kind has some.

    Args:
        kind: Of sharing.
        members: The runs.
        sizes: Features of the input, then of each block.
    """
    found: Values = {}
    for level, (n_inputs, n_outputs) in enumerate(itertools.pairwise(sizes)):
        copies = kind.copies(level)
        seeds = [[copy.seed(run.seed, run.subset) for copy in copies] for run in members]
        different = set(itertools.chain.from_iterable(seeds))
        drawn = {seed: initial_block(seed, level, n_inputs, n_outputs) for seed in different}
        for part, name in enumerate(block_names(level)):
            found[name] = np.stack([np.stack([drawn[seed][part] for seed in of_run]) for of_run in seeds])
            if kind.centred and kind.is_tied(level):
                found[CENTRE + name] = found[name][:, :1]
    return found


def initial_extras(kind: Kind, members: Sequence[RunSpec]) -> Values:
    """What is learned beside blocks and heads, [R, K, ...]."""
    return {
        extra.name: np.stack([extra.start(run.seed, run.subset) for run in members])
        for extra in kind.extras()
    }


def initial_heads(
    members: Sequence[RunSpec],
    plans: Sequence[HeadPlan],
    *,
    n_features: int,
    n_columns: int,
    n_outputs: Mapping[str, int],
) -> Values:
    """A head at every task's place, used or not, [R, T, columns, I], padded with zeros."""
    weight = np.zeros((len(members), len(members[0].subset), n_columns, n_features))
    bias = np.zeros(weight.shape[:3])
    for i, (run, plan) in enumerate(zip(members, plans, strict=True)):
        for place, (task, name) in enumerate(zip(run.subset, plan.name, strict=True)):
            n = n_outputs[task]
            weight[i, place, :n], bias[i, place, :n] = initial_head(run.seed, name, n_features, n)
    return dict(zip(HEAD, (weight, bias), strict=True))
