"""The exact grouping of few tasks for many samples of the values at once.

The dynamic programme of `subset_program`, with all samples side by side and the number of networks as the
only limit: the best total of each set of tasks by one row, then by one row more at a time.

Shape letters: `S` samples, `C` rows, `T` tasks, `M = 2^T` masks, `P` splits of a mask.
"""

from __future__ import annotations

import numpy as np

from taskgroup.errors import InputError
from taskgroup.grouping.regret import Floats, Integers
from taskgroup.grouping.task_masks import splits

_MOST_TASKS = 12
_BLOCK_ELEMENTS = 1 << 22


def solve_batch(loss: Floats, max_groups: int) -> Integers | None:
    """Find the row that serves each task so that the losses add up to the least.

    Among equal losses the fewest rows win.

    Args:
        loss: Shape [S, C, T]; infinite where a row cannot serve.
        max_groups: The most rows.

    Returns:
        Shape [S, T]; None where no choice of so few rows serves every task.

    Raises:
        InputError: If there are more than twelve tasks.
    """
    n_samples, n_rows, n_tasks = loss.shape
    if n_tasks > _MOST_TASKS:
        raise InputError(f"{n_tasks} tasks are too many to solve exactly; use choose_rows")
    step = max(1, _BLOCK_ELEMENTS // (n_rows << n_tasks))
    parts = [_solve(loss[start : start + step], max_groups) for start in range(0, n_samples, step)]
    solved = [part for part in parts if part is not None]
    return np.concatenate(solved) if len(solved) == len(parts) else None


def _solve(loss: Floats, max_groups: int) -> Integers | None:
    least, row = _by_one_row(loss)
    layers = [least]
    ways = splits(loss.shape[2])
    for _ in range(1, max_groups):
        joined = least[:, ways.part] + layers[-1][:, ways.rest]
        best = np.minimum.reduceat(joined, ways.start[:-1], axis=1)
        layers.append(np.concatenate([np.full((len(loss), 1), np.inf), best], axis=1))
    whole = np.stack([layer[:, -1] for layer in layers], axis=1)
    if not np.isfinite(whole.min(axis=1)).all():
        return None
    return np.stack(
        [
            _trace([layer[sample] for layer in layers[: n_rows + 1]], row[sample], loss.shape[2])
            for sample, n_rows in enumerate(whole.argmin(axis=1).tolist())
        ]
    )


def _by_one_row(loss: Floats) -> tuple[Floats, Integers]:
    """The least loss of each mask by one row, and the row; shape [S, M] each."""
    totals = np.zeros((2 ** loss.shape[2], len(loss), loss.shape[1]))
    for task in range(loss.shape[2]):
        np.add(totals[: 1 << task], loss[:, :, task], out=totals[1 << task : 2 << task])
    row = totals.argmin(axis=2)
    least = np.take_along_axis(totals, row[:, :, None], axis=2)[:, :, 0]
    least[0] = np.inf
    return least.T, row.T


def _trace(layers: list[Floats], row: Integers, n_tasks: int) -> Integers:
    """Walk back from all tasks at the last layer to the row that serves each task; shape [T]."""
    ways = splits(n_tasks)
    parts, mask = [], 2**n_tasks - 1
    for rest in reversed(layers[:-1]):
        span = ways.of(mask)
        place = span.start + int((layers[0][ways.part[span]] + rest[ways.rest[span]]).argmin())
        parts.append(int(ways.part[place]))
        mask = int(ways.rest[place])
    servers = np.empty(n_tasks, dtype=np.int64)
    for part in [*parts, mask]:
        servers[(part >> np.arange(n_tasks)) & 1 == 1] = row[part]
    return servers
