"""Exports: what another program reads must be what was recommended."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fabricated import HOSTILE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskgroup.errors import InputError, NotFoundError
from taskgroup.grouping import Grouping, Network
from taskgroup.reporting import export_grouping, read_export, write_export
from taskgroup.search import Outcome
from taskgroup.spec import Sharing

numbers = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | numbers
names = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=20)
subsets = st.lists(names, min_size=1, max_size=4, unique=True).map(tuple)
networks = st.builds(
    Network,
    subset=subsets,
    serves=subsets,
    cost=numbers,
    sharing=st.none() | st.builds(Sharing, kind=names, depth=st.integers(0, 9)),
    weighting=st.none() | names,
    hyperparameters=st.dictionaries(names, numbers, max_size=3),
)
groupings = st.builds(
    Grouping,
    networks=st.lists(networks, max_size=4).map(tuple),
    cost=numbers,
    select_total=numbers,
    report_total=maybe,
    bound=maybe,
    optimal=st.booleans(),
    gain=maybe,
    low=maybe,
    high=maybe,
    baseline_gains=st.dictionaries(names, maybe, max_size=2),
    versus=st.dictionaries(names, st.dictionaries(names, maybe, max_size=3), max_size=2),
    confirmed=st.booleans(),
    verdict=st.text(st.characters(exclude_categories=("Cs",))),
)


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grouping=groupings)
def test_an_export_read_back_is_equal(suffix: str, tmp_path: Path, grouping: Grouping) -> None:
    assert read_export(write_export(grouping, tmp_path / f"groups{suffix}")) == grouping


def test_numpy_numbers_and_nan_do_not_break_an_export(digits_outcome: Outcome, tmp_path: Path) -> None:
    grouping = replace(
        digits_outcome.recommendation, gain=np.float64(0.07), low=np.nan, optimal=np.bool_(True)
    )
    for suffix in (".json", ".yaml"):
        back = read_export(write_export(grouping, tmp_path / f"groups{suffix}"))
        assert back == replace(grouping, gain=0.07, low=None, optimal=True)


def test_csv_has_a_row_for_each_network_and_task(digits_outcome: Outcome) -> None:
    table = pd.read_csv(io.StringIO(export_grouping(digits_outcome.recommendation, "csv")))
    assert list(table.columns) == [
        "network",
        "task",
        "served",
        "cost",
        "sharing",
        "depth",
        "weighting",
        "learning_rate",
        "weight_decay",
        "sampling",
        "distillation",
        "settings",
    ]
    served = table[table["served"]]
    assert dict(zip(served["task"], served["network"], strict=True)) == {
        task: number
        for number, network in enumerate(digits_outcome.recommendation.networks, start=1)
        for task in network.serves
    }
    assert (table["learning_rate"] == 0.003).all()


def test_csv_keeps_hostile_names(make_outcome: Callable[..., Outcome]) -> None:
    text = export_grouping(make_outcome(HOSTILE).recommendation, "csv")
    table = pd.read_csv(io.StringIO(text), keep_default_na=False)
    assert set(table["task"]) == set(HOSTILE)


def test_the_format_may_differ_from_the_suffix(digits_outcome: Outcome, tmp_path: Path) -> None:
    path = write_export(digits_outcome.recommendation, tmp_path / "groups.txt", "yaml")
    assert path.read_text(encoding="utf-8") == export_grouping(digits_outcome.recommendation, "yaml")


def test_unknown_suffixes_and_formats_name_the_known_ones(digits_outcome: Outcome, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'\.jsn'.*did you mean '\.json'"):
        write_export(digits_outcome.recommendation, tmp_path / "groups.jsn")
    with pytest.raises(InputError, match="Known: json, yaml, csv"):
        export_grouping(digits_outcome.recommendation, "toml")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["", "[1, 2]", "{}", '{"networks": [{"subset": "a"}]}', "{", "\x00"])
@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_other_files_are_refused_by_name(content: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"other{suffix}"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="holds no exported grouping"):
        read_export(path)


def test_reading_what_is_not_there_or_a_csv_says_so(digits_outcome: Outcome, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        read_export(tmp_path / "none.json")
    with pytest.raises(InputError, match="export as json or yaml"):
        read_export(write_export(digits_outcome.recommendation, tmp_path / "groups.csv"))
