"""About how long all methods take, so that a search does not wait for what it only compares with."""

from __future__ import annotations

from taskgroup.linear import block_sparse
from taskgroup.linear.contract import N_STRENGTHS
from taskgroup.linear.family import Family
from taskgroup.linear.rows import LinearRows

_COUPLED_FITS = 4 * N_STRENGTHS  # alone, towards the mean, and a few turns of clustering
_SPARSE_FITS = 2 * N_STRENGTHS
_STEPS = 60.0  # of a descent, about
_CALL_SECONDS = 1.5e-4  # of a step, whatever the size
_ENTRY_SECONDS = 6e-8  # of a logit
_PRODUCT_SECONDS = 1e-10  # of a multiplication


def expected_seconds(rows: LinearRows) -> float:
    """Seconds on one core for every strength of every method, within a factor of a few."""
    coupled: float = _COUPLED_FITS * _STEPS * sum(_step_seconds(family) for family in rows.families)
    if block_sparse.unsuited(rows) is not None:
        return coupled
    n_outputs, n = (float(size) for size in rows.targets.shape)
    sweep: float = rows.x.shape[1] * (2e-6 + 2 * n * n_outputs * _PRODUCT_SECONDS * 4)
    return coupled + _SPARSE_FITS * _STEPS * sweep


def _step_seconds(family: Family) -> float:
    m, d, c = (float(size) for size in family.shape)
    if family.loss == "squared":
        return 0.0 if family.same_rows else _CALL_SECONDS + 2 * m * d * d * _PRODUCT_SECONDS
    n = float(family.weight.shape[1])
    return _CALL_SECONDS + m * n * c * (_ENTRY_SECONDS + 4 * d * _PRODUCT_SECONDS)
