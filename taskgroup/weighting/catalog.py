"""The weightings by name: a new one is one file and one line here."""

from __future__ import annotations

from taskgroup.weighting.contract import Weighting
from taskgroup.weighting.equal import Equal
from taskgroup.weighting.inverse_size import InverseSize
from taskgroup.weighting.uncertainty import Uncertainty

WEIGHTINGS: dict[str, type[Weighting]] = {
    "equal": Equal,
    "inverse_size": InverseSize,
    "uncertainty": Uncertainty,
}
