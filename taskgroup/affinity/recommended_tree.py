"""The recommended tree in words, and as settings for a study file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import stats

from taskgroup.affinity.branching import Branching
from taskgroup.spec import Method, Sharing, Subset

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RecommendedTree:
    """How to share, as expected from pairs.

    Attributes:
        sharing: The way of sharing: a tree, or hard sharing where no task parts from another before all do.
        gain: Expected mean gain over single-task networks, as a share of the error.
        low: Lower end of its 95% interval over seeds; NaN with one seed.
        high: Upper end.
        uniform_depth: The best depth at which all tasks could share.
        over_uniform: What the tree is expected to gain beyond that, in shares of the error.
        over_uniform_low: Lower end of its 95% interval.
        over_uniform_high: Upper end.
        n_seeds: Paired repetitions behind it.
    """

    sharing: Sharing
    gain: float
    low: float
    high: float
    uniform_depth: int
    over_uniform: float
    over_uniform_low: float
    over_uniform_high: float
    n_seeds: int

    @property
    def text(self) -> str:
        """Lines for the `search` section of a study file."""
        method, depth = self.sharing.method, self.sharing.depth
        if self.sharing.is_hard:
            return f"sharing: {{kind: [hard], depth: [{depth}]}}"
        branches = {int(after): parts for after, parts in method.settings["branches"].items()}
        written = yaml.safe_dump(
            branches, default_flow_style=True, sort_keys=True, width=10**9, allow_unicode=True
        )
        return f"sharing:\n  kind: [{{tree: {{branches: {written.strip()}}}}}]"

    @property
    def sentence(self) -> str:
        """How sure it is, in plain words."""
        if self.sharing == Sharing("hard", 0):
            return "Tasks are expected to do best apart: by pairs, sharing even the first block hurts them."
        gain = f"Expected to gain {_percent(self.gain)} on average over single-task networks"
        if self.gain <= 0:
            gain = (
                f"Nothing is better beyond noise, and this is cheap to serve; it is expected at "
                f"{_percent(self.gain)} on average against single-task networks"
            )
        blocks = "1 block" if self.uniform_depth == 1 else f"{self.uniform_depth} blocks"
        over = f"{_percent(self.over_uniform)} more than {blocks} shared by all"
        if self.n_seeds > 1:
            gain += f" (95% interval {_percent(self.low)} to {_percent(self.high)}, {self.n_seeds} seeds"
            unclear = self.low <= 0 < self.high and self.gain > 0
            gain += "; zero is within it, so it may not help at all)" if unclear else ")"
            over += f" ({_percent(self.over_uniform_low)} to {_percent(self.over_uniform_high)})"
        over = f", {over}" if self.uniform_depth and not self.sharing.is_hard else ""
        noise = "" if self.n_seeds > 1 else " from one seed, which tells nothing of noise,"
        return (
            f"{gain}{over}: predicted from pairs{noise} and chosen among many trees, so likely too good; "
            "search with it to find out."
        )

    def __str__(self) -> str:
        return self.text


def recommended_tree(
    branching: Branching, tasks: Subset, depths: Sequence[int], n_blocks: int
) -> RecommendedTree:
    """Put a branching in words.

    Args:
        branching: From `best_branching`.
        tasks: What its numbers stand for.
        depths: The measured depths, ascending.
        n_blocks: Encoder blocks; above the greatest depth nothing is known to be worth sharing.
    """
    best = int(branching.uniform.mean(axis=1).argmax())
    uniform = branching.uniform[best]
    depth = depths[best]
    if uniform.mean() <= 0:
        uniform, depth = np.zeros_like(uniform), 0
    gain, low, high = _interval(branching.gains)
    over, over_low, over_high = _interval(branching.gains - uniform)
    sharing = _sharing(branching, tasks, depths, n_blocks)
    n_seeds = len(branching.gains)
    return RecommendedTree(sharing, gain, low, high, depth, over, over_low, over_high, n_seeds)


def _sharing(branching: Branching, tasks: Subset, depths: Sequence[int], n_blocks: int) -> Sharing:
    stretches = dict(zip([0, *depths[:-1]], branching.parts, strict=True))
    singles = tuple((task,) for task in range(len(tasks)))
    if depths[-1] < n_blocks:
        stretches[depths[-1]] = singles
    branches: dict[str, list[list[str]]] = {}
    before = {tuple(range(len(tasks)))}
    for after, parts in stretches.items():
        if set(parts) != before:
            branches[str(after)] = [[tasks[task] for task in part] for part in sorted(parts)]
            before = set(parts)
    if not branches:
        return Sharing("hard", n_blocks)
    if len(branches) == 1 and before == set(singles):
        return Sharing("hard", int(*branches))
    return Sharing(Method("tree", {"branches": branches}).text, n_blocks)


def _interval(values: Floats) -> tuple[float, float, float]:
    mean, n = float(values.mean()), len(values)
    if n == 1:
        return mean, float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}%".replace("-", "\N{MINUS SIGN}")
