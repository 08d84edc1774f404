"""The weightings by name: a new one is one file, one line here and its facts in `taskgroup.spec`."""

from __future__ import annotations

from collections.abc import Callable

from taskgroup.spec import WEIGHTING_FACTS, Method
from taskgroup.weighting.aligned_mtl import AlignedMTL
from taskgroup.weighting.cagrad import CAGrad
from taskgroup.weighting.contract import Weighting
from taskgroup.weighting.dwa import DWA
from taskgroup.weighting.equal import Equal
from taskgroup.weighting.fairgrad import FairGrad
from taskgroup.weighting.gradient_contract import GradientWeighting
from taskgroup.weighting.gradnorm import GradNorm
from taskgroup.weighting.imtl_g import IMTLG
from taskgroup.weighting.inverse_size import InverseSize
from taskgroup.weighting.mgda import MGDA
from taskgroup.weighting.nash_mtl import NashMTL
from taskgroup.weighting.pcgrad import PCGrad
from taskgroup.weighting.random import Random
from taskgroup.weighting.static import Static
from taskgroup.weighting.uncertainty import Uncertainty
from taskgroup.weighting.upgrad import UPGrad

WEIGHTINGS: dict[str, Callable[..., Weighting]] = {
    "equal": Equal,
    "static": Static,
    "inverse_size": InverseSize,
    "uncertainty": Uncertainty,
    "dwa": DWA,
    "random": Random,
}
"""Those of the losses."""

GRADIENT_WEIGHTINGS: dict[str, Callable[..., GradientWeighting]] = {
    "gradnorm": GradNorm,
    "pcgrad": PCGrad,
    "imtl_g": IMTLG,
    "aligned_mtl": AlignedMTL,
    "mgda": MGDA,
    "cagrad": CAGrad,
    "nash_mtl": NashMTL,
    "fairgrad": FairGrad,
    "upgrad": UPGrad,
}
"""Those of the gradients on what tasks share."""


def looks_at_gradients(text: str) -> bool:
    """Whether a method's text names a gradient weighting.

    >>> looks_at_gradients('aligned_mtl {"scale": "rmse"}')
    True
    """
    return Method.parse(text).name in GRADIENT_WEIGHTINGS


def make_weighting(text: str) -> Weighting:
    """Make a weighting of losses from a method's text; gradient weightings leave the losses as they are.

    >>> type(make_weighting("pcgrad")).__name__
    'Equal'

    Raises:
        InputError: If its settings are still to be tuned.
    """
    method = Method.parse("equal" if looks_at_gradients(text) else text)
    return WEIGHTINGS[method.name](**method.filled(WEIGHTING_FACTS[method.name].options))


def make_gradient_weighting(text: str) -> GradientWeighting:
    """Make a weighting of gradients from a method's text.

    Raises:
        MissingExtraError: If it needs packages that are not installed.
    """
    method = Method.parse(text)
    return GRADIENT_WEIGHTINGS[method.name](**method.filled(WEIGHTING_FACTS[method.name].options))
