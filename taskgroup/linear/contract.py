"""What a linear method is: strengths to try, and a fit at each.

Shape letters: N rows, D features, T tasks, O outputs of all tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from taskgroup.linear.rows import LinearRows

Floats = NDArray[np.float64]
Strength = Mapping[str, float]
"""Settings of one fit, by name."""

N_STRENGTHS = 12
"""Settings that each method tries at most, so that none is tuned harder than another."""


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A linear model of all tasks.

    Attributes:
        coefficients: ``[O, D]``.
        intercepts: ``[O]``.
        clusters: Names of tasks whose coefficients are alike, where the method looks for them; a label of a
            multilabel task is called ``task[label]``.
    """

    coefficients: Floats
    intercepts: Floats
    clusters: tuple[tuple[str, ...], ...] = ()

    def predict(self, x: Floats) -> Floats:
        """Outputs for rows ``[N, D]``: logits, or standardised values of a regression, ``[O, N]``."""
        return self.coefficients @ x.T + self.intercepts[:, None]


class LinearMethod(Protocol):
    """Fits all tasks at once."""

    @property
    def name(self) -> str:
        """As in the catalog."""
        ...

    def unsuited(self, rows: LinearRows) -> str | None:
        """Why the method cannot be used for these rows; None where it can."""
        ...

    def strengths(self, rows: LinearRows) -> Sequence[Strength]:
        """What to choose from, on rows that were not fitted; at most `N_STRENGTHS`."""
        ...

    def fit(self, rows: LinearRows, strength: Strength) -> LinearFit:
        """Fit the training rows."""
        ...
