"""Search digits and public data sets, and write what was found.

Run from the repository root: `python -m benchmarks.real_data --data FOLDER [-o FOLDER] [SET ...]`. FOLDER holds
the tables that `cases.py` names; digits needs none. Each set is searched in a process of its own, so that its
memory is its own.
"""

from benchmarks.real_data.cases import CASES, Case, study_of

__all__ = ["CASES", "Case", "study_of"]
