"""The committed tables of measured groupings: complete, readable, and what the engine gives today."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import taskgroup as tg
from benchmarks.tables import TABLES, Table, averaged, gains, prepared, read, reliability, source_of
from taskgroup.spec import subset_from_name

FOLDER = Path(__file__).parents[1] / "reports" / "tables"
NAMES = [table.name for table in TABLES]

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the reports are not beside the tests")


@pytest.fixture(params=TABLES, ids=NAMES)
def table(request) -> Table:
    return request.param


def columns(prefix: str, table: Table) -> list[str]:
    return [f"{prefix}_{task}" for task in table.tasks]


def test_every_subset_stands_once_a_seed_with_all_its_scores_and_no_others(table):
    """A hole would end a replay, and a stray value would serve a task that was not trained."""
    measured = read(FOLDER / f"{table.name}.csv")
    expected = {"+".join(subset) for subset in table.subsets}
    assert list(measured.columns) == ["subset", "seed", *columns("val", table), *columns("test", table)]
    assert set(zip(measured["subset"], measured["seed"], strict=True)) == set(
        itertools.product(expected, range(table.n_seeds))
    )
    assert len(measured) == len(expected) * table.n_seeds
    member = np.array(
        [[task in subset_from_name(name) for task in table.tasks] for name in measured["subset"]]
    )
    for prefix in ("val", "test"):
        values = measured[columns(prefix, table)].to_numpy(dtype=float)
        assert (np.isfinite(values) == member).all()
        assert (values[member] <= 1).all()


def test_averaged_over_seeds_it_is_a_table_to_group_by(table):
    grouping = tg.group(
        averaged(read(FOLDER / f"{table.name}.csv")),
        select="val_{task}",
        report="test_{task}",
        direction="maximize",
        groups=3,
    )
    assert sorted(task for network in grouping.networks for task in network.serves) == sorted(table.tasks)
    assert grouping.optimal


def test_the_page_and_the_facts_describe_every_table():
    """Figures without their recipe, licence and cost are no evidence."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    facts = json.loads((FOLDER / "measured.json").read_text(encoding="utf-8"))
    assert sorted(facts) == sorted(NAMES)
    assert all(f"### {name}\n" in page for name in NAMES)
    assert all(len(read(FOLDER / f"{table.name}.csv")) == facts[table.name]["runs"] for table in TABLES)


def test_files_stay_small_enough_to_read_in_a_review(table):
    assert (FOLDER / f"{table.name}.csv").stat().st_size < 250_000


def test_a_row_of_the_digits_is_what_the_engine_measures():
    """Otherwise replays would compare strategies on networks that nobody can train."""
    table = next(table for table in TABLES if table.name == "digits_fifth")
    runs = tg.measure(table.study("sklearn:digits"), [("odd", "ink")], seeds=1).runs
    committed = read(FOLDER / "digits_fifth.csv").set_index(["subset", "seed"]).loc[("odd+ink", 0)]
    short = {"validation": "val", "test": "test"}
    found = {
        f"{short[split]}_{task}": value
        for subset, task, split, value in zip(
            runs["subset"], runs["task"], runs["split"], runs["value"], strict=True
        )
        if subset == "odd+ink"
    }
    assert found == pytest.approx(committed.dropna().to_dict(), rel=1e-4)


def test_gains_are_paired_by_seed_and_noise_has_no_reliability():
    """The summary would otherwise praise or blame tables for what it computes wrongly."""
    rng = np.random.default_rng(0)
    cells = {(f"t{i % 4}", ("a", f"b{i}")): rng.normal(size=6) for i in range(400)}
    assert reliability(cells) == pytest.approx((0, 0), abs=0.1)
    signal = {cell: values + 5 * i for i, (cell, values) in enumerate(cells.items())}
    assert min(reliability(signal)) > 0.99
    measured = read(FOLDER / "digits_fifth.csv").set_index(["subset", "seed"])
    single, joint = (1 - measured.loc[(name, 3), "val_odd"] for name in ("odd", "odd+ink"))
    gain = gains(measured.reset_index(), "val")["odd", ("odd", "ink")][3]
    assert gain == pytest.approx((single - joint) / max(single, 0.01))


def test_a_table_whose_file_is_absent_is_skipped(tmp_path):
    """Whoever lacks the public data can still measure the digits."""
    sources = [source_of(table, tmp_path, tmp_path) for table in TABLES]
    assert [source for source in sources if source] == ["sklearn:digits"] * 2
    assert prepared(TABLES[0], None) is None
