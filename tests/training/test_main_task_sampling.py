"""Sampling for a main task: the others fade, and the unlike ones are hardly seen."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from taskgroup.data import dataset_from_table, planted_groups
from taskgroup.spec import RunSpec, Sharing, parse_study
from taskgroup.training import Trainer
from taskgroup.training.sampling import EpochKeys, MainTask, Proportional, StreamDraws

SIZES = {"main": 20, "like": 100, "unlike": 80}


def draws(*tasks: str) -> StreamDraws:
    sizes = [SIZES[task] for task in tasks]
    starts = np.cumsum([0, *sizes])
    rows = [np.arange(a, a + n) for a, n in zip(starts[:-1], sizes, strict=True)]
    similarity = {"main": 1.0, "like": 0.8, "unlike": 0.1}
    return StreamDraws(EpochKeys(0, 0, sum(sizes)), rows, tasks, similarity=lambda a, b: similarity[tasks[b]])


ALL = draws("main", "like", "unlike")


@pytest.mark.parametrize(
    ("sampling", "progress", "like"),
    [
        (MainTask("main"), 0.0, 80.0),
        (MainTask("main"), 1.0, 80.0 * math.exp(-3.0)),
        (MainTask("main", rate=1.0), 0.5, 80.0 * math.exp(-0.5)),
        (MainTask("main", "sigmoid"), 0.0, 80.0),
        (MainTask("main", "sigmoid", 2.0), 0.5, 160.0 / (1.0 + math.e)),
        (MainTask("main", "constant", share=0.5), 1.0, 40.0),
        (MainTask("main", similarity={"like": 0.3}), 0.0, 30.0),
    ],
)
def test_golden_numbers_of_rows(sampling, progress, like):
    """100 rows that are 0.8 alike count as 80, times share and schedule; 80 that are 0.1 alike as 8."""
    given = sampling.similarity.get("like", 0.8)
    assert sampling.counts(ALL, progress) == [20, round(like), round(like / (100 * given) * 8)]


@pytest.mark.parametrize("progress", [0.0, 0.3, 1.0])
def test_the_main_task_has_the_rows_of_a_proportional_epoch(progress):
    """Common random numbers: what changes is the company of its rows, not their order or their steps."""
    order = MainTask("main").order(ALL, batch_size=16, progress=progress)
    proportional = Proportional().order(ALL, batch_size=16, progress=progress)
    assert len(order) == 200
    of_main = proportional < 20
    assert (order[of_main] == proportional[of_main]).all()
    assert np.isin(order[order >= 0], proportional).all()
    assert len(set(order[order >= 0].tolist())) == (order >= 0).sum()


def test_subsets_without_it_are_proportional():
    order = MainTask("main").order(draws("like", "unlike"), batch_size=16, progress=0.7)
    assert sorted(order.tolist()) == list(range(180))


def test_a_task_that_is_nothing_alike_is_not_drawn():
    order = MainTask("main", similarity={"unlike": 0.0}).order(ALL, batch_size=16, progress=0.0)
    assert order.max() < 120


def _planted() -> pd.DataFrame:
    """Few rows of `main`, many of `like`, with the same function, and of `unlike`, with one of its own."""
    sizes = {"main": 80, "like": 400, "unlike": 400}
    wide = planted_groups(
        groups=[("main", "like"), ("unlike",)], n_rows=880, n_features=24, noise=0.5, within=1.0
    )
    owner = np.repeat(np.arange(3), list(sizes.values()))
    y = wide[list(sizes)].to_numpy()[np.arange(880), owner]
    return wide.drop(columns=list(sizes)).assign(task=np.array(list(sizes))[owner], y=y)


def _score_of_main(sampling: object, partner: str, seed: int) -> float:
    described = parse_study(
        {
            "name": "planted",
            "data": {"source": "memory", "task_column": "task"},
            "tasks": [
                {"name": name, "target": "y", "kind": "regression"} for name in ("main", "like", "unlike")
            ],
            "model": {"widths": [12]},
            "training": {"batch_size": 32, "epochs": 30, "sampling": sampling},
        }
    )
    trainer = Trainer(described, dataset_from_table(_planted(), described))
    run = RunSpec(("main", partner), Sharing("hard", 1), "equal", 0.02, 0.01, seed)
    (result,) = trainer.train([run])
    return next(s.value for s in result.scores if (s.task, s.split) == ("main", "test"))


def test_a_similar_task_helps_more_than_a_dissimilar_one():
    """Planted: the rows tell which is which, and that of a similar one is made the most of."""
    like, unlike, like_to_the_end = (
        np.mean([_score_of_main(sampling, partner, seed) for seed in range(4)])
        for sampling, partner in (
            ({"main": "main"}, "like"),
            ({"main": "main"}, "unlike"),
            ("proportional", "like"),
        )
    )
    assert like > unlike + 0.1
    assert like > like_to_the_end
