"""What the runs so far say of every network, in the units of the measured values.

Shape letters: `C` networks, `T` tasks, `M` functions, `N` cells, `B` measurements that are considered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from taskgroup.search.arm import ONE_WAY, Arm, Ways
from taskgroup.search.surrogate.components import components_for, hint_component
from taskgroup.search.surrogate.covariance import Cells
from taskgroup.search.surrogate.features import Floats, Integers, Networks
from taskgroup.search.surrogate.paths import Functions, draw_prior, from_dual
from taskgroup.search.surrogate.posterior import Noise, Posterior, condition
from taskgroup.search.surrogate.structure import STRUCTURED_TASKS, few_directions, strengths
from taskgroup.spec import Subset

_JUST_ROUNDING = 1e-4
_ROUNDING = 1e-12
WIDENED = 1.12
"""Of standard deviations, for what plugged-in variances and scales leave out: without it, intervals meant to
cover 90% cover 84 to 87% on functions drawn from the prior."""
_NOISE_LOG_SPREAD = 0.3  # of the noise where repeated seeds tell it
_SCALE_WORTH = 3.0  # measured cells that the other tasks' scale counts for in a task's own


@dataclass(frozen=True)
class Belief:
    """A posterior over the value of every (target, network).

    Attributes:
        tasks: The task list.
        reference: Value of each task alone, or its mean where that was not measured, [T].
        scale: Typical deviation from it in joint subsets, [T].
        posterior: Over deviations, in units of the scale.
        mean: Its mean as a function.
        relative_noise: Noise of each task against the median, [T].
    """

    tasks: Subset
    reference: Floats
    scale: Floats
    posterior: Posterior
    mean: Functions
    relative_noise: Floats

    @classmethod
    def of(
        cls,
        tasks: Subset,
        values: Mapping[Arm, Mapping[str, float]],
        *,
        ways: Ways = ONE_WAY,
        noise: Mapping[str, float] | None = None,
        hints: Sequence[Floats] = (),
        seed: int = 0,
    ) -> Belief:
        """Learn from the measured values of networks.

        Args:
            tasks: The task list.
            values: Of each measured network, to each of its tasks.
            ways: The ways in which they were trained.
            noise: Variance of a measured value by task, where repeated seeds tell.
            hints: Cheap guesses of who helps whom, each [target, source] in any unit, NaN where unknown.
            seed: For what is chosen at random.

        Raises:
            ValueError: If no subset of two or more tasks was measured.
        """
        joint = [arm for arm in values if len(arm.subset) > 1]
        if not joint:
            raise ValueError("nothing is known of joint training: measure a subset of two or more tasks")
        table = np.array([[values[arm].get(task, np.nan) for task in tasks] for arm in joint])
        alone = np.array([values.get(Arm((task,)), {}).get(task, np.nan) for task in tasks])
        reference = np.where(np.isnan(alone), _column_means(table), alone)
        deviation = table - reference
        scale = _scales(deviation, reference)
        network, target = np.nonzero(np.isfinite(deviation))
        cells = Cells(Networks.of(joint, tasks, ways), network, target)
        standard = deviation[network, target] / scale[target]
        share, relative = _noise(tasks, scale, noise or {})
        known = Noise(share, _NOISE_LOG_SPREAD, relative[target]) if noise else Noise()
        components = (*components_for(len(tasks), ways.levels.shape[1]), *map(hint_component, hints))
        posterior = condition(components, cells, standard, noise=known, seed=seed)
        mean = _mean(posterior)
        if len(tasks) >= STRUCTURED_TASKS:
            pattern = few_directions(strengths(mean, float(np.median(cells.networks.partners))))
            posterior = condition(
                (*components, hint_component(pattern)), cells, standard, noise=known, seed=seed
            )
            mean = _mean(posterior)
        return cls(tasks, reference, scale, posterior, mean, relative)

    def expected(self, networks: Networks) -> Floats:
        """Posterior mean value of every target, [C, T]; of use for members only."""
        values: Floats = self._in_units(self.mean.at(networks))[0]
        return values

    def draw(self, n: int, rng: np.random.Generator) -> Functions:
        """Draw functions from the posterior, in standard units."""
        post = self.posterior
        ways = post.cells.networks.ways
        prior = draw_prior(post.components, post.variance, len(self.tasks), n, rng, ways=ways)
        at_cells = prior.at(post.cells.networks)[:, post.cells.network, post.cells.target].T
        spread = np.sqrt(self._noise_of(post.cells.target))
        noisy = at_cells + spread[:, None] * rng.normal(size=at_cells.shape)
        dual = post.dual[:, None] - WIDENED * post.solve(noisy)
        return prior.times(WIDENED).plus(from_dual(post.components, post.variance, post.cells, dual))

    def values_of(self, functions: Functions, networks: Networks) -> Floats:
        """Values of drawn functions in the units of the measured values, [M, C, T]."""
        return self._in_units(functions.at(networks))

    def shifts(
        self, sets: Sequence[Sequence[int]], considered: Networks, n: int, rng: np.random.Generator
    ) -> Functions:
        """How the posterior mean may move when some networks are measured.

        Args:
            sets: Which of the considered networks are measured together, [B] sets.
            considered: The networks.
            n: Outcomes drawn for each set, in opposite pairs.
            rng: Draws them.

        Returns:
            B x n functions to add to the mean, in standard units.
        """
        post = self.posterior
        row, column = np.nonzero(considered.members)
        new = Cells(considered, row, column)
        to_old = post.prior_covariance(post.cells, new)
        back = post.solve(to_old)
        covariance = post.prior_covariance(new, new) - to_old.T @ back
        duals = np.zeros((len(post.cells) + len(new), len(sets) * n))
        for number, chosen in enumerate(sets):
            cells = np.flatnonzero(np.isin(row, chosen))
            noisy = covariance[np.ix_(cells, cells)] + np.diag(self._noise_of(column[cells]))
            beta = WIDENED * _outcome_duals(noisy, n, rng)
            columns = slice(number * n, (number + 1) * n)
            duals[len(post.cells) + cells, columns] = beta
            duals[: len(post.cells), columns] = -back[:, cells] @ beta
        return from_dual(post.components, post.variance, _joined(post.cells, new), duals)

    def _noise_of(self, target: Integers) -> Floats:
        return self.posterior.noise * self.relative_noise[target]

    def _in_units(self, standard: Floats) -> Floats:
        return self.reference + self.scale * standard


def _noise(tasks: Subset, scale: Floats, variance: Mapping[str, float]) -> tuple[float, Floats]:
    """The median noise as a share of the squared scale, and each task's against it, [T]."""
    share = np.array([variance.get(task, np.nan) for task in tasks]) / scale**2
    if not (share > 0).any():
        return _JUST_ROUNDING, np.ones(len(tasks))
    median = float(np.median(share[share > 0]))
    return median, np.where(share > 0, share / median, 1.0)


def _mean(posterior: Posterior) -> Functions:
    return from_dual(posterior.components, posterior.variance, posterior.cells, posterior.dual[:, None])


def _outcome_duals(covariance: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Dual weights of outcomes drawn from their predictive distribution, in opposite pairs, [cells, n]."""
    factor = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(covariance)))
    half = rng.normal(size=(len(covariance), (n + 1) // 2))
    duals: Floats = np.linalg.solve(factor.T, np.concatenate([half, -half], axis=1)[:, :n])
    return duals


def _joined(first: Cells, second: Cells) -> Cells:
    return Cells(
        first.networks.joined(second.networks),
        np.concatenate([first.network, second.network + len(first.networks)]),
        np.concatenate([first.target, second.target]),
    )


def _column_means(table: Floats) -> Floats:
    known = np.isfinite(table)
    means: Floats = np.where(known, table, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return means


def _scales(deviation: Floats, reference: Floats) -> Floats:
    """Root mean square deviation of each task, drawn on a log scale towards the other tasks', [T]."""
    known = np.isfinite(deviation)
    count = known.sum(axis=0)
    squares = np.where(known, deviation, 0.0) ** 2
    mean = squares.sum(axis=0) / np.maximum(count, 1)
    differs = mean > (_ROUNDING * reference) ** 2  # a task that has not moved yet tells no scale
    if not differs.any():
        return np.ones(len(mean))
    count = np.where(differs, count, 0)
    logs = np.log(np.where(differs, mean, 1.0))
    common = np.average(logs, weights=count)
    scales: Floats = np.exp(0.5 * (count * logs + _SCALE_WORTH * common) / (count + _SCALE_WORTH))
    return scales
