"""Tables in which every task has rows of its own: rows given to the wrong task would teach it nonsense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taskgroup.data import dataset_from_table, draw_split, load_dataset, prepare
from taskgroup.errors import InputError
from taskgroup.spec import SplitSpec, parse_study

N = 60


def frame(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "site": np.resize([1, 2, 3], N),
            "x0": rng.normal(size=N),
            "x1": rng.normal(size=N),
            "label": rng.permutation(np.resize([0, 1], N)),
            "when": pd.date_range("2024-01-01", periods=N).astype(str),
        }
    )


def study(*, tasks=None, **data):
    listed = tasks or [
        {"name": "north", "rows": 1, "target": "label", "kind": "binary"},
        {"name": "south", "rows": 2, "target": "label", "kind": "binary"},
    ]
    given = {"source": "memory", "task_column": "site", "exclude": ["when"], **data}
    return parse_study({"name": "s", "data": given, "tasks": listed})


def test_rows_belong_to_the_task_that_the_column_names():
    table = frame()
    dataset = dataset_from_table(table, study())
    own = table[table["site"].isin([1, 2])]
    assert dataset.feature_names == ("x0", "x1")
    assert dataset.owner.tolist() == (own["site"] - 1).tolist()
    for task, site in (("north", 1), ("south", 2)):
        rows = dataset.rows_of(task)
        np.testing.assert_array_equal(
            dataset.targets[task].values[rows], own.loc[own["site"] == site, "label"]
        )
        assert dataset.targets[task].labelled.sum() == len(rows)
    assert dataset.warnings == ("20 rows whose 'site' is '3' belong to no task and were left out",)


def test_task_names_are_values_by_default():
    table = frame().assign(site=lambda t: t["site"].map({1: "north", 2: "south", 3: "east"}))
    tasks = [{"name": name, "target": "label", "kind": "binary"} for name in ("south", "north")]
    dataset = dataset_from_table(table, study(tasks=tasks))
    assert dataset.owner[:2].tolist() == [1, 0]


def test_one_source_for_each_task(tmp_path):
    table = frame()
    for site, name in ((1, "north"), (2, "south")):
        own = table[table["site"] == site].drop(columns=["site", "when"])
        own.rename(columns={"label": f"{name}_label"}).to_csv(tmp_path / f"{name}.csv", index=False)
    sources = {name: str(tmp_path / f"{name}.csv") for name in ("south", "north")}
    tasks = [{"name": n, "target": f"{n}_label", "kind": "binary"} for n in ("north", "south")]
    described = parse_study({"name": "s", "data": {"source": sources}, "tasks": tasks})
    separate, together = load_dataset(described), dataset_from_table(table, study())
    assert separate.owner.tolist() == [0] * 20 + [1] * 20
    for task in ("north", "south"):
        rows = separate.rows_of(task)
        np.testing.assert_array_equal(
            separate.features[rows], together.features[together.rows_of(task)].astype(np.float32)
        )
        np.testing.assert_array_equal(
            separate.targets[task].values[rows], together.targets[task].values[together.rows_of(task)]
        )


def test_classes_are_each_tasks_own():
    """One task's labels may be text and another's numbers in the same column."""
    table = frame()
    table["label"] = [("yes" if v else "no") if s == 1 else v * 3 for s, v in zip(table.site, table.label)]  # noqa: B905
    dataset = dataset_from_table(table, study())
    assert dataset.targets["north"].classes == ("no", "yes")
    assert dataset.targets["south"].classes == (0, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task_column": "sight"}, r"data.task_column 'sight' is no column .*did you mean 'site'"),
        ({"exclude": ["wen"]}, r"data.exclude\[0\] 'wen' is no column .*did you mean 'when'"),
        ({"exclude": ["label"]}, r"data.exclude\[0\] 'label' is the target of task"),
        ({"features": ["x0", "when"]}, r"data.features\[1\] 'when' is also data.exclude\[0\]"),
        ({"weight": "x0"}, r"data.weight 'x0' \(task 'north'\) is -[\d.]+ in row"),
        ({"weight": "when", "exclude": []}, r"holds '2024-01-01' \(row 1\); weights are numbers"),
        (
            {"tasks": [{"name": "north", "rows": 7, "target": "label", "kind": "binary"}]},
            r"tasks\[0\].rows '7' is no value of data.task_column 'site' .* 1, 2, 3",
        ),
        (
            {"tasks": [{"name": n, "rows": 1, "target": "label", "kind": "binary"} for n in ("n", "s")]},
            "tasks 'n' and 's' both have the rows '1'",
        ),
        ({"split": {"by": "time", "column": "site"}}, "data.split.column 'site' has 2 distinct times"),
        ({"split": {"by": "group", "column": "site"}}, "data.split.column 'site' has 2 distinct groups"),
    ],
)
def test_mistakes_name_their_place(settings, message):
    with pytest.raises(InputError, match=message):
        dataset_from_table(frame(), study(**settings))


def test_sources_must_name_the_tasks():
    for sources, message in (
        ({"north": "a.csv"}, "no entry for task 'south'"),
        ({"north": "a.csv", "south": "b.csv", "east": "c.csv"}, "names 'east', which is no task"),
    ):
        with pytest.raises(InputError, match=message):
            study(source=sources, task_column=None)


def test_differing_features_are_named(tmp_path):
    table = frame().drop(columns=["site", "when"])
    table.to_csv(tmp_path / "a.csv", index=False)
    table.rename(columns={"x1": "x2"}).to_csv(tmp_path / "b.csv", index=False)
    sources = {"north": str(tmp_path / "a.csv"), "south": str(tmp_path / "b.csv")}
    tasks = [{"name": name, "target": "label", "kind": "binary"} for name in sources]
    with pytest.raises(InputError, match=r"a.csv and .*b.csv differ in column 'x1'.*data.features"):
        load_dataset(study(source=sources, task_column=None, exclude=[], tasks=tasks))


def test_every_task_has_its_share_of_every_part():
    dataset = dataset_from_table(frame(), study())
    for seed in range(3):
        split = draw_split(dataset, SplitSpec(train_fraction=0.5), study_seed=0, seed=seed)
        for rows, expected in ((split.train, 6), (split.validation, 4), (split.test, 4)):
            assert np.bincount(dataset.owner[rows]).tolist() == [expected, expected]
        for task in ("north", "south"):
            values, rows = dataset.targets[task].values, dataset.rows_of(task)
            positive = values[np.intersect1d(split.test, rows)].sum()
            assert abs(positive - 4 * values[rows].mean()) < 1


def test_copies_stay_together_across_tasks():
    """Two corpora may hold the same sentence: a row that is trained on for one is no test of the other."""
    table = frame()
    north, south = (np.flatnonzero(table["site"] == s) for s in (1, 2))
    table.loc[south[:10], ["x0", "x1"]] = table.loc[north[:10], ["x0", "x1"]].to_numpy()
    dataset = dataset_from_table(table, study())
    for seed in range(5):
        split = draw_split(dataset, SplitSpec(), study_seed=0, seed=seed)
        part = np.zeros(dataset.n_rows, dtype=int)
        part[split.validation], part[split.test] = 1, 2
        for copies in range(len(dataset.repeats.sizes)):
            assert len(set(part[dataset.repeats.group == copies])) == 1
        assert np.bincount(dataset.owner[split.test]).tolist() == [4, 4]


def test_the_owner_is_part_of_the_data():
    """Results of one division of rows among tasks must not be taken for those of another."""
    table = frame()
    moved = table.assign(site=np.where(table.index == 0, 2, table["site"]))
    first, second = (dataset_from_table(t, study()).fingerprint for t in (table, moved))
    assert first != second


def test_weights_average_to_one_and_zero_leaves_out():
    table = frame().assign(count=np.resize([0.0, 1.0, 2.0, 5.0], N))
    dataset = dataset_from_table(table, study(weight="count"))
    split = draw_split(dataset, SplitSpec(), study_seed=0, seed=0)
    prepared = prepare(dataset, split)
    for position, name in enumerate(dataset.targets):
        used = split.train[prepared.labelled[position, split.train]]
        assert prepared.weights[position, used].mean() == pytest.approx(1.0, rel=1e-6)
        rows = dataset.rows_of(name)
        counts = dataset.targets[name].weights[rows]
        assert dataset.targets[name].labelled[rows].tolist() == (counts > 0).tolist()
