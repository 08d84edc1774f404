"""A posterior over the gain of every target in every network."""

from taskgroup.search.surrogate.belief import Belief
from taskgroup.search.surrogate.features import Floats, Integers, Networks
from taskgroup.search.surrogate.paths import Functions
from taskgroup.search.surrogate.posterior import Noise

__all__ = ["Belief", "Floats", "Functions", "Integers", "Networks", "Noise"]
