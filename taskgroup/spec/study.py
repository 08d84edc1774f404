"""The study file as a validated, frozen value."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from taskgroup.errors import InputError, nearest
from taskgroup.spec.duration import Seconds
from taskgroup.spec.inputs import ImageSpec, InputKind, TextSpec
from taskgroup.spec.model import ModelSpec
from taskgroup.spec.sampling import SamplingSpec
from taskgroup.spec.task import Subset, Task
from taskgroup.spec.trainer import TrainerSpec
from taskgroup.spec.trainer_rules import OF_THE_ENGINE, check_trainer_rules

Fraction = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SplitSpec(_Section):
    """How rows are divided.

    The test rows are drawn once and never used for choosing. Each run seed draws its own training and
    validation rows from the rest, so that intervals over seeds cover which of these rows
    are trained on as well as the training itself; the test rows are fixed.

    Attributes:
        test: Share of all rows held out for the final report.
        validation: Share of all rows that runs are compared on.
        train_fraction: Share of the remaining training rows that is used; below 1 it shows what
            happens with little data.
        by: `random` draws rows, stratified by their labels; `group` keeps all rows with the same value in
            `column` in one part, so that a network is never tested on a patient that it has trained on;
            `time` orders rows by `column`, trains on the first, validates on later and tests on the last.
        column: What `group` and `time` go by; never a feature.
    """

    test: Fraction = 0.2
    validation: Fraction = 0.2
    train_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    by: Literal["random", "group", "time"] = "random"
    column: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _has_its_column(self) -> SplitSpec:
        if (self.column is None) != (self.by == "random"):
            fix = "drop it, or name by: group or by: time" if self.column else "name it under column"
            raise ValueError(f"by {self.by!r} {'takes no' if self.column else 'needs a'} column; {fix}")
        return self

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitSpec:
        if self.test + self.validation >= 1:
            raise ValueError(
                f"test {self.test:g} + validation {self.validation:g} leave no training rows; "
                "their sum must stay below 1"
            )
        return self


IN_MEMORY = "memory"
"""The source of studies whose data are handed over in Python."""


def _check_source(value: object) -> object:
    sources = value.values() if isinstance(value, dict) and value else [value]
    if not all(isinstance(source, str) and source for source in sources):
        raise ValueError(
            "give a path, sklearn:NAME, generated:NAME, river:NAME or python:module:function, or one of "
            "these for each task"
        )
    return value


Source = Annotated[str | dict[str, str], BeforeValidator(_check_source)]


class DataSpec(_Section):
    """Where the rows come from, and what their columns are.

    Attributes:
        source: A CSV, Parquet or NPZ path, a folder of images, `sklearn:NAME`, `generated:NAME`,
            `river:NAME`, `python:module:function`, or `memory` for data that are handed over in Python; or
            one of these for each task by its name, where every task has rows of its own.
        features: The columns to learn from; every column that serves no other purpose by default.
        exclude: Columns that are neither features nor anything else, such as names and dates.
        task_column: The column that names the task that a row belongs to, where every task has rows of its
            own in one table.
        weight: The column that says how much a row counts, for all tasks.
        split: How rows are divided.
        image: Says that each row is an image, and where it is.
        text: Says that each row is a text, and where it is.
    """

    source: Source
    features: list[str] | None = None
    exclude: list[str] = []
    task_column: Annotated[str, Field(min_length=1)] | None = None
    weight: Annotated[str, Field(min_length=1)] | None = None
    split: SplitSpec = SplitSpec()
    image: ImageSpec | None = None
    text: TextSpec | None = None

    @property
    def own_rows(self) -> bool:
        """Whether every task has rows of its own."""
        return self.task_column is not None or isinstance(self.source, dict)

    @property
    def source_name(self) -> str:
        """What messages call the source."""
        return self.source if isinstance(self.source, str) else ", ".join(self.source.values())

    @property
    def reads(self) -> InputKind:
        """What a row is."""
        if self.image is not None:
            return "image"
        return "table" if self.text is None else "text"

    @model_validator(mode="after")
    def _one_kind_of_input(self) -> DataSpec:
        if self.image is not None and self.text is not None:
            raise ValueError("give data.image or data.text, not both")
        if self.features is not None and (self.text is not None or (self.image and self.image.column)):
            raise ValueError(
                f"data.features cannot stand beside data.{self.reads}, which is all that is read"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_absent_inputs(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keys that are younger than the first records, which must not change by them."""
        document = handler(self)
        return {k: v for k, v in document.items() if k not in ("image", "text") or v is not None}


DEFAULT_EPOCHS = 100
DEFAULT_PATIENCE = 10


class TrainingSpec(_Section):
    """How each network is trained.

    Attributes:
        epochs: Passes over the training rows, obeyed exactly when given. Without it, training runs
            for up to 100 epochs and stops early on the validation rows.
        batch_size: Rows a step, obeyed exactly.
        patience: Stop a run after this many epochs without a better validation loss and keep its
            best weights; off where `epochs` is given without it.
        task_patience: A task's loss counts no more in a run after so many epochs without a better validation
            loss of its own, so that what it may still do to the others ends; off by default.
        learning_rate: Fixes AdamW's step size, which is tuned otherwise.
        weight_decay: Fixes AdamW's weight decay, which is tuned otherwise.
        precision: `float32`, `bfloat16` products with float32 sums where the CPU has them, or
            `float64`.
        sampling: How batches mix the rows of tasks that have rows of their own: `proportional`,
            `uniform`, `round_robin`, or `{temperature: 5, annealed: true}`.
    """

    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    batch_size: Annotated[int, Field(ge=1)] = 64
    patience: Annotated[int, Field(ge=1)] | None = None
    task_patience: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    weight_decay: Annotated[float, Field(ge=0, le=10)] | None = None
    precision: Literal["float32", "bfloat16", "float64"] = "float32"
    sampling: SamplingSpec = "proportional"

    @property
    def max_epochs(self) -> int:
        """The epochs trained at full fidelity, before early stopping."""
        return DEFAULT_EPOCHS if self.epochs is None else self.epochs

    @property
    def early_stopping(self) -> int | None:
        """The patience in force, or None where runs train to the end."""
        if self.patience is not None:
            return self.patience
        return DEFAULT_PATIENCE if self.epochs is None else None


class SharingSpec(_Section):
    """Which ways of sharing the search may try; depth defaults to the whole encoder."""

    kind: list[Literal["hard"]] = ["hard"]
    depth: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None


Hint = Literal["static", "lookahead", "gradient_cosine", "gradient_projection", "linearised"]


class SearchSpec(_Section):
    """What the search may try and how much it may spend.

    Attributes:
        sharing: Sharing kinds and depths.
        weighting: Loss weightings.
        strategy: How subsets are chosen: `active`, `hoa`, `pairs`, `random` or `exhaustive`.
        per_network: Whether each network may get a depth and weighting of its own; else all have those that
            tuning found best for all tasks together.
        runs: At most this many network trainings.
        time: At most this long.
        hints: Affinity estimators whose guesses `active` takes for what the runs show them to be worth. All
            but `static` look at three joint trainings, which count in `runs`.
        seeds: Paired repetitions of each measured subset.
        fidelity: Shorter trainings that may stand in for full ones as far as they are found to tell of them,
            as shares of the epochs, such as `[0.25]`; each counts by its share in `runs`.
        confirm_seeds: Fresh seeds for the finalists; as many as `seeds`, at least 5, by default.
        baseline: What gains are over: `full` single-task networks, or `matched` for narrower ones besides,
            which together cost as much as the joint network; they take a part of `runs`, and nothing is
            decided by them.
    """

    sharing: SharingSpec = SharingSpec()
    weighting: Annotated[list[str], Field(min_length=1)] = ["equal"]
    strategy: Literal["active", "hoa", "pairs", "random", "exhaustive"] = "active"
    per_network: bool = True
    runs: Annotated[int, Field(ge=1)] = 200
    time: Seconds | None = None
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    hints: list[Hint] = ["static"]
    fidelity: list[Fraction] = []
    confirm_seeds: Annotated[int, Field(ge=2, le=1000)] | None = None
    baseline: Literal["full", "matched"] = "full"


LinkedTasks = Annotated[list[str], Field(min_length=2)]


class GroupingSpec(_Section):
    """The serving limit and the rules that every grouping keeps to.

    Attributes:
        max_groups: At most this many networks; or
        budget: at most this much serving cost, in network equivalents.
        must_link: Lists of tasks that one network serves.
        cannot_link: Lists of tasks of which no two train together.
        min_size: The fewest tasks that train in a network; from 2 on no task stands alone.
        max_size: The most tasks that train in a network.
        overlap: Whether a task may train in several networks of the grouping.
        risk: How many standard errors each measured gain counts as worse than it is, so that sure gains
            are preferred.
    """

    max_groups: Annotated[int, Field(ge=1)] | None = None
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    must_link: list[LinkedTasks] = []
    cannot_link: list[LinkedTasks] = []
    min_size: Annotated[int, Field(ge=1)] | None = None
    max_size: Annotated[int, Field(ge=1)] | None = None
    overlap: bool = True
    risk: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _fits_together(self) -> GroupingSpec:
        if self.max_groups is not None and self.budget is not None:
            raise ValueError("give max_groups or budget, not both")
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            raise ValueError(f"min_size {self.min_size} exceeds max_size {self.max_size}; lower min_size")
        return self

    def check_tasks(self, tasks: Subset) -> None:
        """Refuse linked names that are no tasks.

        Raises:
            ValueError: If there is one; the message gives the nearest names.
        """
        for key in ("must_link", "cannot_link"):
            for place, names in enumerate(getattr(self, key)):
                for name in names:
                    if name not in tasks:
                        raise ValueError(f"grouping.{key}[{place}] names {name!r}; {nearest(name, tasks)}")


_TRAINERS_OWN_DATA = DataSpec(source="trainer")
_LATER_SETTINGS = {"by", "column", "sampling", "task_patience"}
"""Settings that came after runs had been recorded: at their default, keys stay what they were."""


def _without_defaults(section: dict[str, Any], defaults: BaseModel) -> dict[str, Any]:
    return {k: v for k, v in section.items() if k not in _LATER_SETTINGS or v != getattr(defaults, k)}


class Study(_Section):
    """A task list with its data, model, search settings and serving limit.

    With a `trainer` of the user's, data, model and training are its own and not given here.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=100)]
    data: DataSpec = _TRAINERS_OWN_DATA
    trainer: TrainerSpec | None = None
    tasks: Annotated[list[Task], Field(min_length=1)]
    model: ModelSpec = ModelSpec()
    training: TrainingSpec = TrainingSpec()
    search: SearchSpec = SearchSpec()
    grouping: GroupingSpec = GroupingSpec()
    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Study:
        names = self.task_names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"task names must differ, but {', '.join(map(repr, twice))} stands twice")
        if self.trainer is None:
            self._check_engine()
        else:
            check_trainer_rules(self, self.trainer)
        self.grouping.check_tasks(names)
        return self

    def _check_engine(self) -> None:
        """That there are data, and encoders deep enough, for networks that are trained here."""
        if "data" not in self.model_fields_set:
            raise ValueError("key 'data' is required and missing; only a 'trainer' has data of its own")
        too_deep = [d for d in self.search.sharing.depth or [] if d > self.model.n_blocks]
        if too_deep:
            raise ValueError(
                f"search.sharing.depth {too_deep[0]} exceeds the {self.model.n_blocks} encoder blocks "
                f"of {self._blocks_from}; use 0 to {self.model.n_blocks}"
            )
        self.model.check_reads(self.data.reads)
        if self.model.is_own_code and self.search.baseline == "matched":
            raise ValueError(
                f"search.baseline 'matched' needs narrower networks, and {self.model.encoder!r} has no "
                "widths; use 'full'"
            )
        self._check_own_rows()

    @property
    def _blocks_from(self) -> str:
        model = self.model
        return "model.blocks" if model.is_own_code else f"model.widths {model.widths}"

    def _check_own_rows(self) -> None:
        data = self.data
        if isinstance(data.source, dict):
            if data.task_column is not None:
                raise ValueError(
                    "data.task_column is for one table of all tasks; drop it, or give one source"
                )
            missing = [name for name in self.task_names if name not in data.source]
            if missing:
                raise ValueError(f"data.source has no entry for task {missing[0]!r}; add it")
            extra = [name for name in data.source if name not in self.task_names]
            if extra:
                known = nearest(extra[0], self.task_names)
                raise ValueError(f"data.source names {extra[0]!r}, which is no task; {known}")
        selecting = [task for task in self.tasks if task.rows is not None]
        if selecting and data.task_column is None:
            raise ValueError(
                f"task {selecting[0].name!r} has rows: {selecting[0].rows!r}, a value of data.task_column, "
                "which is not given; name that column, or drop rows"
            )
        if self.training.sampling != "proportional" and not data.own_rows:
            raise ValueError(
                "training.sampling mixes the rows of tasks that have rows of their own, but here all tasks "
                "share their rows; drop it, or say by data.task_column which row belongs to which task"
            )

    @property
    def task_names(self) -> Subset:
        """All task names, in the order of the task list."""
        return tuple(task.name for task in self.tasks)

    @property
    def depths(self) -> tuple[int, ...]:
        """The sharing depths to try; the whole encoder where none is given (1 for a trainer)."""
        deepest = self.model.n_blocks if self.trainer is None else 1
        return tuple(dict.fromkeys(self.search.sharing.depth or [deepest]))

    @property
    def says_depth(self) -> bool:
        """Whether the depth of a run is known; a trainer's only where it is told one."""
        return self.trainer is None or self.search.sharing.depth is not None

    @property
    def says_weighting(self) -> bool:
        """Whether the weighting of a run is known, in the same way."""
        trainer = self.trainer
        return trainer is None or "weighting" in trainer.placeholders or self.search.weighting != ["equal"]

    def task(self, name: str) -> Task:
        """Look up a task by name."""
        return next(task for task in self.tasks if task.name == name)

    def document(self) -> dict[str, Any]:
        """The study with every default filled in, as plain JSON values."""
        foreign = {"trainer"} if self.trainer is None else set(OF_THE_ENGINE)
        return self.model_dump(mode="json", exclude=foreign)

    def context(self, data_fingerprint: str) -> str:
        """Hash everything besides the run that decides its result: data, tasks, model, training or trainer.

        Studies that share a context share their runs, whatever they are called and however they search.
        """
        document = self.document()
        tasks = [[t.name, t.columns, t.kind, t.score.name] for t in self.tasks]
        if self.trainer is not None:
            text = json.dumps([data_fingerprint, self.seed, tasks, self.trainer.deciding()], sort_keys=True)
            return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        split, model, training = document["data"]["split"], document["model"], document["training"]
        training = {k: v for k, v in training.items() if k not in {"learning_rate", "weight_decay"}}
        split, training = _without_defaults(split, SplitSpec()), _without_defaults(training, TrainingSpec())
        parts = [data_fingerprint, split, self.seed, tasks, model, training]
        if self.model.weights is not None:
            model["weights"] = _digest(self.model.weights)
        if self.data.text is not None:  # the vocabulary is drawn from the rows at each seed
            parts.append({k: v for k, v in document["data"]["text"].items() if k != "column"})
        text = json.dumps(parts, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _digest(path: str) -> str:
    """A hash of a file's content, so that weights that move keep their runs and changed ones do not."""
    try:
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise InputError(
            f"model.weights '{path}' cannot be read ({error.strerror}); check the path"
        ) from None
