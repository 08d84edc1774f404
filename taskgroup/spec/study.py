"""The study file as a validated, frozen value."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from taskgroup.errors import InputError, nearest
from taskgroup.spec.data_section import DataSpec, SplitSpec
from taskgroup.spec.distillation_facts import Distillation
from taskgroup.spec.grouping_section import GroupingSpec
from taskgroup.spec.method import Method
from taskgroup.spec.method_rules import check_method_rules
from taskgroup.spec.model import ModelSpec
from taskgroup.spec.roles import check_roles
from taskgroup.spec.run import Sharing
from taskgroup.spec.sampling import check_sampling_tasks, sampling_from_text, sampling_text
from taskgroup.spec.search_section import SearchSpec
from taskgroup.spec.section import SECTION
from taskgroup.spec.sharing_kinds import SHARING_KINDS
from taskgroup.spec.task import Subset, Task, main_tasks
from taskgroup.spec.trainer import TrainerSpec
from taskgroup.spec.trainer_rules import OF_THE_ENGINE, check_trainer_rules
from taskgroup.spec.training_section import TrainingSpec

_TRAINERS_OWN_DATA = DataSpec(source="trainer")
_LATER_SETTINGS = {"by", "column", "sampling", "task_patience"}
"""Settings that came after runs had been recorded: at their default, keys stay what they were."""


def _without_defaults(section: dict[str, Any], defaults: BaseModel) -> dict[str, Any]:
    return {k: v for k, v in section.items() if k not in _LATER_SETTINGS or v != getattr(defaults, k)}


class Study(BaseModel):
    """A task list with its data, model, search settings and serving limit.

    With a `trainer` of the user's, data, model and training are its own and not given here.
    """

    model_config = SECTION

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
        check_roles(self)
        if self.trainer is None:
            self._check_engine()
        else:
            check_trainer_rules(self, self.trainer)
        self.grouping.check_tasks(names, served=self.main_names)
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
        check_method_rules(self)
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
        if data.own_rows and any(
            Distillation.of(text).unlabelled for text in self.search.distillation if text
        ):
            raise ValueError(
                "search.distillation says unlabelled: true, but here each task has rows of its own, on which "
                "its teacher teaches, and all of them have labels; drop it"
            )
        samplings: dict[str, list[Any]] = {
            "training": [self.training.sampling],
            "search": self.search.sampling,
        }
        for section, given in samplings.items():
            if not data.own_rows and any(sampling != "proportional" for sampling in given):
                raise ValueError(
                    f"{section}.sampling mixes the rows of tasks that have rows of their own, but here all "
                    "tasks share their rows; drop it, or say by data.task_column which row belongs to which "
                    "task"
                )
        placed = {"training.sampling": self.training.sampling} | {
            f"search.sampling[{place}]": sampling_from_text(text)
            for place, text in enumerate(self.search.sampling)
        }
        for key, sampling in placed.items():
            check_sampling_tasks(sampling, self.task_names, key=key, reads=data.reads)

    @property
    def task_names(self) -> Subset:
        """All task names, in the order of the task list."""
        return tuple(task.name for task in self.tasks)

    @property
    def main_tasks(self) -> list[Task]:
        """The tasks that are scored and served."""
        return main_tasks(self.tasks)

    @property
    def main_names(self) -> Subset:
        """Their names."""
        return tuple(task.name for task in self.main_tasks)

    @property
    def auxiliary_names(self) -> Subset:
        """The names of the tasks that only ride along."""
        return tuple(task.name for task in self.tasks if task.role == "auxiliary")

    @property
    def depths(self) -> tuple[int, ...]:
        """The sharing depths to try; the whole encoder where none is given (1 for a trainer)."""
        deepest = self.model.n_blocks if self.trainer is None else 1
        return tuple(dict.fromkeys(self.search.sharing.depth or [deepest]))

    @property
    def sharings(self) -> tuple[Sharing, ...]:
        """All ways of sharing to try, those of the first kind first."""
        found = []
        for kind in self.search.sharing.kind:
            facts = SHARING_KINDS.get(Method.parse(kind).name)
            depths = self.depths if facts is None or facts.has_depth else (self.model.n_blocks,)
            found += [Sharing(kind, depth) for depth in depths]
        return tuple(found)

    @property
    def samplings(self) -> tuple[str, ...]:
        """The ways to mix the rows of tasks that a search compares; empty for that of `training`."""
        usual = sampling_text(self.training.sampling)
        return tuple("" if text == usual else text for text in self.search.sampling) or ("",)

    @property
    def distillations(self) -> tuple[str, ...]:
        """The ways in which single-task networks may teach joint ones; empty for none."""
        return tuple(self.search.distillation)

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
        tasks = [_deciding(task) for task in self.tasks]
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


def _deciding(task: Task) -> list[Any]:
    """What of a task decides the result of a run."""
    if task.role == "main":
        return [task.name, task.columns, task.kind, task.score.name]
    derive = None if task.derive is None else task.derive.document()
    return [task.name, task.columns, task.kind, task.role, derive, task.adversarial]


def _digest(path: str) -> str:
    """A hash of a file's content, so that weights that move keep their runs and changed ones do not."""
    try:
        return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        raise InputError(
            f"model.weights '{path}' cannot be read ({error.strerror}); check the path"
        ) from None
