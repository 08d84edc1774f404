"""Estimates of who helps whom."""

from taskgroup.affinity.hoa import predict_from_pairs
from taskgroup.affinity.matrix import AffinityMatrix
from taskgroup.affinity.pairwise import PairGains, pair_gains, pairwise

__all__ = ["AffinityMatrix", "PairGains", "pair_gains", "pairwise", "predict_from_pairs"]
