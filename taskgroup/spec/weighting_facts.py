"""The weightings: what settings each has, and what it looks at in every step.

Only facts stand here, so that a study is checked without torch; `taskgroup.weighting` computes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from taskgroup.spec.method import Option, number, numbers_of_tasks, one_of

_INFINITE = float("inf")
TUNED = "tuned"
"""Static weights that a search chooses."""


@dataclass(frozen=True)
class WeightingFacts:
    """What is known of a weighting before it is computed.

    Attributes:
        summary: In a few words, for lists and reports.
        looks_at: What it needs in every step: `nothing`, the tasks' `losses`, or their `gradients` on the
            shared blocks, which cost a backward pass a task.
        options: Its settings.
        packages: What it imports beyond the dependencies; the extra `gradients` installs it.
    """

    summary: str
    looks_at: Literal["nothing", "losses", "gradients"] = "nothing"
    options: Mapping[str, Option] = field(default_factory=dict)
    packages: tuple[str, ...] = ()


def _refuse_weights(value: Any) -> str | None:
    if value == TUNED:
        return None
    positive = numbers_of_tasks(number(0, _INFINITE, above=True))
    return (
        None
        if value and positive(value)
        else "give a positive number a task, as in {pos: 1, chunk: 0.5}, or 'tuned'"
    )


WEIGHTING_FACTS: dict[str, WeightingFacts] = {
    "equal": WeightingFacts("the plain sum of losses"),
    "static": WeightingFacts(
        "fixed weights", options={"weights": Option(TUNED, _refuse_weights, lists=True)}
    ),
    "inverse_size": WeightingFacts("weights inverse to the number of labels"),
    "uncertainty": WeightingFacts("losses over a learned variance", "losses"),
    "dwa": WeightingFacts(
        "weights by how slowly losses fall",
        "losses",
        {"temperature": Option(2.0, number(0, _INFINITE, above=True))},
    ),
    "random": WeightingFacts(
        "weights drawn anew in every step",
        options={"draw": Option("normal", one_of("normal", "dirichlet"))},
    ),
    "gradnorm": WeightingFacts(
        "weights that bring gradient norms together",
        "gradients",
        {
            "alpha": Option(1.5, number(0, _INFINITE)),
            "learning_rate": Option(0.025, number(0, 1, above=True)),
        },
    ),
    "pcgrad": WeightingFacts("gradients without their conflicting parts", "gradients"),
    "imtl_g": WeightingFacts("equal projections of the common gradient", "gradients"),
    "aligned_mtl": WeightingFacts(
        "gradients made orthogonal and equally long",
        "gradients",
        {"scale": Option("min", one_of("min", "median", "rmse"))},
    ),
    "mgda": WeightingFacts("the shortest common gradient", "gradients"),
    "cagrad": WeightingFacts(
        "the best worst case near the mean gradient",
        "gradients",
        {"c": Option(0.4, number(0, 1))},
        packages=("torchjd", "cvxpy", "clarabel"),
    ),
    "nash_mtl": WeightingFacts("a bargain between tasks", "gradients", packages=("torchjd", "cvxpy", "ecos")),
    "fairgrad": WeightingFacts(
        "an alpha-fair split of progress",
        "gradients",
        {"alpha": Option(1.0, number(0, _INFINITE, above=True))},
        packages=("torchjd",),
    ),
    "upgrad": WeightingFacts(
        "gradients projected on the cone of agreement",
        "gradients",
        packages=("torchjd", "qpsolvers", "quadprog"),
    ),
}
