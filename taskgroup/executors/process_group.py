"""A command in a process group of its own, so that it ends with everything that it has started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, final

from taskgroup.executors.output_tail import OutputTail

_LOOK_SECONDS = 0.05
_CHUNK = 65_536
_LAST_CHUNKS = 16  # who escaped from the group may write on for ever


@final
class ProcessGroup:
    """Starts a command and reads what it prints. Use it in one thread, and `end` it in any case.

    Args:
        words: Program and arguments.
        folder: Where it runs.
        environment: All its variables.

    Raises:
        OSError: If it cannot be started.
    """

    def __init__(self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.stdout, self.stderr = OutputTail(), OutputTail()
        self._selector = selectors.DefaultSelector()
        for pipe, tail in ((self._process.stdout, self.stdout), (self._process.stderr, self.stderr)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, tail)

    @property
    def id(self) -> int:
        """The group's number."""
        return self._process.pid

    def wait(self, seconds: float, *, cancelled: threading.Event) -> int | None:
        """Read until the command ends.

        Args:
            seconds: At most so long.
            cancelled: Set by another thread to stop waiting.

        Returns:
            Its exit code, negative for a signal; None if it still runs.
        """
        deadline = time.monotonic() + seconds
        while (code := self._process.poll()) is None:
            left = deadline - time.monotonic()
            if left <= 0 or cancelled.is_set():
                return None
            self._read_or_wait(min(left, _LOOK_SECONDS))
        return code

    def end(self, *, grace_seconds: float) -> None:
        """End every process of the group: asked to at first, killed after a while. Nothing is left behind."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace_seconds
        while self._lives() and time.monotonic() < deadline:
            self._read(0)  # who cannot write cannot end in order
            time.sleep(_LOOK_SECONDS / 5)
        self._signal(signal.SIGKILL)
        self._process.wait()
        for _ in range(_LAST_CHUNKS):
            self._read(0)
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _lives(self) -> bool:
        self._process.poll()  # a dead leader that nobody asks after would count as living
        try:
            os.killpg(self.id, 0)
        except OSError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody there, or only dead ones
            os.killpg(self.id, number)

    def _read_or_wait(self, seconds: float) -> None:
        if self._selector.get_map():
            self._read(seconds)
            return
        with contextlib.suppress(subprocess.TimeoutExpired):  # it has closed both pipes and runs on
            self._process.wait(seconds)

    def _read(self, seconds: float) -> None:
        if not self._selector.get_map():
            return
        for key, _ in self._selector.select(seconds):
            chunk = _chunk_of(key.fileobj)  # type: ignore[arg-type]
            if chunk:
                key.data.add(chunk)
            elif chunk is not None:
                self._selector.unregister(key.fileobj)


def _chunk_of(pipe: IO[bytes]) -> bytes | None:
    """What can be read at once: empty at the pipe's end, None where nothing is there."""
    try:
        return os.read(pipe.fileno(), _CHUNK)
    except BlockingIOError:
        return None
