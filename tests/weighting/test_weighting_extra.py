"""Weightings that need packages of an extra: said before anything is trained."""

from __future__ import annotations

import sys

import pytest
from planted import document

import taskgroup.weighting  # noqa: F401  (its modules are looked up below)
from taskgroup.errors import MissingExtraError
from taskgroup.loading import load_checked
from taskgroup.spec import parse_study


def test_a_study_is_refused_before_its_data_are_read(monkeypatch):
    """A search would tune single tasks for minutes and then fail."""
    monkeypatch.setattr(sys.modules["taskgroup.weighting.extra"], "find_spec", lambda *_: None)
    study = parse_study(document("nowhere.csv", search={"weighting": ["equal", {"cagrad": {"c": 0.2}}]}))
    with pytest.raises(MissingExtraError, match=r"'cagrad' needs torchjd.*taskgroup\[gradients\]"):
        load_checked(study, [0])
