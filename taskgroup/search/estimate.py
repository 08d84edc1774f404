"""Running affinity estimators for a study: what each is fed, what it cost, how well it agrees.

Estimators share what they need, see `EstimatorInputs`. What does not depend on measured gains is kept in the
record and not made twice; its agreement with them is worked out anew, as more is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import pandas as pd

from taskgroup.affinity import (
    ESTIMATORS,
    AffinityMatrix,
    Estimator,
    rank_agreement,
    regression_flops,
    static_flops,
)
from taskgroup.errors import InputError, TaskgroupError, nearest
from taskgroup.search.analysis import comparable, joint_gains
from taskgroup.search.estimator_inputs import N_SEEDS, EstimatorInputs
from taskgroup.search.kept_estimates import KeptEstimates
from taskgroup.search.outcome import Outcome
from taskgroup.search.recipe import Recipes, default_recipes
from taskgroup.spec import Study

if TYPE_CHECKING:  # what was measured is shown without torch
    from taskgroup.data import Dataset

REPORT_SECONDS = 30.0
"""A report waits no longer for estimates that are not kept yet."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Estimated:
    """What came of one estimator.

    Attributes:
        estimator: From the catalog.
        matrix: What it found; None where it could not be used.
        reason: Why not.
    """

    estimator: Estimator
    matrix: AffinityMatrix | None
    reason: str | None = None


@final
class Estimation:
    """Runs estimators for one study.

    Args:
        study: Whose tasks.
        recipes: The joint one trains what looks at gradients.
        runs: The joint runs that estimates may be made of, with gains; None where nothing was measured.
        measured: The affinity as measured by them.
        dataset: The study's rows; read where they are needed by default.
        kept: Keeps estimates for another time.
        tell: Hears what is trained.
    """

    def __init__(
        self,
        study: Study,
        recipes: Recipes,
        *,
        runs: pd.DataFrame | None = None,
        measured: AffinityMatrix | None = None,
        dataset: Dataset | None = None,
        kept: KeptEstimates | None = None,
        tell: Tell = lambda text: None,
    ) -> None:
        self._study, self._runs, self._measured, self._kept = study, runs, measured, kept
        fingerprint = kept.fingerprint if kept else None
        self._inputs = EstimatorInputs(
            study, recipes.joint, dataset=dataset, fingerprint=fingerprint, tell=tell
        )

    @classmethod
    def of_outcome(
        cls,
        outcome: Outcome,
        *,
        dataset: Dataset | None = None,
        kept: KeptEstimates | None = None,
        tell: Tell = lambda text: None,
    ) -> Estimation:
        """For a study that was searched, finished or not."""
        recipes = outcome.recipes or default_recipes(outcome.study)
        return cls(
            outcome.study,
            recipes,
            runs=comparable(outcome.runs, recipes, outcome.settings["seeds"]),
            measured=outcome.affinity,
            dataset=dataset,
            kept=kept,
            tell=tell,
        )

    @classmethod
    def of_study(
        cls, study: Study, *, kept: KeptEstimates | None = None, tell: Tell = lambda text: None
    ) -> Estimation:
        """For a study of which nothing was measured."""
        return cls(study, default_recipes(study), kept=kept, tell=tell)

    def matrix(self, name: str) -> AffinityMatrix:
        """What an estimator finds.

        Raises:
            InputError: If there is none of that name, or it cannot be used for this study.
            RunFailedError: If a joint training that it needs diverged.
        """
        estimator = known_estimator(name)
        if estimator.uses == "gains":
            return self._of_gains(estimator)
        matrix = self._from_before(estimator) or self._made(estimator)
        if self._measured is None:
            return matrix
        agreement = rank_agreement(matrix.estimate, self._measured.estimate, kind="independent")
        return replace(matrix, agreement=agreement)

    def all(self, *, at_most_seconds: float | None = None) -> list[Estimated]:
        """What every estimator finds, in the order of the catalog.

        Args:
            at_most_seconds: Train nothing that is expected to take longer; kept estimates are given anyway.
        """
        train = at_most_seconds is None or self._expected_seconds() <= at_most_seconds
        return [self._tried(estimator, train=train) for estimator in ESTIMATORS.values()]

    def _expected_seconds(self) -> float:
        """How long joint trainings with a look at every gradient take, by the runs measured so far."""
        if self._runs is None or self._runs.empty:
            return math.inf
        largest = self._runs[self._runs["n_tasks"] == self._runs["n_tasks"].max()]
        n_tasks = len(self._study.tasks)
        return float(largest["seconds"].mean()) * N_SEEDS * (1 + 3 * n_tasks)

    def _tried(self, estimator: Estimator, *, train: bool) -> Estimated:
        trains = estimator.uses == "joint" and self._inputs.trains_here
        if trains and not train and self._from_before(estimator) is None:
            command = f"`taskgroup affinity {self._study.name} --estimator {estimator.name}`"
            return Estimated(estimator, None, f"would train networks, which may take a while; {command} does")
        try:
            matrix = self.matrix(estimator.name)
            if matrix is self._measured and self._runs is not None:
                pairs = self._runs[self._runs["n_tasks"] == 2]
                matrix = replace(matrix, cost_flops=self._inputs.flops_of(pairs))
            return Estimated(estimator, matrix)
        except TaskgroupError as error:
            return Estimated(estimator, None, str(error))

    def _of_gains(self, estimator: Estimator) -> AffinityMatrix:
        if self._runs is None or self._measured is None:
            raise InputError(
                f"estimator {estimator.name!r} uses measured gains, and nothing was measured for study "
                f"'{self._study.name}' yet; run `taskgroup search` first, or use "
                f"{', '.join(e.name for e in ESTIMATORS.values() if e.uses != 'gains')}"
            )
        if estimator.name == self._measured.estimator:
            return self._measured  # as it is: counting its operations would need the data
        assert estimator.held_out is not None
        gains, tasks = joint_gains(self._runs), self._study.task_names
        return AffinityMatrix.of_estimate(
            estimator.estimate(gains, tasks).loc[list(self._study.main_names)],
            estimator=estimator.name,
            cost_runs=int(self._runs["run_id"].nunique()),
            cost_flops=self._inputs.flops_of(self._runs),
            agreement=estimator.held_out(gains, tasks),
        )

    def _made(self, estimator: Estimator) -> AffinityMatrix:
        inputs = self._inputs
        if estimator.uses == "rows":
            estimate, n_runs, flops = estimator.estimate(inputs.rows), 0, static_flops(inputs.rows)
        else:
            estimate, n_runs = estimator.estimate(inputs.probes), len(inputs.probes)
            flops = sum(probe.flops[part] for probe in inputs.probes for part in estimator.counts)
            flops += regression_flops(inputs.probes) if "linearised" in estimator.counts else 0.0
        matrix = AffinityMatrix.of_estimate(
            self._of_interest(estimate, estimator),
            estimator=estimator.name,
            cost_runs=n_runs,
            cost_flops=flops,
        )
        if self._kept is not None:
            self._kept.save(matrix, inputs.document)
        return matrix

    def _of_interest(self, estimate: pd.DataFrame, estimator: Estimator) -> pd.DataFrame:
        """The rows of main tasks, and nothing of adversarial tasks where their reversal goes unseen."""
        estimate = estimate.loc[list(self._study.main_names)]
        if estimator.sees_reversal:
            return estimate
        reversed_ = [task.name for task in self._study.tasks if task.adversarial]
        return estimate.assign(**dict.fromkeys(reversed_, float("nan")))

    def _from_before(self, estimator: Estimator) -> AffinityMatrix | None:
        return None if self._kept is None else self._kept.load(estimator.name, self._inputs.document)


def known_estimator(name: str) -> Estimator:
    """Look up an estimator.

    Raises:
        InputError: If there is none of that name; lists the nearest ones.
    """
    if name not in ESTIMATORS:
        raise InputError(f"no estimator {name!r}; {nearest(name, ESTIMATORS)}")
    return ESTIMATORS[name]
