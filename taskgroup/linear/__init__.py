"""Linear models for all tasks at once: what a network must beat before it is needed.

scikit-learn loads with this package.
"""

from taskgroup.linear.catalog import LINEAR_METHODS
from taskgroup.linear.contract import LinearFit, LinearMethod, Strength
from taskgroup.linear.cost import expected_seconds
from taskgroup.linear.rows import LinearRows

__all__ = ["LINEAR_METHODS", "LinearFit", "LinearMethod", "LinearRows", "Strength", "expected_seconds"]
