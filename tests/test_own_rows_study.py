"""A whole search in which every task has rows of its own: two terrains, three tasks in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import taskgroup as tg
from taskgroup.data import load_dataset, planted_groups
from taskgroup.errors import InputError
from taskgroup.executors import ProcessExecutor
from taskgroup.spec import RunSpec, Sharing, parse_study
from taskgroup.training import Trainer

TERRAINS = (("a", "b", "c"), ("d", "e", "f"))
NAMES = tuple(name for terrain in TERRAINS for name in terrain)


def long_table(n_rows: int) -> pd.DataFrame:
    """Tasks of a terrain have one function of the features, and different rows; terrains get in the way."""
    wide = planted_groups(groups=TERRAINS, n_rows=n_rows, n_features=8, noise=0.05, within=1.0, conflict=True)
    owner = np.random.default_rng(0).permutation(np.resize(NAMES, n_rows))
    y = wide[list(NAMES)].to_numpy()[range(n_rows), [NAMES.index(name) for name in owner]]
    return wide[[c for c in wide if c.startswith("x")]].assign(task=owner, y=y)


def document(
    folder: Path, *, n_rows: int, training: dict[str, Any], search: dict[str, Any]
) -> dict[str, Any]:
    path = folder / "long.csv"
    long_table(n_rows).to_csv(path, index=False)
    return {
        "name": "terrains",
        "data": {"source": str(path), "task_column": "task"},
        "tasks": [{"name": name, "target": "y", "kind": "regression"} for name in NAMES],
        "model": {"widths": [12]},
        "training": {"batch_size": 32, "learning_rate": 0.02, "weight_decay": 0.01, **training},
        "grouping": {"max_groups": 2},
        "search": search,
    }


def small(
    folder: Path, *, training: dict[str, Any] | None = None, search: dict[str, Any] | None = None
) -> dict[str, Any]:
    least = {"runs": 60, "seeds": 2, "confirm_seeds": 2, "strategy": "pairs"}
    return document(
        folder, n_rows=240, training={"epochs": 3, **(training or {})}, search=least | (search or {})
    )


def test_terrains_are_found(tmp_path):
    """Sharing helps within a terrain, and the recommendation says so."""
    search = {"runs": 90, "seeds": 2, "confirm_seeds": 4}
    result = tg.search(parse_study(document(tmp_path, n_rows=2400, training={"epochs": 40}, search=search)))
    assert {network.serves for network in result.recommendation.networks} == set(TERRAINS)
    advantage = result.outcome.recommendation.versus["single_task"]
    low = advantage["low"] if isinstance(advantage, dict) else advantage.low
    assert low > 0.2


def test_measure_gives_gains_on_own_rows(tmp_path):
    study = parse_study(small(tmp_path))
    measured = tg.measure(study, [("a", "b"), NAMES], seeds=2)
    test = measured.runs[(measured.runs["split"] == "test") & (measured.runs["subset"] == "a+b")]
    assert sorted(test["task"]) == ["a", "a", "b", "b"]
    assert test["gain"].notna().all()


def test_resuming_gives_the_same_runs(tmp_path):
    """A search that goes on where it stopped must not change any result, although it packs other cohorts."""
    study = parse_study(small(tmp_path))
    url = f"sqlite:///{tmp_path / 'one.db'}"
    tg.search(parse_study(small(tmp_path, search={"runs": 40})), storage=url)
    resumed, at_once = tg.search(study, storage=url), tg.search(study)
    keys = ["subset", "seed", "task", "split"]
    first, second = (result.runs.set_index(keys)["value"] for result in (resumed, at_once))
    common = first.index.intersection(second.index)
    assert len(common) > 60
    np.testing.assert_allclose(first[common], second[common], rtol=1e-3)


def test_workers_train_on_own_rows(tmp_path):
    study = parse_study(small(tmp_path))
    dataset = load_dataset(study)
    runs = [RunSpec(s, Sharing("hard", 1), "equal", 0.02, 0.01, 0) for s in (("a",), ("b", "c"))]
    executor = ProcessExecutor(study, dataset, n_workers=1)
    try:
        (there,) = executor.train([runs[:1]])
    finally:
        executor.close()
    assert there[0].scores == Trainer(study, dataset).train(runs[:1])[0].scores
    assert len(executor.pack(runs)) == 2, "they take other numbers of steps"


def test_estimators_work_on_own_rows(tmp_path, taskgroup):
    path, url = tmp_path / "study.yaml", f"sqlite:///{tmp_path / 'tg.db'}"
    path.write_text(yaml.safe_dump(small(tmp_path)))
    assert taskgroup("search", path, "--storage", url, "--quiet").code == 0
    ended = taskgroup("affinity", path, "--storage", url, "--estimator", "all", "--json")
    assert ended.code == 0, ended.err
    for name in ("lookahead", "gradient_cosine", "linearised", "static"):
        assert name in ended.out


def test_check_counts_the_rows_of_every_task(tmp_path, taskgroup):
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(small(tmp_path)))
    assert "a  regression  scored by r2        40 labels  rows: 24 training, 8 validation, 8 test" in (
        taskgroup("check", path).err + taskgroup("check", path).out
    )
    rows = {task["name"]: task["rows"] for task in taskgroup("check", path, "--json").json["tasks"]}
    assert rows["f"] == {"training": 24, "validation": 8, "test": 8}


def test_weightings_that_compare_losses_need_mixed_batches(tmp_path):
    described = small(tmp_path, training={"sampling": "round_robin"})
    described["search"] |= {"weighting": ["equal", "uncertainty"]}
    message = r"search.weighting\[1\] 'uncertainty' looks at .*sampling 'round_robin'"
    with pytest.raises(InputError, match=message):
        tg.measure(parse_study(described), [("a", "b")], seeds=1)
    described["search"]["weighting"] = ["equal"]
    assert tg.measure(parse_study(described), [("a", "b")], seeds=1).runs["value"].notna().all()


def test_samplings_with_settings_are_searched_and_looked_at_again(tmp_path, taskgroup):
    """The command line, and all that reads the record, would refuse a study that `check` called sound."""
    path, url = tmp_path / "study.yaml", f"sqlite:///{tmp_path / 'tg.db'}"
    settings = ["proportional", {"temperature": 5, "annealed": True}]
    path.write_text(yaml.safe_dump(small(tmp_path, search={"sampling": settings})))
    assert taskgroup("search", path, "--storage", url, "--quiet").code == 0
    assert taskgroup("affinity", "terrains", "--storage", url, "--quiet").code == 0


def test_tasks_that_are_taught_are_compared_with_what_they_reach_alone(tmp_path):
    """The search would end in an error of ours: single tasks have no teachers to be compared with."""
    training = {"sampling": {"by": "validation", "references": "single_task"}}
    taught = tg.measure(
        parse_study(small(tmp_path, training=training)), [("a", "b")], seeds=1, distillation="annealed"
    )
    assert taught.runs["value"].notna().all()
