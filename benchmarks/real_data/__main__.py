"""Search every set in a process of its own; the command line."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import taskgroup as tg
from benchmarks import real_data
from benchmarks.process_use import ProcessUse
from benchmarks.real_data.cases import CASES, Case, study_of
from benchmarks.real_data.page import figures_of, set_page, table_of_all, write_page
from benchmarks.real_data.untuned import untuned
from taskgroup.errors import nearest
from taskgroup.reporting import write_report


def main() -> int:
    """Search the sets that are named and write a page for each, and the table of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_data", description=real_data.__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help="all by default")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/real_data"))
    options = parser.parse_args()
    cases = {case.name: case for case in CASES}
    for name in options.sets:
        if name not in cases:
            parser.error(f"there is no set {name!r}; {nearest(name, cases)}")
    wanted = options.sets or list(cases)
    if len(wanted) == 1:
        search(cases[wanted[0]], options.data, options.output)
        return 0
    command = [sys.executable, "-m", "benchmarks.real_data", "--data", options.data, "-o", options.output]
    return max(subprocess.run([*command, name], check=False).returncode for name in wanted)


def search(case: Case, data: Path, output: Path) -> None:
    """Search one set, and write what was found."""
    folder = output / case.name
    with tempfile.TemporaryDirectory() as scratch:
        study = study_of(case, data, Path(scratch))
        before = untuned(study) if case.untuned else ""
        with ProcessUse() as use:
            outcome = tg.search(study, workers=case.n_workers).outcome
            written = write_report(outcome, folder)
    written.html.unlink()  # megabytes of it are the plotting library
    figures = figures_of(outcome, use, case.n_workers)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    write_page(folder / "README.md", set_page(case, outcome, figures, before))
    write_page(output / "README.md", table_of_all(output))
    print((folder / "README.md").read_text(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
