"""The data sets, and how each is studied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import taskgroup as tg
from taskgroup.spec import Study, parse_study


@dataclass(frozen=True)
class Case:
    """A data set to search.

    Attributes:
        name: Of the study.
        file: Its table; None for a study that ships.
        kind: Of all its tasks but those in `kinds`.
        kinds: Of tasks that are of another kind.
        sections: What its study file says beside or instead of the common settings.
        task_column: Where every task has rows of its own, the column that says whose; labels are in `y`.
        rows: Takes the rows and columns that are searched, where not all are.
        n_workers: Processes to train in.
        untuned: Whether all pairs are also measured with untuned settings.
        expected: What is known of the set from elsewhere, as half a sentence.
    """

    name: str
    file: str | None
    kind: str = "regression"
    kinds: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    task_column: str | None = None
    rows: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    n_workers: int = 1
    untuned: bool = True
    expected: str = ""


def _sentences(table: pd.DataFrame) -> pd.DataFrame:
    """1,500 sentences of each set; SST5 and MR are left out, whose sentences SST2 shares."""
    sets = table[~table["task"].isin(["MR", "SST5"])].sample(frac=1, random_state=0)
    return sets.groupby("task").head(1500)[["task", "y", "text"]]


def _images(table: pd.DataFrame) -> pd.DataFrame:
    """Every fourth image."""
    return table.sample(n=3750, random_state=0)[["jpeg", "y_class", "y_animal"]]


def _complete_descriptors(table: pd.DataFrame) -> pd.DataFrame:
    """Labels, and the 203 of 214 descriptors that every compound has."""
    complete = [c for c in table if c.startswith("d_") and table[c].notna().all()]
    return table[[c for c in table if c.startswith("y_")] + complete]


CASES = (
    Case("digits", None, expected="untuned, one network for all tasks loses on 6 of 7"),
    Case("emotions", "emotions.parquet", "binary", expected="one network for all gains on 5 of 6 tasks"),
    Case(
        "wq",
        "wq.parquet",
        sections={"search": {"runs": 900, "seeds": 3}},
        expected="noisy; one network for all gains on 8 and loses on 6 of 14 tasks",
    ),
    Case("sarcos", "sarcos.parquet", expected="one network for all loses on all 7 tasks"),
    Case(
        "sarcos_fifth",
        "sarcos.parquet",
        sections={"data": {"split": {"train_fraction": 0.2}}},
        expected="strong negative transfer: 33 of 42 ordered pairs lose",
    ),
    Case(
        "tox21",
        "tox21.parquet",
        "binary",
        sections={"search": {"runs": 900, "seeds": 3, "time": "6m"}},
        rows=_complete_descriptors,
        n_workers=2,
        untuned=False,
        expected="one network for all gains on 6 and loses on 6 of 12 tasks, +0.006 AUC on average",
    ),
    Case(
        "landmine",
        "landmine.parquet",
        "binary",
        sections={
            "training": {"epochs": 12},
            "search": {"runs": 1900, "seeds": 3, "time": "6m"},
            "grouping": {"max_groups": 4},
        },
        task_column="task",
        untuned=False,
        expected="strong positive transfer: one network for all gains on 25 of 29 tasks",
    ),
    Case(
        "text_sentences",
        "text_sentences.parquet",
        "binary",
        kinds={"TREC": "multiclass"},
        sections={
            "data": {"text": {"column": "text", "max_tokens": 40}},
            "model": {"encoder": "bag", "widths": [32, 32]},
            "training": {"epochs": 6, "learning_rate": 0.005, "weight_decay": 0.01},
            "search": {"sharing": {"depth": [2]}, "runs": 300, "seeds": 3},
        },
        task_column="task",
        rows=_sentences,
        n_workers=2,
        untuned=False,
        expected="sets of sentiment (CR, MPQA, SST2) help each other, TREC loses with every partner",
    ),
    Case(
        "cifar10_twohead",
        "cifar10_twohead.parquet",
        "multiclass",
        kinds={"animal": "binary"},
        sections={
            "data": {"image": {"column": "jpeg", "size": [16, 16]}},
            "model": {"encoder": "cnn", "widths": [16, 32, 32]},
            "training": {"epochs": 8},
            "search": {"sharing": {"depth": [1, 2, 3]}, "runs": 150, "seeds": 5, "time": "5m"},
        },
        rows=_images,
        untuned=False,
        expected="the class loses beside the second head (accuracy 0.54 alone, 0.49 with it)",
    ),
)


def study_of(case: Case, data: Path, scratch: Path | None = None) -> Study:
    """The study of a case.

    Args:
        case: The case.
        data: Where the tables are.
        scratch: Where a part of a table may be written to; needed where the case takes a part.
    """
    if case.file is None:
        return tg.load_study(f"studies/{case.name}.yaml")
    source, table = data / case.file, pd.read_parquet(data / case.file)
    if case.rows is not None and scratch is not None:
        source, table = scratch / case.file, case.rows(table)
        table.to_parquet(source)
    common: dict[str, dict[str, Any]] = {
        "data": {"source": str(source.resolve()), "task_column": case.task_column},
        "model": {"widths": [64, 64]},
        "training": {},
        "search": {"sharing": {"depth": [1, 2]}, "runs": 700, "seeds": 5},
        "grouping": {"max_groups": 3},
    }
    merged = {name: section | dict(case.sections.get(name, {})) for name, section in common.items()}
    return parse_study({"name": case.name, "tasks": _tasks(case, table), **merged})


def _tasks(case: Case, table: pd.DataFrame) -> list[dict[str, Any]]:
    if case.task_column is None:
        targets = {c[2:]: c for c in table if c.startswith("y_")}
    else:
        targets = {f"{mark}": "y" for mark in sorted(table[case.task_column].unique().tolist())}
    return [
        {"name": name, "target": target, "kind": case.kinds.get(name, case.kind)}
        for name, target in targets.items()
    ]
