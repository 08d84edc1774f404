"""The honesty bench: were its null or its truth wrong, its figures would vouch for wrong flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.honesty.figure import draw_power
from benchmarks.honesty.long_run import LongRun, cells, recommendations
from benchmarks.honesty.null import false_flags, false_recommendations, power, with_effects
from benchmarks.honesty.share import share
from benchmarks.honesty.simulated import SimulatedStudy

STUDIES = [SimulatedStudy(number, epochs=10) for number in range(3)]


@pytest.fixture(scope="module")
def sham() -> list[pd.DataFrame]:
    return [study.sham_runs(range(5)) for study in STUDIES]


@pytest.fixture(scope="module")
def long_run() -> LongRun:
    simulated = SimulatedStudy(3, "planted", epochs=10)
    return LongRun(simulated, simulated.joint_runs(range(15)), 15)


def joint(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[runs["n_tasks"] > 1]


def test_sham_runs_have_the_errors_of_single_tasks(sham):
    """Zero gain on average, but never exactly: else there would be nothing to test."""
    gains = pd.concat([joint(runs)["gain"] for runs in sham])
    assert abs(gains.median()) < 0.25 * gains.std()
    assert (gains == 0).mean() < 0.05
    assert not gains.isna().any()


def test_sham_runs_stand_where_joint_runs_would(sham):
    simulated = STUDIES[0]
    names = ["+".join(subset) for subset in simulated.subsets]
    assert set(joint(sham[0])["subset"]) == set(names)
    assert sorted(sham[0]["seed"].unique()) == [0, 1, 2, 3, 4]
    assert (sham[0]["depth"] == 2).all()


def test_nothing_is_flagged_where_there_is_nothing(sham):
    found = false_flags(sham, 3)
    assert found["any"]["share"] <= 1 / 3
    assert found["covered"] > 0.9


def test_no_grouping_is_said_to_win_where_none_can(sham):
    assert sum(false_recommendations(zip(STUDIES, sham, strict=True))) == 0


def test_planted_effects_have_the_size_that_they_say(sham):
    changed, planted = with_effects(sham[0], 2.0, np.random.default_rng(0))
    shift = (changed["gain"] - sham[0]["gain"]).groupby([changed["task"], changed["subset"]]).mean()
    pd.testing.assert_series_equal(
        shift.loc[planted.index], planted, check_names=False, check_exact=False, atol=1e-9
    )
    assert 0 < (planted != 0).mean() < 0.6


def test_large_effects_are_found_and_small_ones_are_not(sham):
    assert power(sham, 6.0, 3)["power"]["share"] > 0.95
    assert power(sham, 0.25, 3)["power"]["share"] < 0.1


def test_searches_are_compared_with_seeds_that_they_have_not_seen(long_run):
    table = cells(long_run, 3)
    assert table["search"].nunique() == 3
    first = table[table["search"] == table["search"].iloc[0]].iloc[0]
    runs = long_run.runs
    own = runs[
        (runs["task"] == first["target"])
        & (runs["subset"] == first["subset"])
        & (runs["split"] == "validation")
    ]
    assert first["truth"] == pytest.approx(own.loc[own["seed"] >= 5, "gain"].mean())
    assert first["gain"] == pytest.approx(own.loc[own["seed"] < 3, "gain"].mean())


def test_promises_are_shrunken_towards_the_truth(long_run):
    found = recommendations(long_run)
    assert len(found) == 3
    assert (found["raw"] >= found["shrunken"]).all()
    assert (found["low"] < found["shrunken"]).all()


def test_shares_have_wilsons_interval():
    """By hand: 5 of 100 lie between 2.15% and 11.18% (Wilson 1927)."""
    found = share([True] * 5 + [False] * 95)
    assert (found["share"], found["n"]) == (0.05, 100)
    assert (found["low"], found["high"]) == pytest.approx((0.0215, 0.1118), abs=1e-4)
    assert np.isnan(share([])["share"])


def test_power_is_drawn(sham, tmp_path):
    draw_power([power(sham[:1], effect, 3) for effect in (1.0, 2.0)], tmp_path / "power.png")
    assert (tmp_path / "power.png").read_bytes()[:4] == b"\x89PNG"
