"""Nash-MTL: the direction that tasks would agree on if they bargained."""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor

from taskgroup.weighting.extra import require_packages
from taskgroup.weighting.gradient_contract import Gradients, Runs
from taskgroup.weighting.run_by_run import of_mean_length_one, run_by_run

_MOST_LENGTH = 1.0
_PASSES = 20


@final
class NashMTL:
    """Weights `w > 0` with `M w = 1 / w`, M the products of the gradients; the common gradient has length 1.

    (By that condition it has the length sqrt(T), which is above the limit of 1 that the authors set.) Solved
    in every step by TorchJD's NashMTL, a sequence of at most 20 convex problems (cvxpy with ECOS) that
    starts from the weights of the step before, at first from 1, and is an approximation. A set of tasks that
    is seen for the first time (a batch without labels of a task) starts anew. Products are scaled beforehand,
    since the start is far from the solution where gradients are short.

    The authors' code does not scale them, and can solve every n-th step only.

    Raises:
        MissingExtraError: If the packages are not installed.

    Reference:
        Navon 2022, sec. 3, alg. 1.
    """

    needs_losses = False

    def __init__(self) -> None:
        require_packages("nash_mtl")

    def start(self, runs: Runs) -> None:  # noqa: D102
        self._bargains: list[dict[tuple[bool, ...], Any]] = [{} for _ in runs.seeds]

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        patterns = [tuple(counts) for counts in step.counts.tolist()]

        def solve(run: int, gram: Tensor) -> Tensor:
            scaled, scale = of_mean_length_one(gram)
            values, vectors = torch.linalg.eigh(scaled)
            matrix = vectors * values.clamp_min(0.0).sqrt()  # its rows have the same products
            weights: Tensor = self._bargain(run, patterns[run])(matrix)
            return weights / scale.sqrt()

        return run_by_run(step, solve)

    def keep(self, kept: Tensor) -> None:  # noqa: D102
        self._bargains = [self._bargains[run] for run in kept.tolist()]

    def _bargain(self, run: int, pattern: tuple[bool, ...]) -> Any:
        """The solver of a run and a set of tasks, which remembers its last weights."""
        from torchjd.aggregation import NashMTL as OfTorchJD

        if pattern not in self._bargains[run]:
            self._bargains[run][pattern] = OfTorchJD(
                n_tasks=sum(pattern), max_norm=_MOST_LENGTH, update_weights_every=1, optim_niter=_PASSES
            ).weighting
        return self._bargains[run][pattern]
