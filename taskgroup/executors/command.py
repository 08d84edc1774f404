"""Training by a command of the user's: any language, any framework, a process a run."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import final

from taskgroup.executors.lifeline import Lifeline
from taskgroup.executors.process_group import ProcessGroup
from taskgroup.executors.score_file import BadScoresError, read_scores
from taskgroup.spec import RunResult, RunSpec, Score, Task, TrainerSpec, filled_words, main_tasks

_GRACE_SECONDS = 5.0


class _FailedAttemptError(Exception):
    """One try of a run came to nothing; the message says why."""


class _CancelledError(Exception):
    """The search ends; what was in flight is nobody's result."""


@final
class CommandExecutor:
    """Runs a trainer's command once a run, some at the same time.

    Whatever a command does, its run alone fails, with the end of its output as the reason. A command runs in
    a process group of its own that is ended after it, so that nothing is left behind: not after a timeout,
    not when the search is interrupted, and not when it is killed.

    Args:
        trainer: The command and how to treat it.
        tasks: Name the metric of the scores; auxiliary ones need none.
        n_workers: Commands at the same time.
        grace_seconds: How long processes that were asked to end may take before they are killed.
    """

    def __init__(
        self,
        trainer: TrainerSpec,
        tasks: Sequence[Task],
        *,
        n_workers: int = 1,
        grace_seconds: float = _GRACE_SECONDS,
    ) -> None:
        self._trainer, self._words = trainer, trainer.words
        self._metrics = {task.name: task.score.name for task in main_tasks(tasks)}
        self._n_workers, self._grace_seconds = n_workers, grace_seconds
        self._folder = trainer_folder(trainer)
        self._lifeline = Lifeline()
        self._cancelled = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """One run at a time, so that each is kept as soon as it is done."""
        return [[spec] for spec in specs]

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Run the commands, each in a thread that waits for it."""
        self._stop()
        self._cancelled = cancelled = threading.Event()
        self._pool = ThreadPoolExecutor(self._n_workers, thread_name_prefix="taskgroup-command")
        try:
            futures = [self._pool.submit(self._cohort, cohort, cancelled) for cohort in cohorts]
            for future in as_completed(futures):
                yield future.result()
        finally:
            self._stop()

    def close(self) -> None:
        """End every command and what it has started."""
        self._stop()
        self._lifeline.close()

    def _stop(self) -> None:
        self._cancelled.set()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _cohort(self, cohort: Sequence[RunSpec], cancelled: threading.Event) -> list[RunResult]:
        return [self._run(spec, cancelled) for spec in cohort]

    def _run(self, spec: RunSpec, cancelled: threading.Event) -> RunResult:
        started, reason = time.perf_counter(), ""
        tries = 1 + self._trainer.retries
        for _ in range(tries):
            try:
                scores = self._attempt(spec, cancelled)
            except _FailedAttemptError as error:
                reason = str(error)
            else:
                return RunResult(spec, "ok", scores, seconds=time.perf_counter() - started)
        often = f"tried {tries} times, at last: " if tries > 1 else ""
        return RunResult(spec, "failed", seconds=time.perf_counter() - started, reason=f"{often}{reason}")

    def _attempt(self, spec: RunSpec, cancelled: threading.Event) -> tuple[Score, ...]:
        if cancelled.is_set():
            raise _CancelledError
        with tempfile.TemporaryDirectory(prefix="taskgroup-", ignore_cleanup_errors=True) as folder:
            out = Path(folder) / "scores.json"
            group = self._started(filled_words(self._words, placeholder_values(spec, out)))
            try:
                self._lifeline.hold(group.id)
                code = group.wait(self._trainer.timeout, cancelled=cancelled)
            finally:
                group.end(grace_seconds=self._grace_seconds)
                self._lifeline.release(group.id)
            if code is None and cancelled.is_set():
                raise _CancelledError
            if code != 0:
                raise _FailedAttemptError(_why(code, self._trainer.timeout) + _printed(group))
            try:
                return read_scores(out, spec.subset, self._metrics)
            except BadScoresError as error:
                raise _FailedAttemptError(
                    f"the command exited with 0, but {error}{_printed(group)}"
                ) from None

    def _started(self, words: Sequence[str]) -> ProcessGroup:
        environment = {**os.environ, **self._trainer.environment}
        try:
            return ProcessGroup(words, folder=self._folder, environment=environment)
        except OSError as error:
            raise _FailedAttemptError(f"the command could not be started: {error}") from None


def trainer_folder(trainer: TrainerSpec) -> Path:
    """Where a trainer works: the folder that it names, or the current one."""
    return Path(trainer.working_directory or ".").resolve()


def placeholder_values(spec: RunSpec, out: Path) -> Mapping[str, str]:
    """What a run's placeholders stand for."""
    return {
        "tasks": ",".join(spec.subset),
        "subset": spec.subset_name,
        "seed": str(spec.seed),
        "fidelity": f"{spec.fidelity:g}",
        "depth": str(spec.sharing.depth),
        "sharing": spec.sharing.kind,
        "weighting": spec.weighting,
        "out": str(out),
        "python": sys.executable,
    }


def _why(code: int | None, timeout: float) -> str:
    if code is None:
        return f"the command took longer than trainer.timeout, {timeout:g} s, and was ended"
    if code > 0:
        return f"the command exited with {code}"
    try:
        return f"the command was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"the command was killed by signal {-code}"


def _printed(group: ProcessGroup) -> str:
    """The end of what it printed, errors first."""
    tails = (("stderr", group.stderr.words()), ("stdout", group.stdout.words()))
    said = [f"{name} ends: {words}" for name, words in tails if words]
    return "".join(f"; {text}" for text in said) or "; it printed nothing"
