"""What a second worker brings: wall time of whole searches with one worker and with two, in turns."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence

import taskgroup as tg
from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.spec import Study, parse_study

WORKERS = (1, 2)


def workers(rounds: int, studies: Mapping[str, Study] | None = None) -> Report:
    """Time searches from the start of the workers to the recommendation.

    Args:
        rounds: Turns that each number of workers takes, after one that does not count.
        studies: What to search; by default digits with larger networks, and convolutions.
    """
    rows, raw, loads = [], {}, []
    for name, study in (studies or _studies()).items():
        contenders = [Contender(f"{n}", _searching(study, n)) for n in WORKERS]
        take_turns(contenders, rounds)
        loads.append(os.getloadavg()[0])
        one, two = contenders
        ratios = [a / b for a, b in zip(one.wall_seconds, two.wall_seconds, strict=True)]
        rows.append(
            (name, *(c.wall_ms_a_run / 1000 for c in contenders), statistics.median(ratios), loads[-1])
        )
        raw[name] = {c.name: c.wall_seconds for c in contenders}
    columns = ("", "s, one worker", "s, two workers", "times faster", "load average after")
    table = Table("Wall time of a search", columns, rows)
    return Report("workers", "Two workers against one", _text(rounds, loads), [table], machine_facts(), raw)


def _searching(study: Study, n_workers: int) -> Callable[[], None]:
    def run() -> None:
        tg.search(study, workers=n_workers)

    return run


def _studies() -> dict[str, Study]:
    digits = tg.load_study("studies/digits.yaml").document()
    digits["model"]["widths"] = [256, 256]
    digits["search"] |= {"runs": 100, "seeds": 3}
    heads = tg.load_study("studies/two_heads.yaml").document()
    heads["search"] |= {"runs": 60, "seeds": 2}
    return {
        "digits, widths 256 × 256, 100 runs": parse_study(digits),
        "two_heads (cnn), 60 runs": parse_study(heads),
    }


def _text(rounds: int, loads: Sequence[float]) -> list[str]:
    return [
        f"`tg.search` with `workers=1` (in this process) and `workers=2`, medians of {rounds} turns that they took one "
        "after the other; the ratio is the median of the ratios within a turn. Included is all that a search does: "
        "starting the workers, proposing, recording, deciding.",
        f"The machine has {os.cpu_count()} cores, and others work on it: with a load average of "
        f"{max(loads):.1f}, two workers get less than two cores between them.",
        "Where it is below 1.8 although the cores are free: a search trains batch by batch, since what it asks for "
        "next depends on what came back, so that a worker waits at the end of each batch; cohorts are packed alike "
        "for any number of workers, for equal results, and a batch of one cohort keeps one worker busy; proposing and "
        "deciding happen in the main process.",
    ]
