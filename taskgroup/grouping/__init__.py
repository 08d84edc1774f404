"""From values of subsets to the networks to train; free of torch."""

from taskgroup.grouping.certificate import CertificateError, verify
from taskgroup.grouping.exact import solve
from taskgroup.grouping.problem import Candidate, Problem
from taskgroup.grouping.solution import Grouping, Network
from taskgroup.grouping.table import group

__all__ = ["Candidate", "CertificateError", "Grouping", "Network", "Problem", "group", "solve", "verify"]
