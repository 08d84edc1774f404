"""Estimates of who helps whom: measured, inferred from other subsets, or from gradients and labels alone."""

from taskgroup.affinity.agreement import Agreement, AgreementKind, rank_agreement
from taskgroup.affinity.catalog import ESTIMATORS, Estimator
from taskgroup.affinity.gradient_cosine import gradient_cosine
from taskgroup.affinity.gradient_projection import gradient_projection
from taskgroup.affinity.hoa import higher_order, predict_from_pairs
from taskgroup.affinity.linearised import linearised, regression_flops
from taskgroup.affinity.lookahead import lookahead
from taskgroup.affinity.matrix import AffinityMatrix
from taskgroup.affinity.pairwise import PairGains, pair_gains, pairwise
from taskgroup.affinity.static import static, static_flops
from taskgroup.affinity.subset_regression import subset_regression

__all__ = [
    "ESTIMATORS",
    "AffinityMatrix",
    "Agreement",
    "AgreementKind",
    "Estimator",
    "PairGains",
    "gradient_cosine",
    "gradient_projection",
    "higher_order",
    "linearised",
    "lookahead",
    "pair_gains",
    "pairwise",
    "predict_from_pairs",
    "rank_agreement",
    "regression_flops",
    "static",
    "static_flops",
    "subset_regression",
]
