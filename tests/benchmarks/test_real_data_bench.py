"""Searches of real data: what the pages say must be what was measured."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd

from benchmarks.process_use import ProcessUse
from benchmarks.real_data import CASES, study_of
from benchmarks.real_data.page import table_of_all, write_page

FIGURES = {
    "tasks": 3,
    "runs": 1234,
    "workers": 2,
    "wall_seconds": 61.2,
    "cpu_seconds": 99.8,
    "peak_megabytes": 1022,
    "load": 1.5,
    "networks": [["a", "b"], ["c"]],
    "versus": {
        "single_task": {"gain": 0.05, "low": 0.01, "high": 0.09},
        "all_in_one": {"gain": 0.02, "low": -0.01, "high": 0.05},
    },
    "hurt": 2,
    "helped": 3,
    "combinations": 10,
}


def test_notes_by_hand_stay_when_a_page_is_written_again(tmp_path):
    page = tmp_path / "README.md"
    write_page(page, "# first\n")
    page.write_text(page.read_text() + "What it means.\n")
    write_page(page, "# second\n")
    assert page.read_text().startswith("# second\n")
    assert page.read_text().endswith("What it means.\n")


def test_the_table_lists_every_set_that_was_searched(tmp_path):
    (tmp_path / "wq").mkdir()
    (tmp_path / "wq" / "figures.json").write_text(json.dumps(FIGURES))
    row = table_of_all(tmp_path).splitlines()[-1]
    assert row.startswith("| [wq](wq/README.md) | 3 | 1,234 | 61 (2 workers) | 100 | 1,022 | 1.5 | 2 |")
    assert row.endswith("| +5.0% [+1.0%, +9.0%] | +2.0% [-1.0%, +5.0%] | 2 of 10 |")


def test_memory_and_time_of_children_count():
    """Workers hold most of the memory of a search."""
    hog = "import time; data = bytearray(200 << 20); time.sleep(0.5); sum(range(10**6))"
    with ProcessUse() as use:
        subprocess.run([sys.executable, "-c", hog], check=True)
    assert use.peak_megabytes > 200
    assert use.wall_seconds > 0.5
    assert use.cpu_seconds > 0


def test_cases_of_own_rows_and_parts_of_tables_are_studies(tmp_path):
    """A case that is no valid study fails only after the others have run."""
    rng = np.random.default_rng(0)
    sets = ["MR", "SST5", "CR", "TREC"]
    table = pd.DataFrame({"task": np.repeat(sets, 30), "y": rng.integers(2, size=120), "text": "some words"})
    (tmp_path / "part").mkdir()
    table.to_parquet(tmp_path / "text_sentences.parquet")
    case = next(case for case in CASES if case.name == "text_sentences")
    study = study_of(case, tmp_path, tmp_path / "part")
    assert {task.name: task.kind for task in study.tasks} == {"CR": "binary", "TREC": "multiclass"}
    assert len(pd.read_parquet(study.data.source)) == 60
