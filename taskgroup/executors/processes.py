"""Training in worker processes on this machine, which may die without taking results along.

Each worker trains one cohort at a time on one thread. When one dies, it is started again; the others do not
notice. What it was at is trained again (`work_list` says how often); what had come back is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import final

from taskgroup.data import Dataset
from taskgroup.executors.work_list import Part, WorkList
from taskgroup.executors.worker import Worker
from taskgroup.spec import RunResult, RunSpec, Study
from taskgroup.training import KeptWeights, Trainer


@final
class ProcessExecutor:
    """Trains cohorts in `n_workers` processes.

    Args:
        study: What the workers train.
        dataset: Its rows; each worker gets a copy.
        n_workers: Processes.
        device: As for `Trainer`.
        weights: As for `Trainer`.
    """

    def __init__(
        self,
        study: Study,
        dataset: Dataset,
        *,
        n_workers: int,
        device: str = "cpu",
        weights: KeptWeights | None = None,
    ) -> None:
        self._packer = Trainer(study, dataset, device=device, n_sharing=n_workers)
        self._workers = [Worker(study, dataset, device=device, weights=weights) for _ in range(n_workers)]

    @property
    def pids(self) -> list[int]:
        """The worker processes that are running."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """Pack as the trainer does."""
        return self._packer.pack(specs)

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Keep all workers busy and yield what comes back.

        Raises:
            RunFailedError: If the workers die before they have begun.
        """
        work, idle = WorkList(cohorts), list(self._workers)
        running: dict[Future[list[RunResult]], tuple[Worker, Part]] = {}
        try:
            for worker in self._workers if work.waiting else ():
                worker.start()
            while work.waiting or running:
                while work.waiting and idle:
                    worker, part = idle.pop(0), work.take()
                    running[worker.submit(part.members)] = worker, part
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                finished = [(future, *running.pop(future)) for future in done]
                idle += [worker for _, worker, _ in finished]
                for future, worker, part in finished:
                    if (whole := _outcome(work, future, worker, part)) is not None:
                        yield whole
        except BaseException:
            self._stop(kill=True)
            raise

    def close(self) -> None:
        """End the workers."""
        self._stop()

    def _stop(self, *, kill: bool = False) -> None:
        for worker in self._workers:
            worker.stop(kill=kill)


def _outcome(
    work: WorkList, future: Future[list[RunResult]], worker: Worker, part: Part
) -> list[RunResult] | None:
    """The results of a whole cohort, where this was the last of it that was missing."""
    if not isinstance(future.exception(), BrokenProcessPool):
        return work.returned(part, future.result())
    if worker.bury():
        return work.died(part, from_outside=worker.killed_from_outside)
    work.put_back(part)
    return None
