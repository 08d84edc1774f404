"""Run benches and write their reports."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.breakdown import breakdown
from benchmarks.encoders import encoders
from benchmarks.engine import engine
from benchmarks.gpu import gpu
from benchmarks.honesty import honesty
from benchmarks.own_rows import own_rows
from benchmarks.packing import packing
from benchmarks.report import Report
from benchmarks.search import search
from benchmarks.sharing import sharing
from benchmarks.solvers import solvers
from benchmarks.trainers import trainers
from benchmarks.weightings import weightings
from benchmarks.workers import workers
from taskgroup.models import blas_libraries

BENCHES: dict[str, Callable[[int], Report | None]] = {
    "engine": engine,
    "breakdown": breakdown,
    "packing": packing,
    "encoders": encoders,
    "own_rows": own_rows,
    "search": search,
    "sharing": sharing,
    "solvers": solvers,
    "honesty": honesty,
    "trainers": trainers,
    "weightings": weightings,
    "gpu": gpu,
    "workers": workers,
}


def main() -> None:
    """Read the command line, run, print and write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=sys.modules["benchmarks"].__doc__
    )
    parser.add_argument("bench", nargs="?", default="engine", choices=[*BENCHES, "all"])
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/benchmarks"), help="a folder")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each contender takes")
    options = parser.parse_args()
    names = list(BENCHES) if options.bench == "all" else [options.bench]
    torch.set_num_threads(1)
    command = f"python -m benchmarks {shlex.join(sys.argv[1:])}".strip()
    with blas_libraries().limit(limits=1):
        for name in names:
            report = BENCHES[name](options.rounds)
            if report is None:
                print(f"{name}: left out, since torch sees no CUDA device")
                continue
            report.write(options.output, command)
            print(report.markdown(command))


if __name__ == "__main__":
    main()
