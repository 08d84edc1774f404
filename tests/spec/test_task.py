"""Tasks and subsets: names are how everything is found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from taskgroup.spec import Task, subset_from_name, subset_name

names = st.text(st.characters(exclude_characters="+"), min_size=1)


@given(st.lists(names, min_size=1))
def test_subset_names_read_back(subset):
    assert subset_from_name(subset_name(tuple(subset))) == tuple(subset)


@pytest.mark.parametrize("name", ["a+b", " a", "a ", "a\nb", "\x07"])
def test_names_that_cannot_be_joined_or_printed_are_refused(name):
    with pytest.raises(ValidationError):
        Task(name=name, kind="binary")


def test_several_columns_need_multilabel():
    assert Task(name="t", kind="multilabel", target=["x", "y"]).columns == ("x", "y")
    with pytest.raises(ValidationError, match="multilabel"):
        Task(name="t", kind="binary", target=["x", "y"])
    with pytest.raises(ValidationError, match="multilabel"):
        Task(name="t", kind="multilabel", target=[])


@pytest.mark.parametrize("importance", [0.0, -1.0, float("nan"), float("inf")])
def test_importance_is_a_positive_weight(importance):
    with pytest.raises(ValidationError):
        Task(name="t", kind="binary", importance=importance)
