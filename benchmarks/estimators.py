"""Compare the affinity estimators with measured gains, and write what was found.

Run from the repository root: `python -m benchmarks.estimators --data FOLDER [-o FOLDER] [SET ...]`. FOLDER holds
emotions.parquet and sarcos.parquet, each with its targets in the columns `y_*`; digits needs none.

For each set every pair and every triple is trained with untuned settings, then a small search is run; the estimators
are compared with the pairs of both. The tables go to `measured.md` in the output folder.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import taskgroup as tg
from benchmarks.real_data import CASES, study_of
from taskgroup.affinity import pairwise
from taskgroup.search import Estimated, Estimation, default_recipes
from taskgroup.spec import Study

SETS = {"digits": 8, "emotions": 8, "sarcos_fifth": 5}
"""Seeds of the untuned measurement."""

SEARCH_RUNS = 400


def main() -> int:
    """Compare on every set and write one page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help="all by default")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/estimators"))
    options = parser.parse_args()
    cases = {case.name: case for case in CASES}
    sections = []
    for name in options.sets or SETS:
        study = study_of(cases[name], options.data)
        sections.append(_section(name, study, SETS[name]))
        print(sections[-1], flush=True)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "measured.md").write_text("\n".join(sections))
    return 0


def _section(name: str, study: Study, n_seeds: int) -> str:
    names = study.task_names
    subsets = [s for size in (2, 3) for s in itertools.combinations(names, size)]
    started = time.perf_counter()
    measured = tg.measure(study, subsets, seeds=n_seeds)
    seconds = time.perf_counter() - started
    joint = measured.runs[measured.runs["n_tasks"] > 1]
    gains = joint[(joint["split"] == "validation") & joint["gain"].notna()].rename(columns={"task": "target"})
    affinity = pairwise(measured.transfer, names, gains=gains[["target", "subset", "seed", "gain"]])
    untuned = _timed(Estimation(study, default_recipes(study), runs=joint, measured=affinity))
    result = tg.search(study, runs=SEARCH_RUNS, seeds=3)
    searched = _timed(Estimation.of_outcome(result.outcome))
    n_found = int(result.affinity.estimate.notna().to_numpy().sum())
    return f"""## {name}

Untuned: every pair and triple of {len(names)} tasks at {n_seeds} seeds, {measured.runs["run_id"].nunique()} runs in
{seconds:.0f} s; {_spread(affinity.estimate.to_numpy())}. All estimates together took {untuned[1]:.1f} s.

{_table(untuned[0])}

A search of at most {SEARCH_RUNS} runs at 3 seeds, tuned: {n_found} of {len(names) * (len(names) - 1)} ordered pairs measured.

{_table(searched[0])}
"""


def _timed(estimation: Estimation) -> tuple[list[Estimated], float]:
    started = time.perf_counter()
    return estimation.all(), time.perf_counter() - started


def _spread(gains: np.ndarray) -> str:
    known = gains[np.isfinite(gains)]
    return f"{int((known > 0).sum())} of {known.size} ordered pairs up, median gain {np.median(known):+.1%}"


def _table(estimates: Sequence[Estimated]) -> str:
    lines = [
        "| estimator | runs | FLOPs | rank correlation | 95% interval | ordered pairs |",
        "|---|---|---|---|---|---|",
    ]
    for estimated in estimates:
        matrix = estimated.matrix
        if matrix is None:
            lines.append(f"| {estimated.estimator.name} | | | {estimated.reason} | | |")
            continue
        known, flops = matrix.agreement, "" if matrix.cost_flops is None else f"{matrix.cost_flops:.1e}"
        found = (
            f"{known.correlation:+.2f} | {known.low:+.2f} to {known.high:+.2f} | {known.n_pairs}"
            if known
            else " | | "
        )
        lines.append(f"| {estimated.estimator.name} | {matrix.cost_runs} | {flops} | {found} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
