"""Measure and write the page, the figures behind it and the power curve."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import torch

from benchmarks.honesty.bench import honesty
from benchmarks.honesty.figure import draw_power
from taskgroup.models import blas_libraries


def main() -> None:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.honesty", description=__doc__)
    parser.add_argument("--datasets", type=int, default=300, help="data sets without any transfer")
    parser.add_argument("--long-runs", type=int, default=15, help="data sets trained at very many seeds")
    parser.add_argument("--seeds", type=int, default=60, help="how many seeds those are trained at")
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/honesty"), help="a folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    command = f"python -m benchmarks.honesty {shlex.join(sys.argv[1:])}".strip()
    with blas_libraries().limit(limits=1):
        report = honesty(n_null=options.datasets, n_long=options.long_runs, n_seeds=options.seeds)
    report.write(options.output, command)
    draw_power(report.raw["power"], options.output / "power.png")
    print(report.markdown(command))


if __name__ == "__main__":
    main()
