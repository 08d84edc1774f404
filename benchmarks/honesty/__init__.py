"""Do flags, intervals and promised gains hold what they say? Measured on thousands of networks.

`python -m benchmarks.honesty --datasets 300` writes `reports/honesty`.
"""

from benchmarks.honesty.bench import honesty

__all__ = ["honesty"]
