"""Predictions from pairs: what is trained next is chosen by them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.affinity import predict_from_pairs

TASKS = ("a", "b", "c", "d")
ORDERED = list(itertools.permutations(TASKS, 2))
pair_values = st.dictionaries(st.sampled_from(ORDERED), st.floats(-1, 1))


def test_by_hand():
    """Standley 2020: the mean over the pairs of a task within the subset."""
    pairs = {("a", "b"): 0.2, ("a", "c"): -0.4, ("b", "a"): 0.1, ("c", "b"): 0.3, ("a", "d"): 9.0}
    assert predict_from_pairs(("a", "b", "c"), pairs) == pytest.approx({"a": -0.1, "b": 0.1, "c": 0.3})


def test_a_task_without_a_measured_pair_makes_the_subset_unknown():
    assert predict_from_pairs(("a", "b", "c"), {("a", "b"): 0.2, ("b", "a"): 0.1}) is None


@given(st.dictionaries(st.sampled_from(ORDERED), st.floats(-1, 1), min_size=len(ORDERED)))
def test_pairs_predict_themselves(pairs):
    for a, b in itertools.combinations(TASKS, 2):
        assert predict_from_pairs((a, b), pairs) == {a: pairs[a, b], b: pairs[b, a]}


@given(pair_values, st.permutations(TASKS))
def test_relabelling_tasks_only_relabels(pairs, names):
    name = dict(zip(TASKS, names, strict=True))
    renamed = {(name[target], name[source]): value for (target, source), value in pairs.items()}
    predicted = predict_from_pairs(("a", "b", "c"), pairs)
    expected = None if predicted is None else {name[task]: value for task, value in predicted.items()}
    found = predict_from_pairs(tuple(name[task] for task in "abc"), renamed)
    assert found == pytest.approx(expected)
