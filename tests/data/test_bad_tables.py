"""Each flaw of a table is refused with a message that names the place, the value and the fix."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from taskgroup.data import dataset_from_table
from taskgroup.errors import InputError

N = 30
GOOD = {
    "x": np.arange(N) / 7,
    "w": np.arange(N)[::-1] ** 2,
    "y": np.arange(N) % 2,
    "z": np.sqrt(np.arange(N)),
}


def spoil(name, value, *rows):
    column = np.array(GOOD[name], dtype=float)
    column[list(rows)] = value
    return {name: column}


TAGS = {"target": ["y", "y2"], "kind": "multilabel"}
CASES = {
    "missing target": (
        {},
        {"yy": "binary"},
        {},
        ["tasks[2].target (task 'yy'): 'yy'", "did you mean 'y'", "the table"],
    ),
    "missing feature": ({}, {}, {"features": ["x", "ww"]}, ["data.features[1] 'ww'", "did you mean 'w'"]),
    "target as feature": (
        {},
        {},
        {"features": ["x", "z"]},
        ["data.features[1] 'z'", "target of a task", "take it out"],
    ),
    "feature twice": ({}, {}, {"features": ["x", "x"]}, ["data.features[1] 'x'", "twice"]),
    "constant target": ({"y": np.ones(N)}, {}, {}, ["task 'y'", "column 'y'", "holds 1 ", "drop"]),
    "constant regression": ({"z": np.full(N, 2.5)}, {}, {}, ["task 'z'", "holds 2.5 ", "drop"]),
    "no labels": ({"z": np.full(N, np.nan)}, {}, {}, ["task 'z'", "no labels in any row", "drop"]),
    "no text labels": ({"y": [None] * N}, {}, {}, ["task 'y'", "no labels in any row"]),
    "three labels": (spoil("y", 2, 4), {}, {}, ["task 'y'", "3 distinct labels (0, 1, 2)", "multiclass"]),
    "fraction as class": (spoil("y", 0.5, 4), {"y": "multiclass"}, {}, ["task 'y'", "0.5", "regression"]),
    "infinite class": (spoil("y", np.inf, 4), {"y": "multiclass"}, {}, ["task 'y'", "infinite", "row 5"]),
    "infinite label": (spoil("z", -np.inf, 4, 6), {}, {}, ["task 'z'", "infinite in 2 of 30 rows", "row 5"]),
    "text regression": ({"z": ["a"] * N}, {}, {}, ["task 'z'", "'a' (row 1)", "numbers"]),
    "date label": (
        {"y": pd.date_range("2020", periods=N)},
        {},
        {},
        ["task 'y'", "datetime64", "text, numbers"],
    ),
    "list label": ({"y": pd.Series([[1]] * N)}, {}, {}, ["task 'y'", "list values"]),
    "one multilabel column": ({}, {"y": "multilabel"}, {}, ["task 'y'", "list of 0/1 columns", "binary"]),
    "multilabel not 0/1": ({"y2": np.arange(N) % 3}, {"t": TAGS}, {}, ["task 't'", "column 'y2'", "0, 1, 2"]),
    "multilabel constant": ({"y2": np.zeros(N)}, {"t": TAGS}, {}, ["task 't'", "column 'y2'", "holds 0 "]),
    "multilabel twice": (
        {},
        {"t": {"target": ["y", "y"], "kind": "multilabel"}},
        {},
        ["task 't'", "'y' is listed twice"],
    ),
    "missing feature value": (
        spoil("x", np.nan, 3, 9),
        {},
        {},
        ["'x' has missing values in 2 of 30 rows", "row 4", "fill"],
    ),
    "infinite feature": (
        spoil("x", np.inf, 3),
        {},
        {},
        ["'x' has infinite values", "in 1 of 30 rows", "row 4"],
    ),
    "feature beyond float32": (spoil("x", 1e300, 3), {}, {}, ["'x' has infinite values", "float32"]),
    "two bad features": (
        spoil("x", np.inf, 3) | spoil("w", np.nan, 2),
        {},
        {},
        ["'x' has infinite", "'w' too"],
    ),
    "missing text": (
        {"c": [None, *["a"] * (N - 1)]},
        {},
        {},
        ["'c' has missing values in 1 of 30 rows", "row 1"],
    ),
    "wide text": (
        {"c": [f"name {i}" for i in range(N)]},
        {},
        {},
        ["'c' is text with 30 distinct", "20", "data.features"],
    ),
    "stray text": (
        {"c": ["?", *map(str, range(N - 1))]},
        {},
        {},
        ["'c' is text because of values such as '?'", "row 1"],
    ),
    "date feature": ({"c": pd.date_range("2020", periods=N)}, {}, {}, ["'c' holds datetime64", "numbers"]),
    "date objects": ({"c": [date(2020, 1, 1)] * N}, {}, {}, ["'c' holds date values", "numbers"]),
    "constant features": ({"x": np.zeros(N), "w": np.ones(N)}, {}, {}, ["no feature column that varies"]),
    "unequal lengths": ({"w": np.arange(9)}, {}, {}, ["'x' has 30 rows, but 'w' has 9"]),
    "ragged lists": ({"w": [[1], [2, 3]]}, {}, {}, ["'w'", "unequal lengths"]),
    "cube": ({"w": np.zeros((N, 2, 2))}, {}, {}, ["'w' has the shape (30, 2, 2)"]),
    "clashing names": (
        {"w": np.zeros((N, 2)), "w_1": np.arange(N)},
        {},
        {},
        ["more than one column is named 'w_1'"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_tables_are_refused_by_name(study_of, case):
    columns, tasks, data, words = CASES[case]
    study = study_of(data=data, **({"y": "binary", "z": "regression"} | tasks))
    with pytest.raises(InputError) as caught:
        dataset_from_table({**GOOD, **columns}, study)
    for word in words:
        assert word in str(caught.value)


def test_many_classes_are_refused(study_of):
    table = {"x": np.arange(1100.0), "y": np.arange(1100), "z": np.arange(1100.0)}
    with pytest.raises(InputError, match=r"task 'y'.*1,100 distinct labels.*1,000.*regression"):
        dataset_from_table(table, study_of(y="multiclass", z="regression"))


@pytest.mark.parametrize("n", [0, 9])
def test_short_tables_are_refused(study_of, n):
    table = {name: values[:n] for name, values in GOOD.items()}
    with pytest.raises(InputError, match="no rows" if not n else r"has 9 rows.*at least 10"):
        dataset_from_table(table, study_of(y="binary", z="regression"))


def test_repeated_names_of_a_frame_are_refused(study_of):
    frame = pd.DataFrame(np.zeros((12, 3)), columns=["x", "y", "x"])
    with pytest.raises(InputError, match="more than one column is named 'x'"):
        dataset_from_table(frame, study_of(y="binary", z="regression"))


def test_what_is_no_table_is_refused(study_of):
    with pytest.raises(InputError, match="ndarray, not a table"):
        dataset_from_table(np.zeros((12, 3)), study_of(y="binary", z="regression"))


def test_warnings_name_what_deserves_a_look(study_of):
    table = {
        **GOOD,
        "x": np.r_[GOOD["x"][:-1], GOOD["x"][0]],
        "w": np.r_[GOOD["w"][:-1], GOOD["w"][0]],
        "flat": np.ones(N),
        "rare": np.r_[[2], np.arange(N - 1) % 2],
        "same": GOOD["z"],
    }
    study = study_of(y="multiclass", z="regression", rare="multiclass", same="regression")
    assert dataset_from_table(table, study).warnings == (
        "constant feature columns were dropped: 'flat'",
        "task 'y' has two classes; kind 'binary' would score it by ranking",
        "task 'rare' has a single row of class 2",
        "tasks 'z' and 'same' have identical targets",
        "2 of 30 rows have the same features as another row; each such group stays in one part of the split",
    )
