"""Training on a CUDA device: what it finds must not depend on where it ran."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from planted import TASKS

from taskgroup.data import Dataset, dataset_from_table, planted_groups
from taskgroup.spec import RunResult, RunSpec, Sharing, Study, parse_study, settled
from taskgroup.training import Trainer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

N_ROWS = 120
WORDS = [f"w{i}" for i in range(30)]
CASES: dict[str, dict[str, Any]] = {
    "mlp": {"model": {"widths": [8, 8]}},
    "cnn": {"model": {"encoder": "cnn", "widths": [4, 6]}, "data": {"image": {"column": "image"}}},
    "embedding_bag": {
        "model": {"encoder": "embedding_bag", "widths": [6, 4]},
        "data": {"text": {"column": "text", "min_count": 1}},
    },
    "own rows": {"model": {"widths": [8, 8]}, "data": {"task_column": "task"}},
}


def case(name: str) -> tuple[Study, Dataset]:
    sections = CASES[name]
    study = parse_study(
        {
            "name": "cuda",
            "data": {"source": "memory", **sections.get("data", {})},
            "tasks": [{"name": task, "kind": "regression"} for task in TASKS],
            "model": sections["model"],
            "training": {"epochs": 4, "patience": 3, "batch_size": 16, "precision": "float64"},
        }
    )
    return study, dataset_from_table(table(name), study)


def table(name: str) -> dict[str, Any]:
    planted = planted_groups(groups=[["a", "b"], ["c", "d"]], n_rows=N_ROWS, n_features=6)
    columns: dict[str, Any] = {column: planted[column].to_numpy() for column in planted}
    labels, rng = {task: columns[task] for task in TASKS}, np.random.default_rng(0)
    if name == "cnn":
        return {**labels, "image": rng.random((N_ROWS, 6, 6, 1))}
    if name == "embedding_bag":
        return {**labels, "text": [" ".join(rng.choice(WORDS, 8)) for _ in range(N_ROWS)]}
    return columns if name == "mlp" else {**columns, "task": rng.permuted(np.resize(TASKS, N_ROWS))}


TAUGHT = settled("fixed", learning_rate=0.01, weight_decay=0.01)
RUNS = [
    RunSpec(subset, Sharing("hard", depth), weighting, 0.01, 0.01, seed, distillation=taught)
    for seed in (0, 1)
    for subset, depth, weighting, taught in (
        (("a",), 2, "equal", ""),
        (("a", "b"), 1, "uncertainty", ""),
        (TASKS, 2, "equal", ""),
        (("a", "b"), 1, "equal", TAUGHT),
    )
]


def values(result: RunResult) -> dict[tuple[str, str], float]:
    return {(score.task, score.split): score.value for score in result.scores}


def trained(name: str, device: str) -> list[RunResult]:
    """Every run of a case, in the order in which the trainer packs them."""
    trainer = Trainer(*case(name), device=device)
    results = [result for cohort in trainer.pack(RUNS) for result in trainer.train(cohort)]
    return sorted(results, key=lambda result: RUNS.index(result.spec))


@pytest.mark.parametrize("name", CASES)
def test_a_cuda_device_computes_what_the_processor_does(name):
    """Else a study would recommend other groups on a machine with a GPU."""
    for there, here in zip(trained(name, "cuda"), trained(name, "cpu"), strict=True):
        assert there.ok
        assert there.spec == here.spec
        assert values(there) == pytest.approx(values(here), rel=1e-6, abs=1e-8)


def test_the_callers_random_numbers_are_left_as_they_were():
    before = torch.cuda.get_rng_state()
    trained("mlp", "cuda")
    assert torch.equal(torch.cuda.get_rng_state(), before)
