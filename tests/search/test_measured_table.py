"""Reading a table for a replay: the wrong column, sign or row would show a strategy's merit upside down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taskgroup.errors import InputError
from taskgroup.search.measured_table import read_measured

ROWS = {"a": (0.1,), "b": (0.2,), "a+b": (0.3, 0.4)}


def table(*templates: str, **columns) -> pd.DataFrame:
    """Tasks a and b alone and together; each further template's values are larger by one."""
    frame = pd.DataFrame({"subset": list(ROWS), **columns})
    for number, template in enumerate(templates):
        for place, task in enumerate("ab"):
            frame[template.format(task=task)] = [
                np.nan if task not in name else number + ROWS[name][place * (len(ROWS[name]) > 1)]
                for name in ROWS
            ]
    return frame


@pytest.mark.parametrize(
    ("templates", "select", "report", "direction"),
    [
        (["val_{task}", "test_{task}"], "val_{task}", "test_{task}", "maximize"),
        (["test_{task}", "val_{task}"], "val_{task}", "test_{task}", "maximize"),
        (["val_loss_{task}", "test_loss_{task}"], "val_loss_{task}", "test_loss_{task}", "minimize"),
        (["valid_{task}", "test_{task}"], "valid_{task}", "test_{task}", "maximize"),
        (["validation_{task}", "test_{task}"], "validation_{task}", "test_{task}", "maximize"),
        (["val_{task}"], "val_{task}", "val_{task}", "maximize"),
        (["{task}"], "{task}", "{task}", "maximize"),
    ],
)
def test_the_usual_column_names_are_found(templates, select, report, direction):
    measured, columns = read_measured(table(*templates))
    assert (columns.select, columns.report, columns.direction) == (select, report, direction)
    first = templates.index(select)
    sign = 1 if direction == "maximize" else -1
    assert measured.select["a", "b"] == [
        pytest.approx({"a": sign * (first + 0.3), "b": sign * (first + 0.4)})
    ]
    last = templates.index(report)
    assert measured.report["a", "b"] == pytest.approx({"a": sign * (last + 0.3), "b": sign * (last + 0.4)})


@pytest.mark.parametrize(
    ("select", "direction"),
    [
        ("val_rmse_{task}", "minimize"),
        ("val_{task}_error", "minimize"),
        ("mae_{task}", "minimize"),
        ("val_auc_{task}", "maximize"),
        ("glossary_{task}", "maximize"),
    ],
)
def test_the_direction_is_read_off_the_columns_and_can_be_given(select, direction):
    frame = table(select)
    assert read_measured(frame, select=select)[1].direction == direction
    other = "maximize" if direction == "minimize" else "minimize"
    measured, columns = read_measured(frame, select=select, direction=other)
    assert columns.direction == other
    assert measured.sign == (1.0 if other == "maximize" else -1.0)


def test_a_task_whose_name_speaks_of_loss_says_nothing_about_the_direction():
    frame = pd.DataFrame(
        {"subset": ["loss", "x", "loss+x"], "val_loss": [0.5, None, 0.5], "val_x": [None, 0.5, 0.5]}
    )
    assert read_measured(frame)[1].direction == "maximize"


def test_the_report_can_be_named():
    measured, columns = read_measured(table("val_{task}", "final_{task}"), report="final_{task}")
    assert columns.report == "final_{task}"
    assert measured.report[("a",)] == pytest.approx({"a": 1.1})


def test_rows_of_one_subset_are_its_seeds():
    frame = pd.concat(
        [table("val_{task}", "test_{task}"), table("val_{task}", "test_{task}")], ignore_index=True
    )
    frame.loc[3:, ["val_a", "test_a"]] += 1
    frame.loc[5, "subset"] = "b+a"
    measured, _ = read_measured(frame)
    assert [row["a"] for row in measured.select["a", "b"]] == pytest.approx([0.3, 1.3])
    assert measured.report["a", "b"] == pytest.approx({"a": 1.8, "b": 1.4})


def test_only_networks_of_full_size_count():
    frame = pd.concat([table("{task}"), table("{task}")], ignore_index=True)
    frame["cost"] = [1.0, 1.0, 1.0, 0.5, 0.5, 2.0]
    frame.loc[[3, 4, 5], ["a", "b"]] += 10
    measured, _ = read_measured(frame)
    assert measured.select[("a",)] == [{"a": 0.1}]
    assert measured.select["a", "b"] == [pytest.approx({"a": 10.3, "b": 10.4})]
    assert measured.is_complete


def test_candidates_are_the_only_subsets():
    measured, _ = read_measured(table("{task}"), candidates=[("b", "a"), ("a",)])
    assert measured.subsets == (("a",), ("a", "b"))
    assert measured.tasks == ("a", "b")
    assert not measured.is_complete


def test_a_table_can_be_a_file(tmp_path):
    frame = table("val_{task}", "test_{task}")
    frame.to_csv(tmp_path / "table.csv", index=False)
    frame.to_parquet(tmp_path / "table.parquet")
    first, second = (read_measured(tmp_path / name)[0] for name in ("table.csv", "table.parquet"))
    assert first.select.keys() == second.select.keys()
    for subset in first.select:
        assert first.report[subset] == pytest.approx(second.report[subset])


def changed(**columns) -> pd.DataFrame:
    return table("{task}").assign(**columns)


@pytest.mark.parametrize(
    ("frame", "settings", "told"),
    [
        (table("{task}").drop(columns="subset"), {}, "no column 'subset'"),
        (table("{task}").iloc[:0], {}, "no rows"),
        (table("{task}").iloc[:0], {"select": "{task}"}, "no rows"),
        (table("{task}").rename(columns={"b": "c"}), {}, "name the columns to choose by"),
        (table("val_{task}").drop(columns="val_b"), {}, "no column 'val_b' for task 'b'"),
        (changed(a=[1e200, None, 0.3]), {}, "row 1, column 'a' is 1e+200"),
        (table("{task}"), {"select": 3}, "select is 3"),
        (table("{task}"), {"select": "vall_{task}"}, "template 'vall_{task}' matches no column"),
        (table("{task}"), {"report": "tst_{task}"}, "template 'tst_{task}' matches no column"),
        (table("{task}"), {"select": "a"}, "lacks {task}"),
        (changed(a=[0.1, None, None]), {}, "is blank"),
        (changed(a=[0.1, 0.2, 0.3]), {}, "is not in the subset"),
        (changed(a=["x", None, "y"]), {}, "is no number"),
        (changed(a=[np.inf, None, 0.3]), {}, "finite"),
        (changed(subset=["a", "b", "a+a"]), {}, "names a task twice"),
        (changed(subset=["a", "b", "a+"]), {}, "empty name"),
        (changed(subset=["a", "b", None]), {}, "give task names"),
        (changed(cost=["x", 1, 1]), {}, "is no number"),
        (changed(cost=[-1, 1, 1]), {}, "above 0"),
        (table("{task}"), {"candidates": [("a", "c")]}, "no row in the table"),
        (table("{task}"), {"candidates": [("a", "b", "b")]}, "no row in the table"),
    ],
)
def test_wrong_input_gives_one_error_that_says_what_to_do(frame, settings, told):
    with pytest.raises(InputError) as error:
        read_measured(frame, **settings)
    assert told in str(error.value)


def test_a_measured_likelihood_is_a_loss():
    """Maximised, it would recommend the worst networks."""
    _, columns = read_measured(table("nll_{task}"), select="nll_{task}")
    assert columns.direction == "minimize"


def test_a_task_may_be_called_cost():
    """Its values would otherwise be taken for serving costs, or be replaced by row numbers."""
    frame = pd.DataFrame({"subset": ["cost", "b", "cost+b"], "cost": [5.0, None, 7.0], "b": [None, 3.0, 2.0]})
    measured, _ = read_measured(frame)
    assert measured.select[("cost", "b")] == [{"cost": 7.0, "b": 2.0}]
