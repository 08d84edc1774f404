"""One worker process, started again when it has died."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import final

from taskgroup.data import Dataset
from taskgroup.errors import RunFailedError
from taskgroup.executors.outside_kills import killed_from_outside, oom_kills
from taskgroup.spec import RunResult, RunSpec, Study
from taskgroup.training import KeptWeights, Trainer

_MAX_FAILED_STARTS = 3
_trainer: Trainer | None = None


@final
class Worker:
    """A process that trains one cohort at a time, a pool of its own so that its death is nobody else's.

    Args:
        study: What it trains.
        dataset: The rows, of which it gets a copy.
        device: As for `Trainer`.
        weights: As for `Trainer`.
    """

    def __init__(
        self, study: Study, dataset: Dataset, *, device: str, weights: KeptWeights | None = None
    ) -> None:
        self._arguments = (study, dataset, device, weights)
        self._pool: ProcessPoolExecutor | None = None
        self._begun: Future[None] = Future()
        self._n_failed_starts = 0
        self._process: BaseProcess | None = None
        self._oom_kills: int | None = None
        self.killed_from_outside = False

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        processes = self._pool._processes if self._pool is not None else None
        return next(iter(processes or ()), None)

    def start(self) -> None:
        """Start the process where it is not running; it reads its data while this one goes on."""
        if self._pool is not None:
            return
        self._pool = ProcessPoolExecutor(1, mp_context=_processes(), initializer=_prepare_process)
        # As a job: large arguments of the initializer would be waited for here until the process reads them.
        self._oom_kills = oom_kills()
        self._begun = self._pool.submit(_begin, *self._arguments)
        self._process = next(iter(self._pool._processes.values()), None)

    def submit(self, cohort: Sequence[RunSpec]) -> Future[list[RunResult]]:
        """Train a cohort; the future is broken where the process died."""
        try:
            self.start()
            assert self._pool is not None
            return self._pool.submit(_train, list(cohort))
        except BrokenProcessPool as error:
            broken: Future[list[RunResult]] = Future()
            broken.set_exception(error)
            return broken

    def bury(self) -> bool:
        """Let go of a process that died; whether it had begun, and `killed_from_outside`, are known then.

        Raises:
            RunFailedError: If it died several times in a row before it had begun, which is no run's fault
                but the machine's or the script's.
        """
        self.stop()
        exit_code = None if self._process is None else self._process.exitcode
        self.killed_from_outside = killed_from_outside(exit_code, self._oom_kills)
        why = self._begun.exception()
        is_fault = why is not None and not self.killed_from_outside
        self._n_failed_starts = self._n_failed_starts + 1 if is_fault else 0
        if self._n_failed_starts == _MAX_FAILED_STARTS:
            raise RunFailedError(
                "the worker processes died while they started, before any training; in a script, put the "
                "call under `if __name__ == '__main__':`, else lower `workers` (out of memory?); "
                f"it said: {why}"
            )
        return why is None

    def stop(self, *, kill: bool = False) -> None:
        """End the process, at once or after what it is at."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=not kill, cancel_futures=True)
        if kill:
            for process in processes:
                process.kill()


@cache
def _processes() -> BaseContext:
    """How processes start: as forks of one that has imported torch for all of them, where that can be."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _prepare_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    threading.Thread(target=_end_with_the_main_process, daemon=True).start()


def _end_with_the_main_process() -> None:
    """A search that was killed must not leave workers behind, which would wait for work for ever."""
    main = multiprocessing.parent_process()
    assert main is not None
    main.join()
    os._exit(1)


def _begin(study: Study, dataset: Dataset, device: str, weights: KeptWeights | None) -> None:
    """Get ready to train; done is the sign that the process has begun."""
    global _trainer
    _trainer = Trainer(study, dataset, device=device, weights=weights)


def _train(cohort: list[RunSpec]) -> list[RunResult]:
    if _trainer is None:  # `_begin` has failed, and its future says why
        os._exit(1)
    return _trainer.train(cohort)
