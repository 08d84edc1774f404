"""What a kind of sharing states, so that one network class for stacked runs and one for modules compute all.

A network is seen as *columns*: blocks below one another that pass activations on, a column for each copy of a
block. A kind says how many copies each block has and which tasks they reach, what happens to the columns'
activations after a tied block, which numbers beside the blocks are learned for that (gates, mixing matrices),
and how the copies' weights are drawn together after a step of the optimiser.

Activations are features-major: [R, C, F, ..., B]. Shape letters: R runs, C columns, F features (channels),
`...` places of an image or a text, B examples, T tasks, K rows of an extra parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from taskgroup.seeds import derive_seed
from taskgroup.spec import Subset

Places = tuple[int, ...]
"""Places of tasks in their subset."""

Start = Callable[[int, Subset], NDArray[np.float64]]
"""Initial values [K, ...] of an extra parameter, from the seed and the tasks."""


@dataclass(frozen=True)
class Outline:
    """The outer form of a run's network.

    Attributes:
        n_tasks: T.
        depth: Blocks that tie tasks together.
        shapes: Of one input, then of what each block gives: (F, ...).
        tokens: Whether inputs are numbers of tokens, which no linear map can read.
    """

    n_tasks: int
    depth: int
    shapes: tuple[tuple[int, ...], ...]
    tokens: bool = False

    @property
    def n_blocks(self) -> int:
        """All blocks, tied and private."""
        return len(self.shapes) - 1

    @property
    def tasks(self) -> Places:
        """Every task's place."""
        return tuple(range(self.n_tasks))


@dataclass(frozen=True)
class Copy:
    """One copy of a block.

    Attributes:
        tasks: The tasks whose outputs depend on it.
        number: 0 starts as the block of hard sharing does; every other number starts elsewhere.
        owner: The task whose number that is; None for one of all tasks.
    """

    tasks: Places
    number: int = 0
    owner: int | None = None

    def seed(self, seed: int, subset: Subset) -> int:
        """The seed of its initial weights; the company of a task does not matter to a copy of its own."""
        if self.number == 0:
            return seed
        return derive_seed(seed, "expert", "" if self.owner is None else subset[self.owner], self.number)


@dataclass(frozen=True)
class Extra:
    """Numbers beside the blocks that are learned, [K, ...].

    Attributes:
        name: Its own within the network.
        tasks: The tasks whose outputs depend on each row, K of them.
        start: Initial values.
        decays: Whether weight decay applies.
    """

    name: str
    tasks: tuple[Places, ...]
    start: Start
    decays: bool = True


class Kind:
    """A kind of sharing in a network of some outline; by itself, separate networks.

    Args:
        outline: Of the network.
        settings: All settings of the kind.

    Attributes:
        mixes: Whether columns are mixed after tied blocks.
        shares_heads: Whether tasks of equal kind and number of outputs have one head.
        moves_weights: Whether something is done to the copies of tied blocks after a step of the optimiser.
        centred: Whether copies have a centre, trained by the sum of their gradients.
    """

    mixes = False
    shares_heads = False
    moves_weights = False
    centred = False

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        self.outline, self.settings = outline, settings

    def is_tied(self, level: int) -> bool:
        """Whether a block ties tasks together: one of the first ones."""
        return level < self.outline.depth

    @property
    def last(self) -> int:
        """The last tied block, where there is one."""
        return self.outline.depth - 1

    def copies(self, level: int) -> tuple[Copy, ...]:
        """The copies of a block; a single one is applied to every column, others have a column each."""
        return tuple(Copy((task,)) for task in self.outline.tasks)

    def extras(self) -> tuple[Extra, ...]:
        """What is learned beside the blocks and heads."""
        return ()

    def mixed(self, level: int, seen: Sequence[Tensor], extras: Mapping[str, Tensor]) -> Tensor:
        """What the next blocks read, a column for each copy, or what the tasks' own parts do, one a task.

        Args:
            level: A tied block.
            seen: The input as one column, what each block above has read, and what this one gives.
            extras: [R, K, ...] by name.
        """
        return seen[-1]

    def moved(
        self, level: int, weights: Sequence[Tensor], centres: Sequence[Tensor], rates: Tensor
    ) -> list[Tensor]:
        """The copies' weights of a tied block after a step of the optimiser.

        Args:
            level: The block.
            weights: Each tensor of the block, [R, C, ...].
            centres: Their centres, [R, 1, ...]; empty where there are none.
            rates: Learning rates, [R].
        """
        return list(weights)


def of_runs(values: Tensor, like: Tensor) -> Tensor:
    """A value for each run, [R], in a form that multiplies [R, ...]."""
    return values.view(-1, *[1] * (like.ndim - 1))
