"""What ends the processes of a search that was killed and so cannot do it itself."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import final

_GUARD = Path(__file__).with_name("process_guard.py")


@final
class Lifeline:
    """Tells a small process, by a pipe that breaks when this one dies, which process groups to end then.

    Works wherever there are process groups, unlike a parent-death signal, and for grandchildren too.
    """

    def __init__(self) -> None:
        self._guard: subprocess.Popen[str] | None = None
        self._telling = threading.Lock()

    def hold(self, group: int) -> None:
        """A group was started."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """It has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the small process, and with it any groups not released."""
        guard, self._guard = self._guard, None
        if guard is not None and guard.stdin is not None:
            with contextlib.suppress(OSError):
                guard.stdin.close()
            guard.wait()

    def _tell(self, line: str) -> None:
        with self._telling, contextlib.suppress(OSError):  # somebody has killed the guard: go on without
            if self._guard is None:
                self._guard = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_GUARD)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is not for it
                    text=True,
                )
            assert self._guard.stdin is not None
            self._guard.stdin.write(line)
            self._guard.stdin.flush()
