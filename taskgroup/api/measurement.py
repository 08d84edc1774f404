"""Measuring exactly the subsets that somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Literal, final

import pandas as pd

from taskgroup.api.inputs import Data
from taskgroup.errors import InputError, nearest
from taskgroup.search import (
    Recipes,
    default_recipes,
    in_task_order,
    joint_sizes,
    matched_capacities,
    matched_specs,
    runs_with_gains,
)
from taskgroup.session import open_session
from taskgroup.spec import RunSpec, Study, Subset, read_distillations, settled
from taskgroup.transfer import BASELINE, MATCHED_BASELINE, negative_transfer, transfer_table

BASELINE_SIZES = ("full", "matched")
_MEASURE = "measure"
RUN_COLUMNS = ("run_id", "subset", "seed", "task", "split", "metric", "value", "gain")


@final
@dataclass(frozen=True)
class Measurement:
    """What `measure` found.

    Attributes:
        runs: One row a run, task and split: run_id, subset, seed, task, split, metric, value, gain.
        transfer: Every measured (target, subset) with gain, interval, p and q; validation rows.
        negative_transfer: The cells of it that hurt beyond seed noise (q < 0.05).
    """

    runs: pd.DataFrame
    transfer: pd.DataFrame
    negative_transfer: pd.DataFrame


def measure(
    study: Study,
    subsets: Sequence[Sequence[str]],
    *,
    seeds: int = 3,
    baseline: Literal["full", "matched"] = "full",
    storage: str | None = None,
    workers: int = 1,
    device: str = "cpu",
    data: Data | None = None,
    distillation: str | Mapping[str, Any] | None = None,
) -> Measurement:
    """Train exactly these subsets and the single-task baselines that they need, and nothing else.

    Nothing is tuned: learning rate and weight decay are the study's fixed ones or the defaults, sharing is as
    deep as the study allows, weighting is its first.

    Args:
        study: Data, tasks, model and training.
        subsets: Task names trained together.
        seeds: Paired repetitions of each.
        baseline: What gains are over: `full` single-task networks, or `matched` for narrower ones that
            together cost as much as the subset's network.
        storage: SQLAlchemy URL of a record to keep the runs in; in memory by default.
        workers: Processes to train in.
        device: `cpu`, `cuda` or `auto`.
        data: The rows, where `data.source` is `memory`: a DataFrame, a dict of columns, or a map-style data
            set such as `torch.utils.data.Dataset`, whose items are `(x, targets)`.
        distillation: Whether the baselines teach the subsets, as one entry of `search.distillation`; the
            study's first by default.

    Raises:
        InputError: If a subset names an unknown task, or the data do not suit the study.
    """
    if not isinstance(study, Study):
        raise InputError(f"study is {study!r:.80}; give what load_study() returns")
    if not isinstance(seeds, Integral) or seeds < 1:
        raise InputError(f"seeds is {seeds!r}; give a whole number, at least 1")
    if baseline not in BASELINE_SIZES:
        raise InputError(f"baseline is {baseline!r}; {nearest(baseline, BASELINE_SIZES)}")
    if not isinstance(subsets, Iterable):
        raise InputError(f"subsets is {subsets!r}; give a list of lists of task names")
    subsets = [subsets] if isinstance(subsets, str) else subsets
    riding = study.auxiliary_names
    ordered = (in_task_order(subset, study.task_names, auxiliary=riding) for subset in subsets)
    wanted = list(dict.fromkeys(ordered))
    if not wanted:
        raise InputError("subsets is empty; give at least one list of task names")
    if baseline == "matched" and study.trainer is not None:
        raise InputError("baseline='matched' needs networks of known widths, which a trainer's are not")
    recipes = default_recipes(study)
    taught = _distillation(study, recipes, distillation)
    chosen = tuple(range(study.seed, study.seed + seeds))
    opened = open_session(
        study, chosen, storage=storage, workers=workers, device=device, data=data, distils=bool(taught)
    )
    with opened as session:
        matched = None
        if baseline == "matched" and session.dataset is not None:
            n_inputs = session.dataset.n_inputs
            matched = matched_capacities(study, recipes, n_inputs, joint_sizes(wanted, riding=riding))
        specs = _measured_specs(study, recipes, wanted, chosen, matched)
        specs = [replace(s, distillation=taught) if len(s.subset) > 1 else s for s in specs]
        session.lab.run(_MEASURE, specs)
        frame = session.record.runs_frame(session.study_id, every_stage=True)
    runs = runs_with_gains(_asked_for(frame, specs), recipes, study, matched=matched)
    transfer = transfer_table(runs, baseline=BASELINE if matched is None else MATCHED_BASELINE)
    ordered = [*RUN_COLUMNS, *(c for c in runs.columns if c not in RUN_COLUMNS)]
    return Measurement(runs[ordered].reset_index(drop=True), transfer, negative_transfer(transfer))


def _distillation(study: Study, recipes: Recipes, given: str | Mapping[str, Any] | None) -> str:
    """How the baselines teach the subsets, as a run's text says it."""
    try:
        texts = study.search.distillation[:1] if given is None else read_distillations(given)
    except ValueError as error:
        raise InputError(f"distillation is {given!r:.80}: {error}") from None
    if len(texts) > 1:
        raise InputError(f"distillation is {given!r:.80}, which are {len(texts)} to try; give one")
    if texts[0] and study.trainer is not None:
        raise InputError("distillation= needs networks trained here, which a trainer's are not; drop it")
    single = recipes.single
    return settled(texts[0], learning_rate=single.learning_rate, weight_decay=single.weight_decay)


def _measured_specs(
    study: Study,
    recipes: Recipes,
    subsets: Sequence[Subset],
    seeds: Sequence[int],
    matched: Mapping[int, float] | None,
) -> list[RunSpec]:
    """The subsets' runs after those of their baselines, which are of full size without `matched`."""
    if matched is None:
        needed = [(task,) for task in study.main_names if any(task in subset for subset in subsets)]
        return [recipes.spec(subset, seed) for seed in seeds for subset in [*needed, *subsets]]
    by_size = matched_specs(study, recipes, matched, subsets, seeds)
    baselines = [spec for specs in by_size.values() for spec in specs]
    return [*baselines, *(recipes.spec(subset, seed) for seed in seeds for subset in subsets)]


def _asked_for(frame: pd.DataFrame, specs: Sequence[RunSpec]) -> pd.DataFrame:
    """The rows of these runs; the record may hold others of the study, under other recipes too."""
    measured = frame[frame["stage"] == _MEASURE]
    asked = pd.MultiIndex.from_tuples([(s.subset_name, s.seed, s.capacity, s.distillation) for s in specs])
    columns = ["subset", "seed", "capacity", "distillation"]
    return measured[pd.MultiIndex.from_frame(measured[columns]).isin(asked)]
