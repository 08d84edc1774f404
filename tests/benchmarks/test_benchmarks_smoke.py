"""The benches must run on a tiny case, or `make bench` fails on whoever wants to compare."""

from __future__ import annotations

import json

import pytest
import torch

from benchmarks.breakdown import breakdown
from benchmarks.case import Case
from benchmarks.encoders import encoders
from benchmarks.engine import engine
from benchmarks.gpu import gpu
from benchmarks.own_rows import long_table, own_rows
from benchmarks.own_rows_sampling import OF_ALL, OF_ONE, sampling_gains
from benchmarks.trainers import trainers

TINY = Case(n_rows=64, n_features=4, n_tasks=3, widths=(8, 8), batch_size=16, epochs=10)


@pytest.fixture(scope="module")
def report():
    return engine(1, TINY, cohorts=(1, 2))


def test_every_contender_is_timed_and_ends_where_the_others_do(report):
    for group in report.raw.values():
        assert {"plain loop", "best plain loop", "taskgroup, float32"} <= group["training_losses"].keys()
        timed = [contender for name, contender in group.items() if name != "training_losses"]
        assert all(len(contender["cpu_seconds"]) == 1 for contender in timed)


def test_reports_are_written_for_people_and_machines(report, tmp_path):
    report.write(tmp_path, "python -m benchmarks")
    assert "| plain loop, one head a task |" in (tmp_path / "engine.md").read_text()
    assert json.loads((tmp_path / "engine.json").read_text())["machine"]["torch"]


def test_every_moment_of_a_cohort_is_of_some_kind(report):
    found = breakdown(1, TINY, n_runs=2)
    shares = {kind: share for kind, _, share in found.tables[0].rows}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["products"] > 0


def test_asking_a_command_is_timed_beside_a_function():
    """The figure tells users whether a process a run is dear to them."""
    by_name = {row[0]: row[2] for row in trainers(1, n_runs=1).tables[0].rows}
    assert by_name["a command"] > by_name["a function"] > 0


def test_every_encoder_is_timed():
    names = {str(row[0]).split()[0] for row in encoders(1, sizes=(1, 2), epochs=1).tables[0].rows}
    assert names == {"cnn", "bag", "embedding_bag", "lstm"}


def test_own_rows_are_timed_against_masked_ones():
    found = own_rows(1, n_tasks=4, rows_a_task=60, landmine=None)
    timed = {row[0]: row[1] for row in found.tables[0].rows}
    assert timed == {"single tasks": 4, "pairs": 6, "all in one": 1}


def test_samplings_are_compared(tmp_path):
    """Each against proportional sampling, and each task as the main one."""
    long_table(["1", "2", "3"], 80).to_parquet(tmp_path / "table.parquet")
    found = sampling_gains(tmp_path / "table.parquet", seeds=range(2), epochs=2)
    assert {row[0] for row in found.table.rows} == {"single tasks", *OF_ALL, *OF_ONE}


def test_whoever_has_a_gpu_can_measure_it():
    """Here on the processor: the same code for other users' devices."""
    found = gpu(1, TINY, cohorts=(1, 4), device="cpu")
    assert [row[0] for row in found.tables[0].rows][2:] == [
        "taskgroup, 1 at once",
        "taskgroup, 4 at once",
        "taskgroup, packed by itself (up to 4 at once)",
    ]
    assert all(row[1] > 0 for row in found.tables[0].rows)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_nothing_is_measured():
    assert gpu(1) is None
