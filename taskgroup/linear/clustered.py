"""Coefficients pulled towards the means of clusters of tasks, which are found on the way."""

from __future__ import annotations

from itertools import product
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from taskgroup.linear.assemble import assemble
from taskgroup.linear.contract import LinearFit, Strength
from taskgroup.linear.penalised import Coefficients, PenalisedFits
from taskgroup.linear.penalties import Labels, towards_clusters, towards_mean
from taskgroup.linear.rows import LinearRows

_MAX_ROUNDS = 6
_FEWEST = 3


@final
class Clustered:
    """Clustered multi-task learning, by turns of fitting and k-means.

    Means of clusters are penalised as coefficients of `ridge_alone` are, distances from them `pull` times as
    much (the weights of the mean, between and within parts of the paper's penalty are α, α and α · pull).
    Given the clusters that is a quadratic penalty, solved exactly; given the coefficients, the best clusters
    are those of k-means. Every turn lowers the objective. The convex relaxation of the paper is not used,
    since its clusters would have to be rounded. The first clusters are Ward's, of coefficients that were
    pulled to their common mean, so that nothing is drawn at random. Only tasks of one kind with equally many
    outputs share a cluster.

    Reference:
        Jacob, Bach, Vert 2008, "Clustered multi-task learning: a convex formulation", sec. 2.
    """

    name = "clustered"

    def unsuited(self, rows: LinearRows) -> str | None:
        """Two tasks have nothing to be divided into that other methods have not."""
        if max(len(family.members) for family in rows.families) < _FEWEST:
            return f"fewer than {_FEWEST} tasks have the same kind and equally many outputs"
        return None

    def strengths(self, rows: LinearRows) -> list[Strength]:
        """Two strengths by two pulls by three numbers of clusters."""
        largest = max(len(family.members) for family in rows.families)
        numbers = [n for n in (2, 3, 5) if n < largest]
        return [
            {"strength": strength, "pull": pull, "clusters": n}
            for strength, pull, n in product((1e-3, 1e-1), (10.0, 100.0), numbers)
        ]

    def fit(self, rows: LinearRows, strength: Strength) -> LinearFit:
        """Fit and cluster each family."""
        found, clusters = [], []
        for fits in rows.fits:
            coefficients, labels = _fit(fits, strength)
            found.append(coefficients)
            names = np.array([member.name for member in fits.family.members], dtype=object)
            clusters += [tuple(names[labels == label]) for label in dict.fromkeys(labels.tolist())]
        return assemble(rows, found, clusters)


def _fit(fits: PenalisedFits, strength: Strength) -> tuple[Coefficients, Labels]:
    alpha, pull, n_tasks = strength["strength"], strength["pull"], len(fits.family.members)
    n_clusters = int(min(strength["clusters"], n_tasks))
    found = fits.solve(towards_mean(n_tasks, alpha, pull))
    labels = _ward(_points(found), n_clusters)
    for _ in range(_MAX_ROUNDS):
        found = fits.solve(towards_clusters(labels, alpha, pull))
        moved = _nearest_means(_points(found), labels)
        if (moved == labels).all():
            break
        labels = moved
    return found, labels


def _points(found: Coefficients) -> NDArray[np.float64]:
    return found.w.reshape(len(found.w), -1)


def _ward(points: NDArray[np.float64], n_clusters: int) -> Labels:
    if len(points) == 1:
        return np.zeros(1, dtype=np.int64)
    return np.asarray(fcluster(linkage(points, method="ward"), n_clusters, criterion="maxclust"), np.int64)


def _nearest_means(points: NDArray[np.float64], labels: Labels) -> Labels:
    """One step of k-means; a cluster that nobody is nearest to is given up."""
    known = np.unique(labels)
    means = np.stack([points[labels == label].mean(axis=0) for label in known])
    distances = ((points[:, None] - means) ** 2).sum(axis=2)
    return np.asarray(known[distances.argmin(axis=1)])
