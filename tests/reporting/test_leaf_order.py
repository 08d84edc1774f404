"""The order of rows and columns: without it, groups cannot be seen in the heatmap."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from taskgroup.reporting.order import leaf_order

gains = st.integers(2, 7).flatmap(
    lambda n: arrays(float, (n, n), elements=st.one_of(st.just(np.nan), st.floats(-1, 1)))
)


def frame(values: np.ndarray) -> pd.DataFrame:
    names = [f"t{i}" for i in range(len(values))]
    return pd.DataFrame(values, index=names, columns=names)


@given(values=gains)
def test_every_task_stands_once_whatever_is_missing(values: np.ndarray) -> None:
    assert sorted(leaf_order(frame(values))) == list(frame(values).index)


def test_planted_groups_stand_together() -> None:
    groups = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    values = np.where(groups[:, None] == groups, 0.1, -0.1)
    order = [int(name[1:]) for name in leaf_order(frame(values))]
    changes = np.count_nonzero(np.diff(groups[order]))
    assert changes == 2


def test_the_order_of_the_task_list_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    matrix = frame(rng.normal(size=(6, 6)))
    shuffled = matrix.iloc[::-1, ::-1]
    order = leaf_order(shuffled)
    assert order in (leaf_order(matrix), leaf_order(matrix)[::-1])


def test_an_unmeasured_matrix_keeps_its_order() -> None:
    assert leaf_order(frame(np.full((4, 4), np.nan))) == ["t0", "t1", "t2", "t3"]
