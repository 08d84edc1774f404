"""How the losses of the tasks in a run are combined: one method a file, listed in the catalog."""

from taskgroup.weighting.catalog import WEIGHTINGS
from taskgroup.weighting.contract import Branches, Weighting

__all__ = ["WEIGHTINGS", "Branches", "Weighting"]
