"""Fixtures of the reporting tests: fabricated outcomes of a search."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fabricated import make_outcome as _make_outcome

from taskgroup.search import Outcome


@pytest.fixture
def make_outcome() -> Callable[..., Outcome]:
    """The factory of fabricated outcomes."""
    return _make_outcome


@pytest.fixture(scope="session")
def digits_outcome() -> Outcome:
    """An everyday outcome: seven tasks, three networks, confirmed."""
    return _make_outcome()
