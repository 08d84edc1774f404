"""Time networks of modules, one at a time and stacked where that is built."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.data import dataset_from_table
from taskgroup.spec import RunSpec, Sharing, Study, parse_study
from taskgroup.training import Trainer

SIZES = (1, 4, 8, 16)
_ROWS = 400
_WORDS = [f"w{i}" for i in range(2000)]


def encoders(rounds: int, sizes: Sequence[int] = SIZES, epochs: int = 2) -> Report:
    """Time a run of each encoder by the number of runs at once.

    Args:
        rounds: Turns that each size takes.
        sizes: Runs at once; only convolutions compute several together.
        epochs: Passes over 240 training rows.
    """
    rows: list[tuple[str | float | int, ...]] = []
    raw: dict[str, Any] = {}
    for name, trainer in _trainers(epochs).items():
        runs = _runs(max(sizes))
        contenders = {n: Contender(f"{name}, {n}", partial(trainer.train, runs[:n]), n) for n in sizes}
        take_turns(list(contenders.values()), rounds)
        ms = [contender.cpu_ms_a_run for contender in contenders.values()]
        chosen = max(len(cohort) for cohort in trainer.pack(runs))
        rows.append((name, *ms, contenders[sizes[0]].wall_ms_a_run, chosen))
        raw[name] = {n: {"cpu": c.cpu_seconds, "wall": c.wall_seconds} for n, c in contenders.items()}
    text = [
        f"CPU ms a run ({epochs} epochs of 240 rows, two tasks, all blocks shared) by the number of runs in a "
        f"cohort; one thread, medians of {rounds} turns that the sizes took one after the other. `cnn` cohorts of "
        "several runs are grouped convolutions; those of other encoders compute module by module and share the "
        "batches, the losses and the optimiser step. `chosen` is the largest cohort that taskgroup packs.",
    ]
    columns = ("", *(f"{n} at once" for n in sizes), f"wall, {sizes[0]} at once", "chosen")
    table = Table("CPU ms a run", columns, rows)
    return Report("encoders", "Encoders of modules", text, [table], machine_facts(), raw)


def _trainers(epochs: int) -> dict[str, Trainer]:
    images = {
        "cnn 16-32, 8 × 8, batch 32": (8, 1, [16, 32], 32),
        "cnn 16-32, 8 × 8, batch 64": (8, 1, [16, 32], 64),
        "cnn 32-64-64, 8 × 8, batch 64": (8, 1, [32, 64, 64], 64),
        "cnn 16-32, 32 × 32 colour, batch 32": (32, 3, [16, 32], 32),
        "cnn 32-64-64, 32 × 32 colour, batch 64": (32, 3, [32, 64, 64], 64),
    }
    trainers = {
        name: _image_trainer(side, channels, widths, batch, epochs)
        for name, (side, channels, widths, batch) in images.items()
    }
    for encoder in ("bag", "embedding_bag", "lstm"):
        trainers[f"{encoder} 32-64, 30 tokens, batch 32"] = _text_trainer(encoder, epochs)
    return trainers


def _image_trainer(side: int, channels: int, widths: list[int], batch: int, epochs: int) -> Trainer:
    rng = np.random.default_rng(0)
    table = {"image": rng.random((_ROWS, side, side, channels)), **_labels(rng)}
    study = _study({"encoder": "cnn", "widths": widths}, {"image": {"column": "image"}}, batch, epochs)
    return Trainer(study, dataset_from_table(table, study))


def _text_trainer(encoder: str, epochs: int) -> Trainer:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(_WORDS, 30)) for _ in range(_ROWS)]
    study = _study({"encoder": encoder, "widths": [32, 64]}, {"text": {"column": "text"}}, 32, epochs)
    return Trainer(study, dataset_from_table({"text": texts, **_labels(rng)}, study))


def _labels(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"a": rng.integers(0, 10, _ROWS), "b": rng.integers(0, 2, _ROWS)}


def _study(model: dict[str, Any], inputs: dict[str, Any], batch: int, epochs: int) -> Study:
    return parse_study(
        {
            "name": "encoders",
            "data": {"source": "memory", **inputs},
            "tasks": [{"name": "a", "kind": "multiclass"}, {"name": "b", "kind": "binary"}],
            "model": model,
            "training": {"epochs": epochs, "batch_size": batch},
        }
    )


def _runs(n: int) -> list[RunSpec]:
    """Seeds of the pair at full sharing; depths beyond an encoder's blocks share all of them."""
    return [RunSpec(("a", "b"), Sharing("hard", 9), "equal", 3e-3, 1e-2, seed) for seed in range(n)]
