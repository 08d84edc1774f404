"""From gains of subsets to the networks to train; free of torch."""

from taskgroup.grouping.solution import Grouping, Network

__all__ = ["Grouping", "Network"]
