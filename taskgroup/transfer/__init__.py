"""Signed gains between runs of the same seed, with intervals and tests."""

from taskgroup.transfer.gain import relative_gain
from taskgroup.transfer.moderated import LEVEL, Moderated, moderated_means
from taskgroup.transfer.multiplicity import FLAG_LEVEL, q_values
from taskgroup.transfer.shrinkage import Shrunken, predicted_gain, shrunken_gain
from taskgroup.transfer.table import (
    BASELINE,
    MATCHED_BASELINE,
    mean_gains,
    negative_transfer,
    transfer_table,
    with_gains,
)

__all__ = [
    "BASELINE",
    "FLAG_LEVEL",
    "LEVEL",
    "MATCHED_BASELINE",
    "Moderated",
    "Shrunken",
    "mean_gains",
    "moderated_means",
    "negative_transfer",
    "predicted_gain",
    "q_values",
    "relative_gain",
    "shrunken_gain",
    "transfer_table",
    "with_gains",
]
