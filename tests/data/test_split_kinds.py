"""Splits by group and by time: what leaks from training to test rows makes every score too good."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taskgroup.data import dataset_from_table, draw_split
from taskgroup.errors import InputError
from taskgroup.spec import parse_study

N = 120


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "patient": np.repeat([f"p{i:02}" for i in range(24)], 5),
            "day": rng.permutation(pd.date_range("2024-01-01", periods=N // 2).repeat(2)),
            "sick": rng.integers(0, 2, N),
            "site": np.resize([1, 2], N),
        }
    )


def study(by: str, column: str, *, own: bool = False, **split):
    data = {"source": "memory", "split": {"by": by, "column": column, **split}}
    data["exclude"] = [c for c in ("patient", "day", "site") if c != column and not (own and c == "site")]
    tasks = [{"name": name, "target": "sick", "kind": "binary"} for name in "ab"]
    if own:
        data["task_column"] = "site"
        tasks = [task | {"rows": i} for i, task in enumerate(tasks, 1)]
    return parse_study({"name": "s", "data": data, "tasks": tasks})


def parts_of(described, frame: pd.DataFrame, seed: int = 0):
    dataset = dataset_from_table(frame, described)
    split = draw_split(dataset, described.data.split, study_seed=described.seed, seed=seed)
    rows = np.concatenate([split.train, split.validation, split.test])
    assert len(np.unique(rows)) == len(rows)
    return dataset, split


@pytest.mark.parametrize("own", [False, True])
def test_no_group_is_in_two_parts(own):
    frame, tested, validated = table(), set(), set()
    for seed in range(4):
        dataset, split = parts_of(study("group", "patient", own=own), frame, seed)
        assert dataset.feature_names == ("x",)
        groups = [set(frame["patient"].iloc[rows]) for rows in (split.train, split.validation, split.test)]
        assert not groups[0] & groups[1]
        assert not groups[0] & groups[2]
        assert not groups[1] & groups[2]
        assert [len(g) for g in groups] == [14, 5, 5]
        tested.add(frozenset(groups[2]))
        validated.add(frozenset(groups[1]))
        if own:
            for task in ("a", "b"):
                assert 9 <= np.isin(split.test, dataset.rows_of(task)).sum() <= 16
    assert len(tested) == 1, "the test groups are fixed for a study"
    assert len(validated) > 1, "seeds draw their own validation groups"


def test_groups_with_a_common_row_stay_together():
    frame = table()
    frame.loc[[0, 5], "x"] = 7.0  # the first rows of p00 and p01
    _, split = parts_of(study("group", "patient"), frame)
    train = set(frame["patient"].iloc[split.train])
    test = set(frame["patient"].iloc[split.test])
    assert ({"p00", "p01"} <= train) or not ({"p00", "p01"} & train)
    assert ({"p00", "p01"} <= test) or not ({"p00", "p01"} & test)


@pytest.mark.parametrize("own", [False, True])
def test_time_goes_on_from_part_to_part(own):
    frame, described = table(), study("time", "day", own=own)
    dataset, split = parts_of(described, frame)
    for task in ("a", "b"):
        days = [
            frame["day"].iloc[np.intersect1d(rows, dataset.rows_of(task))]
            for rows in (split.train, split.validation, split.test)
        ]
        assert days[0].max() < days[1].min()
        assert days[1].max() < days[2].min()
        n = sum(map(len, days))
        assert len(days[2]) == pytest.approx(0.2 * n, abs=2)
        assert len(days[1]) == pytest.approx(0.2 * n, abs=2)


def test_seeds_redraw_within_the_past_only():
    frame = table()
    described = study("time", "day", train_fraction=0.5)
    splits = [parts_of(described, frame, seed)[1] for seed in (0, 1)]
    np.testing.assert_array_equal(splits[0].validation, splits[1].validation)
    assert splits[0].train.tolist() != splits[1].train.tolist()
    last = frame["day"].iloc[splits[0].train].max()
    assert last < frame["day"].iloc[splits[0].validation].min()


@pytest.mark.parametrize("form", [str, lambda d: d.timestamp(), lambda d: d.date()])
def test_times_in_several_forms(form):
    frame = table()
    expected = parts_of(study("time", "day"), frame)[1]
    split = parts_of(study("time", "day"), frame.assign(day=[form(d) for d in frame["day"]]))[1]
    np.testing.assert_array_equal(split.test, expected.test)


@pytest.mark.parametrize(
    ("by", "change", "message"),
    [
        ("time", {"day": "soon"}, r"'day' holds 'soon' \(row 1\), which is neither a number nor a date"),
        ("time", {"day": None}, "'day' is empty in row 1"),
        ("time", {"day": 3}, "'day' has 1 distinct times"),
        ("group", {"patient": "p"}, "'patient' has 1 distinct groups"),
        ("group", {"x": np.resize([0.0, 1.0], N)}, "too few"),
    ],
)
def test_unfit_columns_are_refused(by, change, message):
    described = study(by, "day" if by == "time" else "patient")
    with pytest.raises(InputError, match=message):
        parts_of(described, table().assign(**change))


def test_an_unknown_column_is_refused():
    with pytest.raises(
        InputError, match=r"data.split.column 'pateint' is no column .*did you mean 'patient'"
    ):
        parts_of(study("group", "pateint"), table().drop(columns=["day", "site"]).assign(day=0, site=0))
