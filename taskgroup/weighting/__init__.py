"""How the losses or gradients of a run's tasks are combined: one method a file, listed in the catalog."""

from taskgroup.weighting.catalog import (
    GRADIENT_WEIGHTINGS,
    WEIGHTINGS,
    looks_at_gradients,
    make_gradient_weighting,
    make_weighting,
)
from taskgroup.weighting.contract import Branches, CountingEpochs, Remembering, Step, Weighting
from taskgroup.weighting.extra import require_packages
from taskgroup.weighting.gradient_contract import Gradients, GradientWeighting, Runs

__all__ = [
    "GRADIENT_WEIGHTINGS",
    "WEIGHTINGS",
    "Branches",
    "CountingEpochs",
    "GradientWeighting",
    "Gradients",
    "Remembering",
    "Runs",
    "Step",
    "Weighting",
    "looks_at_gradients",
    "make_gradient_weighting",
    "make_weighting",
    "require_packages",
]
