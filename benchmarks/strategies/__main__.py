"""Run replays, or write the page of what they gave."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from benchmarks.strategies.cases import all_cases
from benchmarks.strategies.one_replay import STRATEGIES
from benchmarks.strategies.page import write_page
from benchmarks.strategies.record import Record
from benchmarks.strategies.schedule import (
    chosen_cases,
    chosen_strategies,
    fail,
    measure,
    measured_pace,
    planned,
)

COMMAND = "python -m benchmarks.strategies"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=sys.modules["benchmarks.strategies"].__doc__)
    parser.add_argument("action", nargs="?", default="measure", choices=["measure", "page", "list"])
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/strategies"), help="a folder")
    parser.add_argument("--tables", type=Path, help="folder of the published tables")
    parser.add_argument("--only", help="tables, by comma")
    parser.add_argument("--strategies", default=",".join(STRATEGIES), help="by comma")
    parser.add_argument("--seeds", type=int, default=20, help="replays of each cell")
    parser.add_argument("--large-seeds", type=int, default=5, help="the same with 20 tasks and more")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="replay again what was replayed")
    parser.add_argument("--dry-run", action="store_true", help="print the estimate only")
    options = parser.parse_args()
    if min(options.seeds, options.large_seeds, options.workers) < 1:
        fail("--seeds, --large-seeds and --workers are whole numbers, at least 1")
    record = Record(options.output / "results.csv")
    if options.action == "list":
        print("\n".join(f"{case.name}  {case.part}" for case in all_cases(options.tables)))
        return
    n_failed = _measure(options, record) if options.action == "measure" else 0
    if not options.dry_run and record.path.exists():
        write_page(record, options.output)
    raise SystemExit(1 if n_failed else 0)


def _measure(options: argparse.Namespace, record: Record) -> int:
    """How many replays failed."""
    cases = chosen_cases(all_cases(options.tables), options.only)
    strategies = chosen_strategies(options.strategies)
    names = {case.name for case in cases}
    if options.fresh and not options.dry_run:
        n = record.drop(lambda key: key[0] in names and key[3] in strategies)
        print(f"{n} earlier replays dropped")
    plan = planned(
        cases,
        seeds=options.seeds,
        large_seeds=options.large_seeds,
        strategies=strategies,
        record=record,
    )
    seconds = plan.seconds(pace=measured_pace()) if plan.jobs else 0.0
    print(
        f"{len(plan.jobs)} replays: about {seconds / 3600:.1f} h of processor time, "
        f"{seconds / options.workers / 3600:.1f} h with {options.workers} workers "
        f"({COMMAND} {shlex.join(sys.argv[1:])})",
        flush=True,
    )
    return 0 if options.dry_run else measure(plan, record, workers=options.workers)


if __name__ == "__main__":
    main()
