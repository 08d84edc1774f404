"""Training in worker processes on this machine, which may die without taking results along.

Each worker trains one cohort at a time on one thread. When a worker dies, the pool breaks; it is started
again, and only the cohorts that had not come back are trained again. A cohort that was in flight at several
deaths in a row is given up as failed, so that one poisonous run cannot keep a search from ending.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import final

from taskgroup.data import Dataset
from taskgroup.spec import RunResult, RunSpec, Study
from taskgroup.training import Trainer

_MAX_DEATHS = 3
_trainer: Trainer | None = None


@final
class ProcessExecutor:
    """Trains cohorts in `n_workers` processes.

    Args:
        study: What the workers train.
        dataset: Its rows; each worker gets a copy.
        n_workers: Processes.
        device: As for `Trainer`.
    """

    def __init__(self, study: Study, dataset: Dataset, *, n_workers: int, device: str = "cpu") -> None:
        self._packer = Trainer(study, dataset, device=device)
        self._arguments = (study, dataset, device)
        self._n_workers = n_workers
        self._pool: ProcessPoolExecutor | None = None

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """Pack as the trainer does."""
        return self._packer.pack(specs)

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Keep all workers busy and yield what comes back."""
        waiting, deaths = list(range(len(cohorts))), [0] * len(cohorts)
        running: dict[Future[list[RunResult]], int] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self._n_workers:
                    cohort = waiting.pop(0)
                    running[self._submit(cohorts[cohort])] = cohort
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                broken = []
                for future in done:
                    cohort = running.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        broken.append(cohort)
                    else:
                        yield future.result()
                if broken:
                    broken += running.values()
                    running.clear()
                    self._stop()
                    yield from self._given_up(cohorts, broken, deaths)
                    waiting = sorted({c for c in broken if deaths[c] < _MAX_DEATHS} | set(waiting))
        except BaseException:
            self._stop(kill=True)
            raise

    def close(self) -> None:
        """End the workers."""
        self._stop()

    def _submit(self, cohort: Sequence[RunSpec]) -> Future[list[RunResult]]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._n_workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=self._arguments,
            )
        try:
            return self._pool.submit(_train, list(cohort))
        except BrokenProcessPool as error:
            broken: Future[list[RunResult]] = Future()
            broken.set_exception(error)
            return broken

    def _given_up(
        self, cohorts: Sequence[Sequence[RunSpec]], broken: Sequence[int], deaths: list[int]
    ) -> Iterator[list[RunResult]]:
        for cohort in broken:
            deaths[cohort] += 1
            if deaths[cohort] == _MAX_DEATHS:
                reason = f"its worker process died {_MAX_DEATHS} times (out of memory?)"
                yield [RunResult(spec, "failed", reason=reason) for spec in cohorts[cohort]]

    def _stop(self, *, kill: bool = False) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=not kill, cancel_futures=True)
        if kill:
            for worker in workers:
                worker.kill()


def _start_worker(study: Study, dataset: Dataset, device: str) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    global _trainer
    _trainer = Trainer(study, dataset, device=device)


def _train(cohort: list[RunSpec]) -> list[RunResult]:
    assert _trainer is not None
    return _trainer.train(cohort)
