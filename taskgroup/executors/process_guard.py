"""Ends process groups when the process that started them is killed: run as a program, on standard input.

It reads ``+GROUP`` for a group that was started and ``-GROUP`` for one that has ended. When the input ends,
all that are left are ended. It imports nothing of taskgroup, so that it starts in a moment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

_GRACE_SECONDS = 5.0


def left_over(lines: Iterable[str]) -> set[int]:
    """The groups that were started and have not ended.

    >>> left_over(["+10", "+11", "-10"])
    {11}
    """
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    return groups


def _main() -> None:
    groups = left_over(sys.stdin)
    for ending in (signal.SIGTERM, signal.SIGKILL) if groups else ():
        for group in groups:
            with contextlib.suppress(OSError):
                os.killpg(group, ending)
        if ending == signal.SIGTERM:
            time.sleep(_GRACE_SECONDS)


if __name__ == "__main__":
    _main()
