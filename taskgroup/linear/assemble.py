"""From the coefficients of every family to those of all outputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgroup.linear.contract import LinearFit
from taskgroup.linear.penalised import Coefficients
from taskgroup.linear.rows import LinearRows


def assemble(
    rows: LinearRows, found: Sequence[Coefficients], clusters: Sequence[tuple[str, ...]] = ()
) -> LinearFit:
    """Put coefficients in the order of the outputs; `found` is in the order of `rows.families`."""
    coefficients = np.zeros((len(rows.targets), rows.x.shape[1]))
    intercepts = np.zeros(len(rows.targets))
    for family, fitted in zip(rows.families, found, strict=True):
        for member, w, b in zip(family.members, fitted.w, fitted.b, strict=True):
            coefficients[member.outputs], intercepts[member.outputs] = w.T, b
    return LinearFit(coefficients, intercepts, tuple(clusters))
