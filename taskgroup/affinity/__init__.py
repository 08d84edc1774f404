"""Estimates of who helps whom: measured, inferred from other subsets, or from gradients and labels alone."""

from taskgroup.affinity.agreement import Agreement, AgreementKind, rank_agreement
from taskgroup.affinity.branching import Branching, best_branching
from taskgroup.affinity.by_depth import AffinityByDepth
from taskgroup.affinity.catalog import ESTIMATORS, Estimator
from taskgroup.affinity.gradient_cosine import gradient_cosine
from taskgroup.affinity.gradient_projection import gradient_projection
from taskgroup.affinity.hoa import higher_order, predict_from_pairs
from taskgroup.affinity.linearised import linearised, regression_flops
from taskgroup.affinity.lookahead import lookahead
from taskgroup.affinity.matrix import AffinityMatrix
from taskgroup.affinity.pairwise import PairGains, pair_gains, pairwise
from taskgroup.affinity.recommended_tree import RecommendedTree, recommended_tree
from taskgroup.affinity.static import static, static_flops
from taskgroup.affinity.subset_regression import subset_regression

__all__ = [
    "ESTIMATORS",
    "AffinityByDepth",
    "AffinityMatrix",
    "Agreement",
    "AgreementKind",
    "Branching",
    "Estimator",
    "PairGains",
    "RecommendedTree",
    "best_branching",
    "gradient_cosine",
    "gradient_projection",
    "higher_order",
    "linearised",
    "lookahead",
    "pair_gains",
    "pairwise",
    "predict_from_pairs",
    "rank_agreement",
    "recommended_tree",
    "regression_flops",
    "static",
    "static_flops",
    "subset_regression",
]
