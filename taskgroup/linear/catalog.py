"""The linear methods; a new one is a file with one class, and a line here."""

from __future__ import annotations

from taskgroup.linear.clustered import Clustered
from taskgroup.linear.contract import LinearMethod
from taskgroup.linear.mean_regularised import MeanRegularised
from taskgroup.linear.multitask_elastic_net import MultitaskElasticNet
from taskgroup.linear.multitask_lasso import MultitaskLasso
from taskgroup.linear.ridge_alone import RidgeAlone

_METHODS: tuple[LinearMethod, ...] = (
    RidgeAlone(),
    MultitaskLasso(),
    MultitaskElasticNet(),
    MeanRegularised(),
    Clustered(),
)
LINEAR_METHODS: dict[str, LinearMethod] = {method.name: method for method in _METHODS}
"""By name; the first knows one task at a time, and the others must beat it."""
