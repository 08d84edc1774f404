"""Training any list of runs of one study: pack, train, return."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import torch
from torch import Tensor

from taskgroup.data import Dataset
from taskgroup.errors import InputError
from taskgroup.models import blas_libraries, fastest_product
from taskgroup.spec import RunResult, RunSpec, Study
from taskgroup.training.device_memory import free_device_bytes
from taskgroup.training.feed import RowData, follows_validation
from taskgroup.training.kept_runs import KeptRuns
from taskgroup.training.kept_weights import KeptWeights
from taskgroup.training.lessons import NO_LESSONS, Lessons
from taskgroup.training.loop import Keep, train_cohort
from taskgroup.training.out_of_memory import train_in_parts
from taskgroup.training.own_rows import own_rows_data
from taskgroup.training.packing import companies, pack
from taskgroup.training.probes import JointProbe, probe_joint_training
from taskgroup.training.rows_of_run import RowSizes
from taskgroup.training.sampling import make_sampling
from taskgroup.training.seed_data import seed_data
from taskgroup.training.shapes import Shapes
from taskgroup.training.single_task_losses import SingleTaskLosses
from taskgroup.training.teacher_networks import TeacherNetworks, study_modules
from taskgroup.training.teachers import Teachers, Trained, Weights, check_teaching, in_teaching_order
from taskgroup.training.validation_history import ValidationHistory

_DTYPES = {"float32": torch.float32, "bfloat16": torch.float32, "float64": torch.float64}
_SEEDS_KEPT = 32


@final
class Trainer:
    """Trains runs of a study on its data.

    Args:
        study: Data split, model and training settings.
        dataset: The rows.
        device: `cpu`, `cuda`, or `auto` for a CUDA device where there is one.
        n_sharing: How many trainers use the device at the same time, each its part of the memory.
        weights: Where weights are kept, those of teachers among them; by default they are not.

    Raises:
        InputError: If a CUDA device is asked for and there is none.
    """

    def __init__(
        self,
        study: Study,
        dataset: Dataset,
        *,
        device: str = "cpu",
        n_sharing: int = 1,
        weights: KeptWeights | None = None,
    ) -> None:
        self._study, self._dataset, self._n_sharing = study, dataset, n_sharing
        self._kept = KeptRuns(weights, study, dataset)
        self._seeds: dict[int, RowData] = {}
        self._shapes = Shapes(
            tasks=tuple(study.tasks),
            n_outputs={name: target.n_outputs for name, target in dataset.targets.items()},
            n_inputs=dataset.features.shape[1],
            widths=tuple(study.model.widths),
            batch_size=study.training.batch_size,
            dtype=_DTYPES[study.training.precision],
            device=_device(device),
            product=fastest_product(_device(device), study.training.precision),
            modules=None if study.model.is_plain_mlp else study_modules(study, dataset),
            sampling=make_sampling(study.training.sampling),
            weighted=any(target.weights is not None for target in dataset.targets.values()),
        )
        self._sizes = RowSizes(study, dataset, self._shapes)
        self._teacher_networks = TeacherNetworks(study, dataset, self._shapes)
        self._teachers = Teachers(
            n_blocks=study.model.n_blocks,
            untaught=study.auxiliary_names,
            find=self._kept.find,
            train=self._train_teachers,
            ask=self._ask,
        )
        self._alone = SingleTaskLosses(self._lowest_losses)

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """Divide runs into cohorts, the same for the same list.

        On the CPU another trainer of the study gives the same ones too. On a CUDA device they depend on the
        memory that was free when this trainer first packed. Runs come after those of the list that teach
        them.

        Raises:
            InputError: As `check_teaching`.
        """
        check_teaching(specs, own_rows=self._dataset.owner is not None)
        stages = in_teaching_order(specs, n_blocks=self._study.model.n_blocks)
        return [cohort for part in stages for each in companies(part) for cohort in self._pack_company(each)]

    def _pack_company(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        shapes = self._shapes
        if shapes.modules is not None and self._sizes.differ:
            return [[spec] for spec in specs]
        if shapes.modules is not None:
            return shapes.modules.pack(specs, device=shapes.device, batch_size=shapes.batch_size)
        return pack(
            specs,
            n_inputs=shapes.n_inputs,
            widths=shapes.widths,
            n_outputs=shapes.n_outputs,
            batch_size=shapes.batch_size,
            device_bytes=self._device_bytes,
            rows_of=self._sizes.of_run,
        )

    def train(self, members: Sequence[RunSpec]) -> list[RunResult]:
        """Train one cohort on a single thread, in parts where memory does not hold it whole.

        Raises:
            InputError: As `check_teaching`, or if weights cannot be kept.
        """
        taught = [run for run in members if run.distillation]
        if not taught:
            return self._train_in_parts(members, self._kept.keep_wanted)
        check_teaching(taught, own_rows=self._dataset.owner is not None)
        started = time.perf_counter()
        lessons = self._teachers.lessons(taught)
        seconds = (time.perf_counter() - started) / len(taught)
        able = [run for run in members if lessons.why_not(run) is None]
        trained = self._train_in_parts(able, self._kept.keep_wanted, lessons)
        results = {result.spec: result for result in trained}
        for run in taught:
            result = results.get(run) or RunResult(run, "failed", reason=lessons.why_not(run))
            results[run] = replace(result, seconds=result.seconds + seconds)
        return [results[run] for run in members]

    def _train_in_parts(
        self, members: Sequence[RunSpec], keep: Keep, lessons: Lessons = NO_LESSONS
    ) -> list[RunResult]:
        def train(part: Sequence[RunSpec]) -> list[RunResult]:
            alone = self._alone.of([run for run in part if self._is_compared(run)])
            return self._train_cohort(part, ValidationHistory(alone) if alone else None, lessons, keep)

        return train_in_parts(train, members, make_room=self._make_room) if members else []

    def _is_compared(self, run: RunSpec) -> bool:
        """Whether the sampling of a run looks at what its tasks reach alone."""
        sampling = self._shapes.sampling_of(run)
        return sampling.needs_single_tasks and follows_validation(run, sampling)

    def _lowest_losses(self, singles: Sequence[RunSpec]) -> dict[RunSpec, float]:
        """Train single-task runs for their lowest validation losses."""
        lowest: dict[RunSpec, float] = {}
        for cohort in self.pack(singles):
            history = ValidationHistory()
            self._train_cohort(cohort, history)
            lowest |= history.lowest()
        return lowest

    def _train_cohort(
        self,
        members: Sequence[RunSpec],
        history: ValidationHistory | None,
        lessons: Lessons = NO_LESSONS,
        keep: Keep | None = None,
    ) -> list[RunResult]:
        training = self._study.training
        seeds = {seed: self._seed(seed) for seed in dict.fromkeys(member.seed for member in members)}
        with _one_thread(), _products_in(training.precision):
            return train_cohort(
                members,
                seeds,
                self._shapes,
                max_epochs=training.max_epochs,
                patience=training.early_stopping,
                task_patience=training.task_patience,
                lessons=lessons,
                keep=keep,
                history=history,
            )

    def _train_teachers(self, runs: Sequence[RunSpec]) -> Trained:
        """Train teachers whose weights are not at hand, and keep them."""
        found = Trained()

        def keep(run: RunSpec, weights: Callable[[], Weights]) -> None:
            found.weights[run] = weights()
            self._kept.keep(run, found.weights[run])

        for cohort in self.pack(runs):
            for result in self._train_in_parts(cohort, keep):
                if not result.ok:
                    found.failed[result.spec] = str(result.reason)
        return found

    def _ask(self, teacher: RunSpec, weights: Weights) -> Tensor | None:
        data = self._seed(teacher.seed)
        with _one_thread(), _products_in(self._study.training.precision):
            return self._teacher_networks.ask(teacher, weights, data)

    def probe(self, run: RunSpec) -> JointProbe:
        """Train one joint run on a single thread, for what it shows about its tasks on the way.

        Nobody teaches it, as the labels are what is looked at.

        Raises:
            InputError: If the run shares no block.
            RunFailedError: If the training diverged before anything was seen.
        """
        training = self._study.training
        if self._shapes.modules is not None:
            raise InputError(
                f"estimators that look at gradients need the plain 'mlp' encoder, not "
                f"'{self._study.model.encoder}'; use one that looks at gains or at labels"
            )
        with _one_thread(), _products_in(training.precision):
            return probe_joint_training(
                replace(run, distillation=""),
                seed_data(self._study, self._dataset, run.seed, **self._place),
                self._shapes,
                max_epochs=training.max_epochs,
                patience=training.early_stopping,
            )

    @cached_property
    def _device_bytes(self) -> int | None:
        """This trainer's part of the free device memory, looked up once so that packing repeats itself."""
        free = free_device_bytes(self._shapes.device)
        return None if free is None else free // self._n_sharing

    def _make_room(self) -> None:
        """Forget rows and lessons, which are drawn again when needed."""
        self._seeds.clear()
        self._teachers.forget()
        if self._shapes.device != "cpu":
            torch.cuda.empty_cache()

    @property
    def _place(self) -> dict[str, Any]:
        return {"dtype": self._shapes.dtype, "device": self._shapes.device}

    def _seed(self, seed: int) -> RowData:
        if seed not in self._seeds:
            if len(self._seeds) >= _SEEDS_KEPT:
                self._seeds.pop(next(iter(self._seeds)))
            draw = seed_data if self._dataset.owner is None else own_rows_data
            self._seeds[seed] = draw(self._study, self._dataset, seed, **self._place)
        return self._seeds[seed]


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("device 'cuda' was asked for, but torch sees no CUDA device; use cpu or auto")
    return name


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Products this small run faster on one thread than on two; workers take the other cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        used = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        devices = [torch.cuda.current_device()] if used else []
        with blas_libraries().limit(limits=1), torch.random.fork_rng(devices=devices):
            yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _products_in(precision: str) -> Iterator[None]:
    """Let matrix products round their inputs to bfloat16; sums and weights stay in float32."""
    if precision != "bfloat16":
        yield
        return
    settings: Any = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = "bf16"
    try:
        yield
    finally:
        settings.fp32_precision = before
