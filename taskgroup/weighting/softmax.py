"""A softmax within each run."""

from __future__ import annotations

from torch import Tensor


def softmax_of_runs(values: Tensor, run: Tensor, trained: Tensor | None) -> Tensor:
    """`T * exp(value_t) / sum_u exp(value_u)` over the T tasks of each run that still train.

    Args:
        values: [P].
        run: The run of each branch, [P].
        trained: 1 where the branch still trains, else 0, [P]; None where all do.

    Returns:
        Shape [P], 0 where a branch trains no more.
    """
    counts = values.new_ones(values.shape) if trained is None else trained
    n_runs = int(run.max()) + 1
    highest = values.new_full((n_runs,), float("-inf")).scatter_reduce_(0, run, values, "amax")
    powers = (values - highest[run]).exp() * counts
    sums, n_tasks = (values.new_zeros(n_runs).index_add_(0, run, each) for each in (powers, counts))
    return powers * (n_tasks / sums.where(sums > 0, 1.0))[run]
