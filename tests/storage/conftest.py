"""Makes the conformance suites in `tests/suites` importable, with pytest's rewritten assertions."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
pytest.register_assert_rewrite("suites.record_suite")
