"""The report folder: all four files, whole or absent."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from taskgroup.errors import InputError
from taskgroup.reporting import read_export, write_report
from taskgroup.reporting.atomic import write_atomically
from taskgroup.search import Outcome


def test_the_folder_holds_page_table_picture_and_grouping(digits_outcome: Outcome, tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "digits"
    paths = write_report(digits_outcome, folder)
    assert sorted(p.name for p in folder.iterdir()) == [
        "affinity.csv",
        "affinity.png",
        "groups.json",
        "index.html",
    ]
    assert paths.html.read_text(encoding="utf-8").startswith("<!doctype html>")
    pd.testing.assert_frame_equal(pd.read_csv(paths.affinity_csv), digits_outcome.affinity.table())
    assert paths.heatmap_png.read_bytes().startswith(b"\x89PNG")
    assert read_export(paths.groups_json) == digits_outcome.recommendation


def test_a_report_written_again_replaces_the_old_one(digits_outcome: Outcome, tmp_path: Path) -> None:
    first = write_report(digits_outcome, tmp_path).html.read_bytes()
    second = write_report(digits_outcome, tmp_path).html.read_bytes()
    assert first == second


def test_a_folder_that_cannot_be_is_refused(digits_outcome: Outcome, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("taken")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(digits_outcome, tmp_path / "file" / "report")


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(tmp_path / "page.html", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_importing_the_package_loads_no_drawing_library() -> None:
    # The search, which brings torch, is replaced by its only names that are needed here.
    program = """
import sys, types
sys.modules["taskgroup.search"] = types.SimpleNamespace(
    Outcome=object, Estimated=object, affinity_by_depth_of=None
)
import taskgroup.reporting
print(*{"matplotlib", "scipy.cluster", "plotly.graph_objs"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
