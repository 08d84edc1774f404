"""The Python interface: a study or a trainer in, a result out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, final

import pandas as pd

from taskgroup.affinity import AffinityByDepth, AffinityMatrix
from taskgroup.data import Dataset, Items
from taskgroup.errors import InputError, nearest
from taskgroup.executors import FunctionExecutor, TrainFunction
from taskgroup.grouping import Grouping
from taskgroup.progress import shown
from taskgroup.search import (
    DEFAULT_STRATEGY,
    FUNCTION_RECIPES,
    REPORT_SECONDS,
    Driver,
    Estimation,
    FunctionDriver,
    Lab,
    LinearComparison,
    Outcome,
    Progress,
    Recipes,
    as_candidates,
    conclude,
    default_recipes,
    importance_table,
    in_task_order,
    joint_sizes,
    keep_linear_baselines,
    linear_seconds,
    make_plan,
    matched_capacities,
    matched_specs,
    measure_by_depth,
    plan_calls,
    require_feasible,
    runs_with_gains,
    search_seeds,
)
from taskgroup.session import IN_MEMORY, open_session
from taskgroup.spec import Direction, RunSpec, Study, Subset, parse_study, read_distillations, settled
from taskgroup.storage import open_record
from taskgroup.transfer import BASELINE, MATCHED_BASELINE, negative_transfer, transfer_table

Data = pd.DataFrame | Mapping[str, Any] | Items
BASELINE_SIZES = ("full", "matched")
_MEASURE = "measure"
RUN_COLUMNS = ("run_id", "subset", "seed", "task", "split", "metric", "value", "gain")


@final
@dataclass(frozen=True)
class SearchResult:
    """What a search found; every table of `Outcome` is an attribute.

    Attributes:
        outcome: The tables.
        dataset: The rows, where they were handed over and so cannot be read again.
    """

    outcome: Outcome
    dataset: Dataset | None = None

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run, task and split."""
        return self.outcome.runs

    @property
    def affinity(self) -> AffinityMatrix:
        """Gain that each source brings to each target, with intervals, q-values and numbers of runs."""
        return self.outcome.affinity

    @property
    def transfer(self) -> pd.DataFrame:
        """Every measured (target, subset) with gain, interval, p and q."""
        return self.outcome.transfer

    @property
    def negative_transfer(self) -> pd.DataFrame:
        """The cells of `transfer` that hurt beyond seed noise (q < 0.05), worst first."""
        return self.outcome.negative_transfer

    @property
    def matched_transfer(self) -> pd.DataFrame:
        """The same with gains over capacity-matched single-task networks, where the study asks for them."""
        return self.outcome.matched_transfer

    @property
    def auxiliaries(self) -> pd.DataFrame:
        """What each auxiliary task added to the networks that it was tried in, with interval, p and q."""
        return self.outcome.auxiliaries

    @property
    def ways(self) -> pd.DataFrame:
        """Networks that were also trained at another depth or weighting, against the first way."""
        return self.outcome.ways

    @property
    def importances(self) -> pd.DataFrame:
        """How much each tuned setting of joint training mattered; empty where too few recipes were tried."""
        return importance_table(self.outcome.runs, self.outcome.study)

    @property
    def linear(self) -> LinearComparison:
        """Linear models of all tasks against the networks: `.gains`, `.scores`, `.verdict`, `.clusters`."""
        return self.outcome.linear

    @property
    def recommendation(self) -> Grouping:
        """The networks to train."""
        return self.outcome.recommendation

    def estimate_affinity(self, estimator: str) -> AffinityMatrix:
        """Estimate the affinity in another way, with its cost and its agreement with what was measured.

        Args:
            estimator: `pairwise`, `hoa`, `subset_regression`, `lookahead`, `gradient_cosine`,
                `gradient_projection`, `linearised` or `static`.

        Raises:
            InputError: If the name is unknown, or the estimator cannot be used for this study.
        """
        return self._estimation.matrix(estimator)

    def report(self, folder: str | Path) -> Path:
        """Write the HTML report with its tables and pictures, and return the page's path."""
        from taskgroup.reporting import write_report

        estimates = self._estimation.all(at_most_seconds=REPORT_SECONDS)
        return write_report(self.outcome, Path(folder), estimates=estimates).html

    def export(self, path: str | Path) -> Path:
        """Write the recommended groups as JSON, YAML or CSV, by the file's suffix."""
        from taskgroup.reporting import write_export

        write_export(self.recommendation, Path(path))
        return Path(path)

    @cached_property
    def _estimation(self) -> Estimation:
        return Estimation.of_outcome(self.outcome, dataset=self.dataset)


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


def affinity_by_depth(
    study: Study,
    *,
    storage: str | None = None,
    runs: int | None = None,
    progress: bool | Progress = False,
    workers: int = 1,
    device: str = "cpu",
    data: Data | None = None,
) -> AffinityByDepth:
    """Measure all pairs at every sharing depth, and recommend where the encoder should branch.

    Sharing may help in low blocks and hurt in high ones. Runs that the storage holds are not trained again.
    Pairs are trained as a search of the study found best for joint training, else by the defaults.

    Args:
        study: Its `search.sharing.depth` and `search.seeds` say what is measured; every depth by default.
        storage: SQLAlchemy URL of the record; in memory by default.
        runs: At most so many trainings, the single-task baselines first.
        progress: True shows progress on stderr.
        workers: Processes to train in.
        device: `cpu`, `cuda` or `auto`.
        data: As for `search`.

    Returns:
        `.estimate[depth]`, `.low[depth]` and `.high[depth]` are frames [target, source]; `.tree` is the
        recommended sharing, whose `.text` goes into the study file.

    Raises:
        InputError: If the study, the data or an argument is wrong.
        RunFailedError: If no pair gave a gain.
    """
    if not isinstance(study, Study):
        raise InputError(f"study is {study!r:.80}; give what load_study() returns")
    if runs is not None and (not isinstance(runs, Integral) or runs < 1):
        raise InputError(f"runs is {runs!r}; give a whole number, at least 1, or leave it out")
    listener = _listener(progress)
    opened = open_session(
        study,
        search_seeds(study),
        storage=storage,
        workers=workers,
        device=device,
        data=data,
        progress=listener,
    )
    with opened as session:
        return measure_by_depth(
            study, session.record, session.study_id, session.lab, runs=runs, progress=listener
        )


def search(
    study: Study | Sequence[str],
    *,
    storage: str | None = None,
    progress: bool | Progress = False,
    workers: int = 1,
    device: str = "cpu",
    data: Data | None = None,
    train: TrainFunction | None = None,
    runs: int | None = None,
    groups: int | None = None,
    seeds: int | None = None,
    seed: int | None = None,
    confirm: bool = True,
    direction: Direction = "maximize",
    scale: Literal["score", "relative"] = "score",
    candidates: Sequence[Sequence[str]] | None = None,
    importance: Mapping[str, float] | None = None,
    auxiliary: Sequence[str] = (),
    strategy: str | None = None,
    name: str | None = None,
) -> SearchResult:
    """Find the groups of tasks to train together.

    Args:
        study: A study, whose networks are trained here or by the trainer that it names, or task names
            together with `train`.
        storage: SQLAlchemy URL of the record; in memory by default. A search continues where the record
            of the same study ends.
        progress: True shows progress on stderr.
        workers: Processes to train in, or commands at the same time (studies only).
        device: `cpu`, `cuda` or `auto` (studies only).
        data: The rows, where `data.source` is `memory`: a DataFrame, a dict of columns, or a map-style data
            set such as `torch.utils.data.Dataset`. Its items are read once, as `(x, targets)`: a vector or an
            image, and a dict from task names to labels (None where one is missing) or one number a task.
        train: A function from a request (`.subset`, `.seed`, `.fidelity`, `.sharing`, `.weighting`) to
            `{task: score}`. An exception fails that run alone.
        runs: At most so many trainings; the study's `search.runs`, or 100 calls, by default.
        groups: At most so many networks.
        seeds: Repetitions of each subset; with 1, nothing is repeated and gains have no interval.
        seed: Decides everything random.
        confirm: Whether the best grouping is measured again with fresh seeds (`train` only).
        direction: Whether large or small scores are better (`train` only).
        scale: `score` reports differences of scores, `relative` divides them by the single-task score
            (`train` only).
        candidates: The only subsets that may be asked for (`train` only).
        importance: Weight of each task in the objective, 1 by default (`train` only).
        auxiliary: Names of tasks that may ride along in networks of the others, and need no score (`train`
            only; a study says it by the role of its tasks).
        strategy: How subsets are chosen: `active` (the default), `hoa`, `pairs`, `random` or `exhaustive`.
        name: The study's name in the record (`train` only).

    Raises:
        InputError: If the study, the data or an argument is wrong; nothing was trained or written.
        RunFailedError: If all single-task runs of a task failed.
    """
    listener = _listener(progress)
    if isinstance(study, Study):
        if train is not None:
            raise InputError("train= goes with a list of task names, not with a study; drop one of them")
        _refuse_given(
            "goes with train= alone; a study's file says it",
            confirm=not confirm,
            direction=direction != "maximize",
            scale=scale != "score",
            candidates=candidates is not None,
            importance=importance is not None,
            auxiliary=bool(auxiliary),
            name=name is not None,
        )
        changed = _overridden(study, runs=runs, groups=groups, seeds=seeds, seed=seed, strategy=strategy)
        return _search_study(changed, storage, listener, workers, device, data)
    if train is None:
        raise InputError("give a study from load_study(), or task names together with train=")
    if not callable(train):
        raise InputError(f"train is {train!r:.80}; give a function from a request to {{task: score}}")
    if confirm not in (True, False):
        raise InputError(f"confirm is {confirm!r:.80}; give True or False")
    _refuse_given(
        "goes with a study alone; train() runs as it likes",
        workers=workers != 1,
        device=device != "cpu",
        data=data is not None,
    )
    document = {
        "name": "function" if name is None else name,
        "data": {"source": f"python:{getattr(train, '__qualname__', 'train')}"},
        "tasks": [*_external_tasks(study, direction, scale, importance), *_external_auxiliaries(auxiliary)],
        "search": {
            "runs": 100 if runs is None else runs,
            "seeds": 1 if seeds is None else seeds,
            "strategy": DEFAULT_STRATEGY if strategy is None else strategy,
        },
        "grouping": {"max_groups": groups},
        "seed": 0 if seed is None else seed,
    }
    described = parse_study(document, place="search()")
    return _search_function(described, train, candidates, confirm=confirm, storage=storage, listener=listener)


def _search_study(
    study: Study, storage: str | None, progress: Progress, workers: int, device: str, data: Data | None
) -> SearchResult:
    require_feasible(study)
    plan = make_plan(study)
    seeds = (*plan.seeds, *plan.fresh_seeds)
    opened = open_session(
        study, seeds, storage=storage, workers=workers, device=device, data=data, progress=progress
    )
    with opened as session:
        driver = Driver(
            study,
            session.dataset,
            lab=session.lab,
            record=session.record,
            study_id=session.study_id,
            progress=progress,
        )
        driver.search()
        keep_linear_baselines(
            study,
            session.dataset,
            record=session.record,
            study_id=session.study_id,
            seeds=plan.fresh_seeds,
            seconds=_seconds_left(study, session.lab, at_most=_linear_seconds(session.lab)),
            tell=progress.note,
        )
        outcome = conclude(study, session.record, session.study_id, plan)
        return SearchResult(outcome, None if data is None else session.dataset)


def _linear_seconds(lab: Lab) -> float:
    return linear_seconds(max(lab.seconds, lab.training_seconds))


def _seconds_left(study: Study, lab: Lab, *, at_most: float) -> float:
    """Of `search.time`, where there is a limit."""
    limit = study.search.time
    return at_most if limit is None else min(at_most, max(0.0, limit - lab.seconds))


def _search_function(
    study: Study,
    train: TrainFunction,
    candidates: Sequence[Sequence[str]] | None,
    *,
    confirm: bool,
    storage: str | None,
    listener: Progress,
) -> SearchResult:
    allowed = as_candidates(candidates, study.task_names, auxiliary=study.auxiliary_names)
    calls = plan_calls(
        study, runs=study.search.runs, seeds=study.search.seeds, confirm=confirm, candidates=allowed
    )
    with open_record(storage or IN_MEMORY) as record:
        study_id = record.open_study(study, data_fingerprint=study.data.source_name)
        executor = FunctionExecutor(train, study.tasks)
        lab = Lab(executor, record, study_id, study.context(study.name), listener)
        driver = FunctionDriver(
            study, calls, allowed, lab=lab, record=record, study_id=study_id, progress=listener
        )
        try:
            driver.search()
        finally:
            listener.close()
        return SearchResult(conclude(study, record, study_id, calls.plan, recipes=FUNCTION_RECIPES))


def _external_tasks(
    names: Sequence[str], direction: str, scale: str, importance: Mapping[str, float] | None
) -> list[dict[str, Any]]:
    kinds = {"maximize": "score", "minimize": "loss"}
    if direction not in ("maximize", "minimize"):
        raise InputError(f"direction is {direction!r}; known: maximize, minimize")
    if scale not in ("score", "relative"):
        raise InputError(f"scale is {scale!r}; known: score, relative")
    if not isinstance(names, Iterable):
        raise InputError(f"the first argument is {names!r:.80}; give a study or a list of task names")
    if not isinstance(importance, Mapping | None):
        raise InputError(f"importance is {importance!r:.80}; give a dict from task names to weights")
    names = [names] if isinstance(names, str) else list(names)
    unknown = sorted(set(importance or {}) - set(names))
    if unknown:
        raise InputError(f"importance names the unknown task {unknown[0]!r}; known: {', '.join(names)}")
    metric = kinds[direction] if scale == "score" else f"relative {kinds[direction]}"
    weight = dict(importance or {})
    return [
        {"name": name, "kind": "regression", "metric": metric, "importance": weight.get(name, 1.0)}
        for name in names
    ]


def _external_auxiliaries(names: Sequence[str]) -> list[dict[str, Any]]:
    if not isinstance(names, Iterable):
        raise InputError(f"auxiliary is {names!r:.80}; give a list of task names")
    names = [names] if isinstance(names, str) else list(names)
    return [{"name": name, "kind": "regression", "role": "auxiliary"} for name in names]


def _overridden(study: Study, **given: Any) -> Study:
    """The study with arguments in place of its own settings."""
    document = study.document()
    for key, value in (("runs", given["runs"]), ("seeds", given["seeds"]), ("strategy", given["strategy"])):
        if value is not None:
            document["search"][key] = value
    if given["groups"] is not None:
        document["grouping"] |= {"max_groups": given["groups"], "budget": None}  # its rules stay
    if given["seed"] is not None:
        document["seed"] = given["seed"]
    return parse_study(document, place="search()")


def _refuse_given(why: str, **given: bool) -> None:
    """Refuse arguments that would otherwise be ignored."""
    for argument, is_given in given.items():
        if is_given:
            raise InputError(f"{argument}= {why}; drop it")


def _listener(progress: bool | Progress) -> Progress:
    if isinstance(progress, bool):
        return shown(quiet=not progress)
    if not callable(getattr(progress, "close", None)):
        raise InputError(f"progress is {progress!r:.80}; give True, False or a Progress")
    return progress
