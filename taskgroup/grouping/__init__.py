"""From values of subsets to the networks to train; free of torch."""

from taskgroup.grouping.certificate import CertificateError, verify
from taskgroup.grouping.choose_rows import choose_rows, choose_rows_exactly
from taskgroup.grouping.exact import Method, solve
from taskgroup.grouping.problem import Candidate, Problem
from taskgroup.grouping.rules import Rules
from taskgroup.grouping.solution import Grouping, Network
from taskgroup.grouping.table import group
from taskgroup.grouping.table_file import read_table
from taskgroup.grouping.table_rows import TableRows

__all__ = [
    "Candidate",
    "CertificateError",
    "Grouping",
    "Method",
    "Network",
    "Problem",
    "Rules",
    "TableRows",
    "choose_rows",
    "choose_rows_exactly",
    "group",
    "read_table",
    "solve",
    "verify",
]
