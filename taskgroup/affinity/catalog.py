"""The estimators by name: a new one is one file and one line here.

What an estimator is fed differs by what it uses: `gains` (the table of measured gains and the task list),
`joint` (one `JointProbe` a seed) or `rows` (the data of one split, prepared).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from taskgroup.affinity.agreement import Agreement
from taskgroup.affinity.gradient_cosine import gradient_cosine
from taskgroup.affinity.gradient_projection import gradient_projection
from taskgroup.affinity.hoa import held_out as higher_order_held_out
from taskgroup.affinity.hoa import higher_order
from taskgroup.affinity.left_out import mean_pairs
from taskgroup.affinity.linearised import linearised
from taskgroup.affinity.lookahead import lookahead
from taskgroup.affinity.pairwise import between_seeds
from taskgroup.affinity.static import static
from taskgroup.affinity.subset_regression import held_out as subset_regression_held_out
from taskgroup.affinity.subset_regression import subset_regression
from taskgroup.spec import Subset

Uses = Literal["gains", "joint", "rows"]


@dataclass(frozen=True)
class Estimator:
    """A way to estimate who helps whom.

    Attributes:
        name: As users call it.
        summary: What it is, in one line.
        source: Where it comes from.
        uses: What `estimate` is fed, see above.
        estimate: Returns the matrix [target, source].
        held_out: For `gains`: how well pairs are ranked by what was measured elsewhere.
        counts: For `joint`: the parts of a probe's operations that it needs.
        sees_reversal: Whether an adversarial task shows by what its reversed gradient does.
    """

    name: str
    summary: str
    source: str
    uses: Uses
    estimate: Callable[..., pd.DataFrame]
    held_out: Callable[[pd.DataFrame, Subset], Agreement | None] | None = None
    counts: tuple[str, ...] = ()
    sees_reversal: bool = True

    @property
    def in_gains(self) -> bool:
        """Whether estimates are gains, and not scores of which only sign and order mean something."""
        return self.uses == "gains"


_GRADIENTS: Any = {"uses": "joint", "counts": ("training", "gradients")}
_ALL = (
    Estimator(
        "pairwise",
        "gains of trained pairs, as measured",
        "Standley 2020",
        "gains",
        mean_pairs,
        held_out=between_seeds,
    ),
    Estimator(
        "hoa",
        "pairs that explain all measured subsets by their means",
        "Standley 2020, turned round",
        "gains",
        higher_order,
        held_out=higher_order_held_out,
    ),
    Estimator(
        "subset_regression",
        "linear surrogate of measured gains on who is in the subset",
        "Li 2023",
        "gains",
        subset_regression,
        held_out=subset_regression_held_out,
    ),
    Estimator(
        "lookahead",
        "what a step on one task does to another's loss",
        "Fifty 2021 (TAG)",
        "joint",
        lookahead,
        counts=("training", "gradients", "lookahead"),
    ),
    Estimator(
        "gradient_cosine",
        "angle between gradients on the shared blocks",
        "Yu 2020; Fifty 2021",
        estimate=gradient_cosine,
        **_GRADIENTS,
    ),
    Estimator(
        "gradient_projection",
        "lookahead to first order, by products of gradients",
        "Ayman 2026 (ETAP)",
        estimate=gradient_projection,
        **_GRADIENTS,
    ),
    Estimator(
        "linearised",
        "regressions on gradient features in place of trainings",
        "Li 2024 (Grad-TAG)",
        "joint",
        linearised,
        counts=("training", "linearised"),
        sees_reversal=False,
    ),
    Estimator(
        "static",
        "similarity of labels and of feature profiles, nothing trained",
        "compared in Azorin 2023",
        "rows",
        static,
        sees_reversal=False,
    ),
)

ESTIMATORS: dict[str, Estimator] = {estimator.name: estimator for estimator in _ALL}
