"""Tables in which it is known which tasks are related, to test a search on and to learn how it behaves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from taskgroup.errors import InputError
from taskgroup.seeds import derive_seed

if TYPE_CHECKING:
    import pandas as pd

Float64 = npt.NDArray[np.float64]
SyntheticKind = Literal["regression", "binary"]


def planted_groups(
    *,
    groups: Sequence[Sequence[str]],
    n_rows: int = 600,
    n_features: int = 16,
    noise: float = 0.5,
    within: float = 0.95,
    conflict: bool = False,
    kind: SyntheticKind | Sequence[SyntheticKind] = "regression",
    seed: int = 0,
) -> pd.DataFrame:
    """Generate tasks that are related within groups and unrelated across them.

    The features are independent standard normal. Each task has a weight vector ``w`` of length 1; its
    noiseless target is ``w · x``, with mean 0 and variance 1. The product of the weight vectors of two tasks,
    which is the correlation of their noiseless targets, is exactly ``within`` in one group and exactly 0
    across groups. With few rows, tasks of one group therefore help each other to find their common
    direction, and tasks of different groups compete for the capacity of a shared encoder.

    With ``conflict`` the noiseless target is ``(w · x)(u · x)``, where the direction ``u`` is the same
    within a group and orthogonal to all others across. Means, variances and correlations stay as above, but
    a network must form the product of each group's own pair of directions, which takes more of the encoder:
    sharing across groups costs more.

    What is planted is this structure, not a gain: how much sharing helps depends on network and training.

    Args:
        groups: The task names of each group; a group of one is a task related to no other.
        n_rows: Rows N.
        n_features: Features D; at least one for each group and each task, and with ``conflict`` one more for
            each group.
        noise: Standard deviation of the independent normal noise added to each target. The best R² that
            any model can reach is ``1 / (1 + noise²)``.
        within: Correlation of the noiseless targets in a group, 0 to 1.
        conflict: Whether groups are planted to get in each other's way.
        kind: `regression` gives the noisy target; `binary` gives 1 where it is positive, else 0, which is
            about half of the rows. One for all tasks, or one for each.
        seed: Decides directions, rows and noise.

    Returns:
        The columns ``x0``, ``x1`` and so on, then one column a task, in the order of ``groups``.

    Raises:
        InputError: If names repeat, a number is out of range, or there are too few features.

    >>> planted_groups(groups=[["a", "b"], ["c"]], n_rows=50, n_features=6).columns.tolist()
    ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'a', 'b', 'c']
    """
    import pandas as pd

    names = list(chain.from_iterable(groups))
    features = [f"x{i}" for i in range(n_features)]
    _require_valid(names, features, noise=noise, within=within, n_rows=n_rows)
    kinds = _kinds(kind, names)
    rng = np.random.default_rng(derive_seed(seed, "planted groups"))
    shared, gates, own = _directions(groups, n_features, own=within < 1, gated=conflict, rng=rng)
    weights = np.sqrt(within) * shared + np.sqrt(1 - within) * own
    x = rng.standard_normal((n_rows, n_features))
    signal = x @ weights.T * (x @ gates.T if conflict else 1.0)
    y = signal + noise * rng.standard_normal(signal.shape)
    labels = {
        name: values if kind == "regression" else (values > 0).astype(np.int64)
        for name, kind, values in zip(names, kinds, y.T, strict=True)
    }
    return pd.concat([pd.DataFrame(x, columns=features), pd.DataFrame(labels)], axis=1)


def independent_tasks(
    *,
    n_tasks: int,
    n_rows: int = 600,
    n_features: int = 16,
    noise: float = 0.5,
    kind: SyntheticKind | Sequence[SyntheticKind] = "regression",
    seed: int = 0,
) -> pd.DataFrame:
    """Generate tasks ``t0``, ``t1`` and so on of which none is related to another.

    As `planted_groups` with groups of one: the weight vectors are orthogonal, so the targets are
    independent. No task can teach another anything, but tasks that share an encoder still share its capacity
    and act as a regulariser, so that gains need not be exactly zero.

    Raises:
        InputError: As for `planted_groups`; one feature a task is enough.
    """
    groups = [[f"t{i}"] for i in range(n_tasks)]
    return planted_groups(
        groups=groups, n_rows=n_rows, n_features=n_features, noise=noise, within=1.0, kind=kind, seed=seed
    )


def _directions(
    groups: Sequence[Sequence[str]], n_features: int, *, own: bool, gated: bool, rng: np.random.Generator
) -> tuple[Float64, Float64, Float64]:
    """Each task's shared, gate and own direction, ``[T, D]``: random, of length 1, orthogonal.

    The first two are the same within a group. Directions not asked for are zero.
    """
    members = [len(group) for group in groups]
    counts = [len(groups), len(groups) * gated, sum(members) * own]
    if sum(counts) > n_features:
        raise InputError(
            f"n_features is {n_features}, but these groups take {sum(counts)} orthogonal directions; "
            f"use at least {sum(counts)} features, or fewer tasks"
        )
    orthonormal = np.linalg.qr(rng.standard_normal((n_features, sum(counts))))[0].T
    by_group, gates, by_task = np.split(orthonormal, np.cumsum(counts)[:2])
    nothing = np.zeros((sum(members), n_features))
    return (
        np.repeat(by_group, members, axis=0),
        np.repeat(gates, members, axis=0) if gated else nothing,
        by_task if own else nothing,
    )


def _kinds(kind: SyntheticKind | Sequence[SyntheticKind], names: Sequence[str]) -> list[SyntheticKind]:
    """The kind of each task."""
    kinds = [kind] * len(names) if isinstance(kind, str) else list(kind)
    known = get_args(SyntheticKind)
    if len(kinds) != len(names) or not set(kinds) <= set(known):
        raise InputError(
            f"kind is {kind!r}; give {' or '.join(known)}, for all tasks or for each of the {len(names)}"
        )
    return kinds


def _require_valid(
    names: list[str], features: list[str], *, noise: float, within: float, n_rows: int
) -> None:
    if not names or len(set(names)) < len(names) or set(names).intersection(features):
        raise InputError(f"groups name the tasks {names}; use distinct names, none of them x0, x1, …")
    if not 0 <= within <= 1:
        raise InputError(f"within is {within}; a correlation in a group is from 0 to 1")
    if not 0 <= noise < np.inf:
        raise InputError(f"noise is {noise}; a standard deviation is finite and not negative")
    if n_rows < 1:
        raise InputError(f"n_rows is {n_rows}; ask for at least one row")
