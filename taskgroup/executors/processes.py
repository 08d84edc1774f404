"""Training in worker processes on this machine, which may die without taking results along.

Each worker trains one cohort at a time on one thread. When a worker dies, the pool breaks; it is started
again, and only the cohorts that had not come back are trained again: those that were in flight one by one,
so that it shows which of them kills its worker. That one is given up as failed after several deaths, so that
a poisonous run cannot keep a search from ending. Workers that die before they have begun are nobody's fault
but the machine's or the script's, and end the search.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import final

from taskgroup.data import Dataset
from taskgroup.errors import RunFailedError
from taskgroup.spec import RunResult, RunSpec, Study
from taskgroup.training import Trainer

_MAX_DEATHS = 3
_MAX_FAILED_STARTS = 2
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
        self._first_sign: Future[None] = Future()
        self._n_failed_starts = 0

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """Pack as the trainer does."""
        return self._packer.pack(specs)

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Keep all workers busy and yield what comes back.

        Raises:
            RunFailedError: If the workers die before they have begun.
        """
        waiting, deaths = list(range(len(cohorts))), [0] * len(cohorts)
        running: dict[Future[list[RunResult]], int] = {}
        try:
            while waiting or running:
                while waiting and self._may_join(waiting[0], running.values(), deaths):
                    cohort = waiting.pop(0)
                    running[self._submit(cohorts[cohort])] = cohort
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                lost = []
                for future in done:
                    cohort = running.pop(future)
                    if isinstance(future.exception(), BrokenProcessPool):
                        lost.append(cohort)
                    else:
                        yield future.result()
                if lost:
                    lost += running.values()
                    running.clear()
                    self._stop()
                    if self._had_started():
                        yield from self._given_up(cohorts, lost, deaths)
                    waiting = sorted({c for c in lost if deaths[c] < _MAX_DEATHS} | set(waiting))
        except BaseException:
            self._stop(kill=True)
            raise

    def close(self) -> None:
        """End the workers."""
        self._stop()

    def _may_join(self, cohort: int, running: Collection[int], deaths: Sequence[int]) -> bool:
        """Whether a worker is free; a cohort that was in flight at a death trains alone."""
        suspect = any(deaths[c] for c in (cohort, *running))
        return len(running) < (1 if suspect else self._n_workers)

    def _submit(self, cohort: Sequence[RunSpec]) -> Future[list[RunResult]]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._n_workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start_worker,
                initargs=self._arguments,
            )
            self._first_sign = self._pool.submit(_give_sign)
        try:
            return self._pool.submit(_train, list(cohort))
        except BrokenProcessPool as error:
            broken: Future[list[RunResult]] = Future()
            broken.set_exception(error)
            return broken

    def _had_started(self) -> bool:
        """Whether a worker of the pool that broke had begun; some failures to do so in a row are an error."""
        started = self._first_sign.done() and self._first_sign.exception() is None
        self._n_failed_starts = 0 if started else self._n_failed_starts + 1
        if self._n_failed_starts == _MAX_FAILED_STARTS:
            raise RunFailedError(
                "the worker processes died while they started, before any training; in a script, put the "
                "call under `if __name__ == '__main__':`, else lower `workers` (out of memory?)"
            )
        return started

    def _given_up(
        self, cohorts: Sequence[Sequence[RunSpec]], lost: Sequence[int], deaths: list[int]
    ) -> Iterator[list[RunResult]]:
        for cohort in lost:
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    threading.Thread(target=_end_with_the_main_process, daemon=True).start()
    global _trainer
    _trainer = Trainer(study, dataset, device=device)


def _end_with_the_main_process() -> None:
    """A search that was killed must not leave workers behind, which would wait for work for ever."""
    main = multiprocessing.parent_process()
    assert main is not None
    main.join()
    os._exit(1)


def _give_sign() -> None:
    """Show that a worker has begun."""


def _train(cohort: list[RunSpec]) -> list[RunResult]:
    assert _trainer is not None
    return _trainer.train(cohort)
