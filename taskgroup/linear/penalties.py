"""Quadratic penalties Q ``[M, M]`` on the coefficients of M tasks: Σ_mk Q_mk ⟨w_m, w_k⟩.

With the mean w̄ of all coefficients and w̄_c of those of a cluster of M_c tasks, each is a sum of three parts:

    α · M ‖w̄‖²  +  β · Σ_c M_c ‖w̄_c − w̄‖²  +  γ · Σ_c Σ_{m in c} ‖w_m − w̄_c‖²

With α = β = γ it is α Σ_m ‖w_m‖²: every task alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def alone(n_tasks: int, strength: float) -> Floats:
    """Every task by itself, α = β = γ."""
    return strength * np.eye(n_tasks)


def towards_mean(n_tasks: int, strength: float, pull: float) -> Floats:
    """One cluster: α is the strength, distances from the mean are penalised `pull` times as much."""
    return towards_clusters(np.zeros(n_tasks, dtype=np.int64), strength, pull)


def towards_clusters(labels: Labels, strength: float, pull: float) -> Floats:
    """α = β is the strength, distances from a cluster's mean are penalised `pull` times as much.

    Args:
        labels: The cluster of each task, ``[M]``.
        strength: On the means of the clusters.
        pull: At least 1.
    """
    member = labels[:, None] == np.unique(labels)
    within: Floats = (member / member.sum(axis=0)) @ member.T.astype(float)
    n_tasks = len(labels)
    return np.asarray(strength * (within + pull * (np.eye(n_tasks) - within)))
