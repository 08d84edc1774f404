"""The affinity matrix arranged for reading: ordered, with its groups, colour range and evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from taskgroup.affinity import AffinityMatrix
from taskgroup.grouping import Grouping
from taskgroup.reporting.gain_unit import SHARE_OF_ERROR, GainUnit
from taskgroup.reporting.order import leaf_order, source_order

COLOR_QUANTILE = 0.98
LARGEST_MATRIX_WITH_NUMBERS = 30
_LIMIT_WITHOUT_GAINS = 0.01


class Evidence(StrEnum):
    """How sure a cell's sign is."""

    ITSELF = "itself"
    UNMEASURED = "unmeasured"
    UNCLEAR = "unclear"
    INTERVAL = "interval"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix: what the column's task (`source`) does to the row's (`target`)."""

    row: int
    column: int
    target: str
    source: str
    gain: float
    low: float
    high: float
    q_value: float
    n_runs: float
    evidence: Evidence

    @property
    def measured(self) -> bool:
        """Whether there is a gain to show."""
        return self.evidence not in (Evidence.ITSELF, Evidence.UNMEASURED)

    @property
    def sure(self) -> bool:
        """Whether the gain's sign is backed by its interval or its q-value."""
        return self.evidence in (Evidence.INTERVAL, Evidence.CORRECTED)


@dataclass(frozen=True)
class HeatmapTable:
    """Gains [target, source] in the order to draw them; every frame has the T tasks as rows.

    Columns are the same tasks, and after them the auxiliary ones, which are sources alone.

    Attributes:
        estimate: Gain that the column's task brings to the row's; NaN on the diagonal.
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.
        q_value: The p-value after correction for the number of tests.
        n_runs: Paired runs behind each estimate.
        evidence: An `Evidence` a cell: `corrected` has q < 0.05, `interval` only a 95% interval
            that excludes zero, `unclear` neither.
        network: The number of the network that serves each task, from 1; NaN without a grouping.
        boundaries: Positions, from 1 to T - 1, before which the serving network changes.
        limit: The |gain| at which colours saturate: the 98th percentile of all.
        clipped: Whether any gain lies beyond the limit.
        unit: What gains are measured in.
    """

    estimate: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    q_value: pd.DataFrame
    n_runs: pd.DataFrame
    evidence: pd.DataFrame
    network: pd.Series
    boundaries: tuple[int, ...]
    limit: float
    clipped: bool
    unit: GainUnit

    @property
    def tasks(self) -> list[str]:
        """The names of the rows in drawing order."""
        return list(self.estimate.index)

    @property
    def sources(self) -> list[str]:
        """The names of the columns in drawing order."""
        return list(self.estimate.columns)

    @property
    def source_labels(self) -> list[str]:
        """The names of the columns, auxiliary tasks marked."""
        return [name if name in self.estimate.index else f"{name} (auxiliary)" for name in self.sources]

    @property
    def has_numbers(self) -> bool:
        """Whether the matrix is small enough for numbers in its cells."""
        return max(self.estimate.shape) <= LARGEST_MATRIX_WITH_NUMBERS

    @property
    def limit_labels(self) -> tuple[str, str, str]:
        """What the colours at the lower end, the middle and the upper end stand for."""
        at_most, at_least = ("≤ ", "≥ ") if self.clipped else ("", "")
        return f"{at_most}{self.unit.text(-self.limit)}", "0", f"{at_least}{self.unit.text(self.limit)}"

    def cells(self) -> Iterator[list[Cell]]:
        """The cells, one list a row."""
        frames = {
            "gain": self.estimate,
            "low": self.low,
            "high": self.high,
            "q_value": self.q_value,
            "n_runs": self.n_runs,
            "evidence": self.evidence,
        }
        values = {name: frame.to_numpy() for name, frame in frames.items()}
        for row, target in enumerate(self.tasks):
            yield [
                Cell(row, column, target, source, **{name: v[row, column] for name, v in values.items()})
                for column, source in enumerate(self.sources)
            ]


def heatmap_table(
    affinity: AffinityMatrix,
    grouping: Grouping | None = None,
    *,
    unit: GainUnit = SHARE_OF_ERROR,
    order: list[str] | None = None,
) -> HeatmapTable:
    """Arrange an affinity matrix for drawing.

    Args:
        affinity: The measured or estimated gains.
        grouping: Marks where the serving network changes.
        unit: What gains are measured in.
        order: Of rows and columns; by default tasks that help each other stand together.
    """
    order = leaf_order(affinity.estimate) if order is None else order
    columns = source_order(affinity.estimate, order)
    estimate, low, high, q_value, n_runs = (
        frame.loc[order, columns].astype(float)
        for frame in (affinity.estimate, affinity.low, affinity.high, affinity.q_value, affinity.n_runs)
    )
    np.fill_diagonal(values := estimate.to_numpy(copy=True), np.nan)
    estimate = pd.DataFrame(values, index=estimate.index, columns=estimate.columns)
    network = _serving_network(order, grouping)
    limit = _color_limit(values)
    return HeatmapTable(
        estimate=estimate,
        low=low,
        high=high,
        q_value=q_value,
        n_runs=n_runs,
        evidence=_evidence(estimate, low, high, q_value),
        network=network,
        boundaries=_boundaries(network),
        limit=limit,
        clipped=bool((np.abs(values[np.isfinite(values)]) > limit).any()),
        unit=unit,
    )


def _evidence(
    estimate: pd.DataFrame, low: pd.DataFrame, high: pd.DataFrame, q_value: pd.DataFrame
) -> pd.DataFrame:
    evidence = np.full(estimate.shape, Evidence.UNCLEAR, dtype=object)
    evidence[((low > 0) | (high < 0)).to_numpy()] = Evidence.INTERVAL
    evidence[(q_value < 0.05).to_numpy()] = Evidence.CORRECTED
    evidence[estimate.isna().to_numpy()] = Evidence.UNMEASURED
    np.fill_diagonal(evidence, Evidence.ITSELF)
    return pd.DataFrame(evidence, index=estimate.index, columns=estimate.columns)


def _serving_network(order: list[str], grouping: Grouping | None) -> pd.Series:
    networks = grouping.networks if grouping else ()
    serving = {task: float(number) for number, n in enumerate(networks, start=1) for task in n.serves}
    return pd.Series([serving.get(task, np.nan) for task in order], index=order, name="network")


def _boundaries(network: pd.Series) -> tuple[int, ...]:
    numbers = network.fillna(0).to_numpy()
    return tuple(int(i) + 1 for i in np.flatnonzero(numbers[1:] != numbers[:-1]))


def _color_limit(values: np.ndarray) -> float:
    sizes = np.abs(values[np.isfinite(values)])
    limit = float(np.quantile(sizes, COLOR_QUANTILE)) if sizes.size else 0.0
    return limit or _LIMIT_WITHOUT_GAINS
