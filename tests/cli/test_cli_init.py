"""`taskgroup init`: a table in, a study file out that can be searched as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskgroup.loading import load_study

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def table(n_rows: int = 200, **columns: Any) -> pd.DataFrame:
    """Features, and two targets that follow from them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n_rows, 3))
    return pd.DataFrame({f"x{i}": x[:, i] for i in range(3)} | columns)


def noise(n_rows: int = 200) -> np.ndarray:
    return np.random.default_rng(1).normal(size=n_rows)


N = np.arange(200)
TABLES: dict[str, tuple[pd.DataFrame, dict[str, str]]] = {
    "plain": (
        table(y_size=noise(), y_flag=N % 2, y_code=N % 5),
        {"y_size": "regression", "y_flag": "binary", "y_code": "multiclass"},
    ),
    "words": (
        table(label_colour=np.array(["red", "green", "blue"])[N % 3], Target=np.array(["no", "yes"])[N % 2]),
        {"label_colour": "multiclass", "Target": "binary"},
    ),
    "gaps": (
        table(y1=np.where(N % 7 == 0, np.nan, N % 2), y2=np.array([0, 1, 3, 5])[N % 4]),
        {"y1": "binary", "y2": "regression"},
    ),
    "odd names": (
        table(**{"y_a+b": noise(), "y: [x], #1": N % 2, "colour, 'deep'": N * 0.5, "yes": np.cos(N)}),
        {"y_a_b": "regression", "y: [x], #1": "binary"},
    ),
    "much else": (
        table(
            y_a=noise(),
            y_b=N % 2,
            patient_id=N // 10,
            sample=[f"s{i}" for i in N],
            taken=pd.date_range("2024-01-01", periods=200).strftime("%Y-%m-%d"),
            row=N,
            dose=np.where(N == 3, np.nan, N / 3),
            huge=np.where(N == 3, 1e300, N / 3),
            site=np.array(["north", "south"])[N % 2],
            shape=np.array(["round", "flat"])[N % 2],
        ),
        {"y_a": "regression", "y_b": "binary"},
    ),
}


def write(folder: Path, frame: pd.DataFrame, ending: str) -> Path:
    path = folder / f"my table{ending}"
    frame.to_csv(path, index=False) if ending == ".csv" else frame.to_parquet(path)
    return path


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("name", TABLES)
def test_the_draft_passes_check_unchanged(taskgroup, tmp_path, name, ending):
    """Whoever tries the package on a table of their own starts here."""
    frame, kinds = TABLES[name]
    study_file = tmp_path / "out" / "study.yaml"
    study_file.parent.mkdir()
    ended = taskgroup("init", write(tmp_path, frame, ending), "-o", study_file)
    assert ended.code == 0, ended.err
    assert {task.name: task.kind for task in load_study(study_file).tasks} == kinds
    assert taskgroup("check", study_file).code == 0


def test_identifiers_dates_and_what_cannot_be_read_are_left_out(taskgroup, tmp_path):
    """A network that learns a row's number has learned nothing."""
    frame, _ = TABLES["much else"]
    study_file = tmp_path / "study.yaml"
    found = taskgroup("init", write(tmp_path, frame, ".csv"), "-o", study_file, "--json").json
    assert found["excluded"] == {
        "patient_id": "20 groups of rows",
        "sample": "an identifier",
        "taken": "a date",
        "row": "an identifier",
        "dose": "missing in 1 of 200 rows",
        "huge": "holds infinite values (or beyond float32's range)",
        "site": "2 groups of rows",
    }
    assert found["groups"] == ["patient_id", "site"]
    assert "# split: {by: group, column: patient_id}" in study_file.read_text()
    assert [task["metric"] for task in found["tasks"]] == ["r2", "auc"]
    assert found["features"] == 5


def test_targets_can_be_named(taskgroup, tmp_path):
    frame, _ = TABLES["plain"]
    words = ["init", write(tmp_path, frame, ".csv"), "-o", tmp_path / "study.yaml"]
    assert taskgroup(*words, "--target", "x0", "--target", "y_flag").code == 0
    study = load_study(tmp_path / "study.yaml")
    assert {task.name: task.kind for task in study.tasks} == {"x0": "regression", "y_flag": "binary"}


@pytest.mark.parametrize(
    ("columns", "words", "complaint"),
    [
        ({"size": noise()}, [], "no column's name says that it is a target"),
        ({"y": noise()}, [], "one column looks like a target, 'y'"),
        ({"y": noise()}, ["--target", "y"], "one target was given, 'y'"),
        ({"size": noise()}, ["--target", "sise", "--target", "x0"], "did you mean 'size'"),
        ({"y_a": noise(), "y_b": [f"n{i}" for i in N]}, [], "200 distinct values"),
        ({"y_a": noise(), "y_b": 1}, [], "'y_b' has fewer than two distinct values"),
        ({"y_a": noise(), "y_b": (N == 5).astype(int)}, [], "while drafting"),
    ],
)
def test_what_cannot_be_told_is_asked(taskgroup, tmp_path, columns, words, complaint):
    """The message lists the columns or says what to mend, and nothing is written."""
    path = write(tmp_path, table(**columns), ".csv")
    ended = taskgroup("init", path, "-o", tmp_path / "study.yaml", *words)
    assert ended.code == 2
    assert complaint in ended.err
    assert not (tmp_path / "study.yaml").exists()


def test_nothing_is_learned_from_where_all_columns_are_targets(taskgroup, tmp_path):
    path = write(tmp_path, pd.DataFrame({"y_a": noise(), "y_b": noise()[::-1]}), ".csv")
    ended = taskgroup("init", path, "-o", tmp_path / "study.yaml")
    assert ended.code == 2
    assert "no column" in ended.err


def test_a_file_is_never_overwritten(taskgroup, tmp_path):
    """It may be a study that somebody has worked on for a day."""
    path = write(tmp_path, TABLES["plain"][0], ".csv")
    (tmp_path / "study.yaml").write_text("mine")
    ended = taskgroup("init", path, "-o", tmp_path / "study.yaml")
    assert ended.code == 2
    assert "exists" in ended.err
    assert (tmp_path / "study.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["emotions", "sarcos", "wq", "tox21"])
def test_real_tables_are_drafted(taskgroup, tmp_path, name):
    if not (SHARED / f"{name}.parquet").exists():
        pytest.skip(f"{name}.parquet is not beside the checkout")
    study_file = tmp_path / "study.yaml"
    assert taskgroup("init", SHARED / f"{name}.parquet", "-o", study_file).code == 0
    assert taskgroup("check", study_file).code == 0
