"""How much time, processor time and memory something takes, with all processes that it starts (Linux)."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType

_EVERY = 0.25  # seconds between two looks at the memory


class ProcessUse:
    """Measures what happens inside a `with` block.

    Memory is the sum over this process and its descendants, with pages that several share counted once.

    Attributes:
        wall_seconds: Elapsed time.
        cpu_seconds: Processor time, of children as far as they have ended.
        peak_megabytes: The most memory seen.
        load: The machine's load average at the end.
    """

    def __init__(self) -> None:
        self.wall_seconds = self.cpu_seconds = self.peak_megabytes = self.load = 0.0
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> ProcessUse:
        self._started, self._cpu = time.perf_counter(), _cpu_seconds()
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wall_seconds = time.perf_counter() - self._started
        self.cpu_seconds = _cpu_seconds() - self._cpu
        self.load = os.getloadavg()[1]
        self._ended.set()
        self._watch.join()

    def _look(self) -> None:
        while True:
            seen = sum(map(_megabytes, [os.getpid(), *_descendants(os.getpid())]))
            self.peak_megabytes = max(self.peak_megabytes, seen)
            if self._ended.wait(_EVERY):
                return


def _cpu_seconds() -> float:
    return sum(os.times()[:4])


def _descendants(pid: int) -> list[int]:
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in listed.read_text().split()]
        except OSError:  # the thread has ended
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found


def _megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # the process has ended
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
