"""Telling a process that somebody killed from one that the system killed because memory ran out."""

from __future__ import annotations

import signal
from pathlib import Path

_COUNTERS = Path("/proc/vmstat")


def oom_kills() -> int | None:
    """How many processes the system has killed for memory so far; None where it does not say."""
    try:
        lines = _COUNTERS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), None)


def killed_from_outside(exit_code: int | None, oom_kills_before: int | None) -> bool:
    """Whether a process died by SIGKILL although the system has killed none since then.

    Args:
        exit_code: Of the process; minus the signal's number where one ended it.
        oom_kills_before: What `oom_kills` said when it started.
    """
    if exit_code != -signal.SIGKILL or oom_kills_before is None:
        return False
    return oom_kills() == oom_kills_before
