"""`tg.group`: published totals are reproduced, and every wrong table is refused by name."""

import math
import os
from pathlib import Path

import pandas as pd
import pytest

from taskgroup.errors import InputError
from taskgroup.grouping import group

SHARED = Path(os.environ.get("TASKGROUP_SHARED", Path(__file__).parents[3] / "shared"))
TABLES = SHARED / "tables"
BUDGETS = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
MISPRINTED = {(1, 1.0): 0.50278}
"""Printed as 0.50273; the only choice at that budget, one network for all, sums to this in the table."""

GOOD = """subset,cost,note,loss_a,loss_b,test_a,test_b
a,0.5,x,3,,3.5,
b,0.5,,,2,,2.5
a+b,1.0,,2,2.5,2.25,2.75
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.skipif(not TABLES.is_dir(), reason="the published tables are not beside the repository")
@pytest.mark.parametrize("setting", [1, 2])
@pytest.mark.parametrize("budget", BUDGETS)
def test_published_optimal_totals_are_reproduced(setting, budget):
    """Chosen on validation loss and reported on test loss, as Standley 2020 prints them."""
    curves = pd.read_csv(TABLES / "standley2020_published_curves.csv")
    rows = curves[(curves["setting"] == setting) & (curves["method"] == "optimal")]
    published = MISPRINTED.get((setting, budget), float(rows[f"budget_{budget:.1f}"].iloc[0]))
    grouping = group(
        TABLES / f"standley2020_setting{setting}.csv",
        select="val_loss_{task}",
        report="test_loss_{task}",
        direction="minimize",
        budget=budget,
    )
    assert grouping.report_total == pytest.approx(published, abs=1e-5)
    assert grouping.optimal
    assert grouping.cost <= budget


def test_chooses_on_select_and_reports_the_same_assignment(tmp_path):
    grouping = group(write(tmp_path, GOOD), select="loss_{task}", report="test_{task}", budget=1.5)
    assert [(n.subset, n.serves, n.cost) for n in grouping.networks] == [
        (("a", "b"), ("a",), 1.0),
        (("b",), ("b",), 0.5),
    ]
    assert (grouping.select_total, grouping.report_total, grouping.cost) == (4.0, 4.75, 1.5)


def test_importance_weighs_both_totals(tmp_path):
    grouping = group(write(tmp_path, GOOD), "loss_{task}", report="test_{task}", importance={"b": 2.0})
    assert (grouping.select_total, grouping.report_total) == (2.0 + 2 * 2.0, 2.25 + 2 * 2.5)


def test_the_same_table_in_every_form_gives_the_same_grouping(tmp_path):
    """CSV as text, a DataFrame with numbers, Parquet, and a CSV as spreadsheets write it."""
    path = write(tmp_path, GOOD)
    frame = pd.read_csv(path)
    frame.to_parquet(tmp_path / "table.parquet")
    (tmp_path / "excel.csv").write_text("\ufeff" + GOOD.replace("\n", "\r\n") + "\r\n", encoding="utf-8")
    groupings = [
        group(table, select="loss_{task}", report="test_{task}", groups=2)
        for table in (path, str(path), frame, tmp_path / "table.parquet", tmp_path / "excel.csv")
    ]
    assert all(grouping == groupings[0] for grouping in groupings)


def test_cost_defaults_to_one_where_column_or_cell_is_missing():
    frame = pd.DataFrame({"subset": ["a", "b"], "v_a": [1.0, None], "v_b": [None, 1.0]})
    assert group(frame, "v_{task}").cost == 2.0
    assert group(frame.assign(cost=[0.5, None]), "v_{task}").cost == 1.5


def test_a_subset_may_stand_in_several_rows_at_several_costs():
    """Half-size and full-size networks of one subset compete."""
    frame = pd.DataFrame({"subset": ["a", "a"], "cost": [0.5, 1.0], "v_a": [2.0, 1.0]})
    assert group(frame, "v_{task}", budget=0.5).select_total == 2.0
    assert group(frame, "v_{task}", budget=1.0).select_total == 1.0


def test_groups_and_max_groups_are_one_limit(tmp_path):
    path = write(tmp_path, GOOD)
    assert group(path, "loss_{task}", groups=1) == group(path, "loss_{task}", max_groups=1)
    with pytest.raises(InputError, match="mean the same"):
        group(path, "loss_{task}", groups=1, max_groups=2)


def test_maximize_takes_the_largest_values(tmp_path):
    grouping = group(write(tmp_path, GOOD), "loss_{task}", direction="maximize")
    assert grouping.select_total == 5.5


def test_rules_and_risk_are_passed_on():
    """In Python as on the command line."""
    frame = pd.DataFrame(
        {"subset": ["a", "b", "a+b"], "v_a": [3.0, None, 2.0], "v_b": [None, 2.0, 2.5], "se_a": [0, None, 2]}
    ).assign(se_b=[None, 0, 0])
    assert group(frame, "v_{task}").select_total == 4.0
    assert group(frame, "v_{task}", must_link=[["a", "b"]]).select_total == 4.5
    assert group(frame, "v_{task}", cannot_link=[["a", "b"]]).select_total == 5.0
    assert group(frame, "v_{task}", overlap=False).select_total == 4.5
    assert group(frame, "v_{task}", error="se_{task}", risk=1).select_total == 5.0
    with pytest.raises(InputError, match=r"row 3.*standard error -1"):
        group(frame.assign(se_a=[0, None, -1]), "v_{task}", error="se_{task}", risk=1)
    with pytest.raises(InputError, match="list of lists"):
        group(frame, "v_{task}", must_link="ab")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty", "subset"]),
        ("subset,loss_a,loss_b\n", ["no rows"]),
        (GOOD.replace("subset", "subsets"), ["no column 'subset'", "did you mean 'subsets'"]),
        (GOOD.replace(",", ";"), ["no column 'subset'"]),
        (GOOD.replace("loss_a", "loss_b"), ["'loss_b' stands twice"]),
        (GOOD.replace("loss_b", "los_b"), ["no column 'loss_b'", "task 'b'", "'los_b'"]),
        (GOOD.replace("a,0.5,x,3,", "a,0.5,x,,"), ["row 1", "'loss_a' is blank", "subset 'a'"]),
        (GOOD.replace("a,0.5,x,3,", "a,0.5,x,nan,"), ["row 1", "'loss_a' is blank"]),
        (GOOD.replace("b,0.5,,,2", "b,0.5,,7,2"), ["row 2", "'loss_a' holds 7.0", "subset 'b'"]),
        (GOOD.replace("x,3,", "x,three,"), ["row 1", "'loss_a' is 'three'", "no number"]),
        (GOOD.replace("x,3,", "x,inf,"), ["row 1", "'loss_a'", "finite"]),
        (GOOD.replace("a+b,1.0", "a+b,0"), ["row 3", "'cost' is 0.0", "above 0"]),
        (GOOD.replace("a+b,1.0", "a+b,-1"), ["row 3", "'cost' is -1.0"]),
        (GOOD.replace("a+b,1.0", "a+b,cheap"), ["row 3", "'cost' is 'cheap'", "no number"]),
        (GOOD.replace("a+b,1.0", "a++b,1.0"), ["row 3", "'a++b'", "empty name"]),
        (GOOD.replace("a+b,1.0", "a+a,1.0"), ["row 3", "'a+a'", "twice"]),
        (GOOD.replace("a+b,1.0", ",1.0"), ["row 3", "'subset' is ''"]),
        (GOOD + "b+a,1,,2,2,2,2\n", ["rows 3 and 4", "'a+b'", "cost 1"]),
        (GOOD + "a,0.7,x\n", ["row 4", "3 cells", "header has 7"]),
        ('subset,loss_a\n"a,1\n', ["CSV"]),
    ],
)
def test_wrong_table_is_refused_by_name(tmp_path, text, words):
    """A misread table would recommend networks by the wrong numbers."""
    with pytest.raises(InputError) as error:
        group(write(tmp_path, text), select="loss_{task}")
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"select": "loss"}, ["'loss'", "lacks {task}"]),
        ({"select": "lss_{task}"}, ["'lss_{task}' matches no column", "did you mean 'loss_a'"]),
        ({"report": "tset_{task}"}, ["'tset_{task}' matches no column", "'test_a'"]),
        ({"direction": "min"}, ["direction is 'min'", "minimize"]),
        ({"budget": 1.0, "groups": 2}, ["budget 1.0", "max_groups 2", "give one"]),
        ({"budget": 0.25}, ["budget 0.25", "smallest feasible budget is 1"]),
        ({"groups": 0}, ["max_groups is 0"]),
        ({"importance": {"z": 1.0}}, ["'z'", "Known: a, b"]),
    ],
)
def test_wrong_argument_is_refused_by_name(tmp_path, arguments, words):
    with pytest.raises(InputError) as error:
        group(write(tmp_path, GOOD), **{"select": "loss_{task}", **arguments})
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.csv", None, ["missing.csv", "does not exist"]),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\xff\xfe\x00", ["picture.csv", "cannot be read as CSV"]),
        ("text.parquet", b"subset,loss_a\n", ["text.parquet", "cannot be read as Parquet"]),
    ],
)
def test_unreadable_file_is_refused_by_name(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        group(tmp_path / name, select="loss_{task}")
    for word in words:
        assert word in str(error.value)


def test_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        group(tmp_path, select="loss_{task}")


def test_subset_cells_that_are_no_text_are_refused():
    with pytest.raises(InputError, match="row 1, column 'subset' is nan"):
        group(pd.DataFrame({"subset": [math.nan], "v_a": [1.0]}), "v_{task}")
