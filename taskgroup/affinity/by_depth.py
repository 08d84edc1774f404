"""Affinity at each sharing depth: whom to share low blocks with, and whom high ones too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from taskgroup.affinity.branching import Floats, best_branching
from taskgroup.affinity.matrix import AffinityMatrix
from taskgroup.affinity.pairwise import pairwise
from taskgroup.affinity.recommended_tree import RecommendedTree, recommended_tree
from taskgroup.spec import Task, subset_from_name
from taskgroup.transfer import q_values, transfer_table

_NO_TREE = "No tree yet: some pairs were not measured at every depth; measure the others first."


@dataclass(frozen=True)
class AffinityByDepth:
    """One affinity matrix for each sharing depth.

    Attributes:
        matrices: By depth, ascending; q-values are corrected over the tests of all depths together.
        tree: Where the encoder should branch; None where pairs are missing.
    """

    matrices: Mapping[int, AffinityMatrix]
    tree: RecommendedTree | None

    @classmethod
    def of_runs(cls, runs: pd.DataFrame, tasks: Sequence[Task], *, n_blocks: int) -> Self:
        """Estimate it from runs of pairs at several depths.

        Args:
            runs: Rows with gains of pairs, one a run, task and split, with the column `depth`.
            tasks: The task list.
            n_blocks: Encoder blocks.
        """
        names = tuple(task.name for task in tasks)
        depths = sorted({int(depth) for depth in runs["depth"]})
        tables = [transfer_table(runs[runs["depth"] == depth]).assign(depth=depth) for depth in depths]
        whole = pd.concat(tables, ignore_index=True)
        whole["q_value"] = q_values(whole["p_value"])
        matrices = {depth: pairwise(whole[whole["depth"] == depth], names) for depth in depths}
        importance = np.array([task.importance for task in tasks], dtype=float)
        gains = _complete(_gains(runs, names, depths))
        tree = None
        if gains is not None and importance.sum() > 0:
            tree = recommended_tree(best_branching(gains, importance), names, depths, n_blocks)
        return cls(matrices, tree)

    @property
    def depths(self) -> list[int]:
        """The depths measured, ascending."""
        return list(self.matrices)

    @property
    def estimate(self) -> dict[int, pd.DataFrame]:
        """Gains [target, source] by depth."""
        return {depth: matrix.estimate for depth, matrix in self.matrices.items()}

    @property
    def low(self) -> dict[int, pd.DataFrame]:
        """Lower ends of their 95% intervals, by depth."""
        return {depth: matrix.low for depth, matrix in self.matrices.items()}

    @property
    def high(self) -> dict[int, pd.DataFrame]:
        """Upper ends of their 95% intervals, by depth."""
        return {depth: matrix.high for depth, matrix in self.matrices.items()}

    def table(self) -> pd.DataFrame:
        """One row a depth and ordered pair: depth, target, source, gain, low, high, q_value, n_runs."""
        tables = [matrix.table().assign(depth=depth) for depth, matrix in self.matrices.items()]
        table = pd.concat(tables, ignore_index=True)
        return table[["depth", *(name for name in table.columns if name != "depth")]]

    @property
    def words(self) -> str:
        """The recommended tree, ready for a study file, and how sure it is."""
        if self.tree is None:
            return _NO_TREE
        return f"{self.tree.text}\n\n{self.tree.sentence}"

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        tree = self.tree
        return {
            "depths": [{"depth": depth, **matrix.document()} for depth, matrix in self.matrices.items()],
            "tree": None
            if tree is None
            else {
                "kind": tree.sharing.method.name,
                "settings": dict(tree.sharing.method.settings),
                "depth": tree.sharing.depth,
                "text": tree.text,
                "sentence": tree.sentence,
                "gain": tree.gain,
                "low": _or_none(tree.low),
                "high": _or_none(tree.high),
            },
        }


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _gains(runs: pd.DataFrame, tasks: tuple[str, ...], depths: Sequence[int]) -> Floats:
    """The validation gains of pairs, [S, K, T, T]; NaN where a pair was not measured at a seed."""
    pairs = runs[(runs["n_tasks"] == 2) & (runs["split"] == "validation") & runs["gain"].notna()]
    place = {name: i for i, name in enumerate(tasks)}
    level = {depth: i for i, depth in enumerate(depths)}
    seed_of = {seed: i for i, seed in enumerate(sorted(set(pairs["seed"])))}
    gains = np.full((len(seed_of), len(depths), len(tasks), len(tasks)), np.nan)
    columns = (pairs[name] for name in ("subset", "task", "seed", "depth", "gain"))
    for subset, task, seed, depth, gain in zip(*columns, strict=True):
        one, other = subset_from_name(subset)
        source = other if task == one else one
        gains[seed_of[seed], level[depth], place[task], place[source]] = gain
    return gains


def _complete(gains: Floats) -> Floats | None:
    """The seeds at which all pairs were measured at all depths; else means over seeds; else None."""
    known = np.isfinite(gains) | np.eye(gains.shape[2], dtype=bool)
    whole = known.all(axis=(1, 2, 3))
    if whole.any():
        return gains[whole]
    if not known.any(axis=0).all():
        return None
    counts = np.maximum(np.isfinite(gains).sum(axis=0), 1)
    return np.asarray(np.nansum(gains, axis=0) / counts)[None]
