"""What a search found, for Python."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import pandas as pd

from taskgroup.affinity import AffinityMatrix
from taskgroup.data import Dataset
from taskgroup.grouping import Grouping
from taskgroup.search import (
    REPORT_SECONDS,
    Estimation,
    LinearComparison,
    Outcome,
    importance_table,
)


@final
@dataclass(frozen=True)
class SearchResult:
    """What a search found; every table of `Outcome` is an attribute.

    Attributes:
        outcome: The tables.
        dataset: The rows, where they were handed over and so cannot be read again.
    """

    outcome: Outcome
    dataset: Dataset | None = None

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run, task and split."""
        return self.outcome.runs

    @property
    def affinity(self) -> AffinityMatrix:
        """Gain that each source brings to each target, with intervals, q-values and numbers of runs."""
        return self.outcome.affinity

    @property
    def transfer(self) -> pd.DataFrame:
        """Every measured (target, subset) with gain, interval, p and q."""
        return self.outcome.transfer

    @property
    def negative_transfer(self) -> pd.DataFrame:
        """The cells of `transfer` that hurt beyond seed noise (q < 0.05), worst first."""
        return self.outcome.negative_transfer

    @property
    def matched_transfer(self) -> pd.DataFrame:
        """The same with gains over capacity-matched single-task networks, where the study asks for them."""
        return self.outcome.matched_transfer

    @property
    def auxiliaries(self) -> pd.DataFrame:
        """What each auxiliary task added to the networks that it was tried in, with interval, p and q."""
        return self.outcome.auxiliaries

    @property
    def ways(self) -> pd.DataFrame:
        """Networks also trained in another way (sharing, weighting, teaching), against the first."""
        return self.outcome.ways

    @property
    def importances(self) -> pd.DataFrame:
        """How much each tuned setting of joint training mattered; empty where too few recipes were tried."""
        return importance_table(self.outcome.runs, self.outcome.study)

    @property
    def linear(self) -> LinearComparison:
        """Linear models of all tasks against the networks: `.gains`, `.scores`, `.verdict`, `.clusters`."""
        return self.outcome.linear

    @property
    def recommendation(self) -> Grouping:
        """The networks to train."""
        return self.outcome.recommendation

    def estimate_affinity(self, estimator: str) -> AffinityMatrix:
        """Estimate the affinity in another way, with its cost and its agreement with what was measured.

        Args:
            estimator: `pairwise`, `hoa`, `subset_regression`, `lookahead`, `gradient_cosine`,
                `gradient_projection`, `linearised` or `static`.

        Raises:
            InputError: If the name is unknown, or the estimator cannot be used for this study.
        """
        return self._estimation.matrix(estimator)

    def report(self, folder: str | Path) -> Path:
        """Write the HTML report with its tables and pictures, and return the page's path."""
        from taskgroup.reporting import write_report

        estimates = self._estimation.all(at_most_seconds=REPORT_SECONDS)
        return write_report(self.outcome, Path(folder), estimates=estimates).html

    def export(self, path: str | Path) -> Path:
        """Write the recommended groups as JSON, YAML or CSV, by the file's suffix."""
        from taskgroup.reporting import write_export

        write_export(self.recommendation, Path(path))
        return Path(path)

    @cached_property
    def _estimation(self) -> Estimation:
        return Estimation.of_outcome(self.outcome, dataset=self.dataset)
