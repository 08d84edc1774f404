"""The Python interface: a study or a trainer in, a result out."""

from taskgroup.api.depths import affinity_by_depth
from taskgroup.api.measurement import Measurement, measure
from taskgroup.api.result import SearchResult
from taskgroup.api.study_search import search

__all__ = ["Measurement", "SearchResult", "affinity_by_depth", "measure", "search"]
