"""Estimates of who helps whom."""

from taskgroup.affinity.matrix import AffinityMatrix

__all__ = ["AffinityMatrix"]
