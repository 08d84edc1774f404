"""Small linear problems with a known structure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from taskgroup.linear import LinearRows
from taskgroup.spec import Task

Floats = NDArray[np.float64]


def rows_of(
    x: Floats, targets: Sequence[Floats], kinds: Sequence[str], counts: Floats | None = None
) -> LinearRows:
    """Rows of tasks called a, b, c, ...; each target is [N], or [K, N] for classes and several labels."""
    blocks = [np.atleast_2d(target).astype(float) for target in targets]
    ends = np.cumsum([len(block) for block in blocks]).tolist()
    names = [chr(ord("a") + i) for i in range(len(blocks))]
    tasks = tuple(
        Task.model_validate(
            {
                "name": name,
                "kind": kind,
                "target": [f"{name}{k}" for k in range(len(block))] if kind == "multilabel" else name,
            }
        )
        for name, kind, block in zip(names, kinds, blocks, strict=True)
    )
    return LinearRows(
        x,
        np.concatenate(blocks),
        np.ones((len(tasks), len(x))) if counts is None else counts,
        tasks,
        {n: slice(end - len(b), end) for n, b, end in zip(names, blocks, ends, strict=True)},
    )


def regressions(
    w: Floats, *, n: int = 60, noise: float = 0.1, seed: int = 0, owned: bool = False, missing: float = 0.0
) -> LinearRows:
    """Regressions with coefficients [T, D]; `owned` gives each task n rows of its own."""
    rng = np.random.default_rng(seed)
    n_tasks, d = w.shape
    n_rows = n * n_tasks if owned else n
    x = rng.normal(size=(n_rows, d))
    y = w @ x.T + noise * rng.normal(size=(n_tasks, n_rows)) + np.arange(n_tasks)[:, None]
    counts = (rng.random((n_tasks, n_rows)) >= missing).astype(float)
    if owned:
        counts *= np.repeat(np.arange(n_tasks), n) == np.arange(n_tasks)[:, None]
    return rows_of(x, list(np.where(counts > 0, y, 0.0)), ["regression"] * n_tasks, counts)


def labels(w: Floats, *, n: int = 80, seed: int = 0, owned: bool = False) -> LinearRows:
    """The same with binary labels of logistic models."""
    rows = regressions(w, n=n, noise=0.0, seed=seed, owned=owned)
    rng = np.random.default_rng(seed + 1)
    y = rng.random(rows.targets.shape) < 1 / (1 + np.exp(-(w @ rows.x.T)))
    return rows_of(rows.x, list(np.where(rows.counts > 0, y, 0.0)), ["binary"] * len(w), rows.counts)


def mixed(*, missing: float = 0.0, seed: int = 0) -> LinearRows:
    """Two regressions, two binary tasks, two of three classes and one of two labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(70, 4))
    classes = [np.eye(3)[np.argmax(x[:, :3] + rng.normal(size=(70, 3)), axis=1)].T for _ in range(2)]
    binary = [(x[:, i] + rng.normal(size=70) > 0).astype(float) for i in range(2)]
    numbers = [x[:, i] + rng.normal(size=70) for i in range(2)]
    both = np.stack([(x[:, 2] > 0).astype(float), (x[:, 3] + rng.normal(size=70) > 0).astype(float)])
    kinds = ["regression"] * 2 + ["binary"] * 2 + ["multiclass"] * 2 + ["multilabel"]
    counts = (rng.random((7, 70)) >= missing).astype(float)
    return rows_of(x, [*numbers, *binary, *classes, both], kinds, counts)
