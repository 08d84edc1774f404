"""The whole measurement, as a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.honesty.long_run import BLOCK, LongRun, cells, recommendations, wrong
from benchmarks.honesty.null import false_flags, false_recommendations, power
from benchmarks.honesty.share import in_words, share
from benchmarks.honesty.simulated import SimulatedStudy, World
from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from taskgroup.transfer import FLAG_LEVEL, LEVEL

SEEDS = (2, 3, 5)
EFFECTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
WORLDS: tuple[World, ...] = ("independent", "conflict", "planted")
_POWER_SETS = 100
_FIRST_LONG = 1000  # other tables than those that the shrinkage was tuned on
_SIZES = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, np.inf]


def honesty(rounds: int = 5, *, n_null: int | None = None, n_long: int = 15, n_seeds: int = 60) -> Report:
    """Train, analyse as a search does, and compare with the truth.

    Args:
        rounds: 60 data sets without transfer each, unless `n_null` says how many.
        n_null: Data sets without transfer.
        n_long: Data sets with real joint runs at very many seeds.
        n_seeds: How many.
    """
    simulated = [SimulatedStudy(i) for i in range(n_null or 60 * rounds)]
    null = [study.sham_runs(range(max(SEEDS))) for study in simulated]
    false = {n: false_flags(null, n) for n in SEEDS}
    found_power = [power(null[:_POWER_SETS], effect, n) for n in SEEDS[1:] for effect in EFFECTS]
    long_runs = [_long_run(i, WORLDS[i % len(WORLDS)], n_seeds) for i in range(n_long)]
    by_seeds = {n: pd.concat([cells(run, n) for run in long_runs]) for n in SEEDS[1:]}
    promised = pd.concat([recommendations(run) for run in long_runs])
    recommended = share(false_recommendations(zip(simulated, null, strict=True)))
    raw = {
        "false_flags": false,
        "false_recommendations": recommended,
        "power": found_power,
        "coverage": {n: _coverage(table) for n, table in by_seeds.items()},
        "promises": _promises(promised),
    }
    tables = [
        _null_table(false),
        _power_table(found_power),
        *(_coverage_table(table, n) for n, table in by_seeds.items()),
        _size_table(by_seeds),
        _promise_table(promised),
        _report_table(promised),
    ]
    text = _text(len(null), len(long_runs), n_seeds, false, recommended)
    return Report(
        "honesty", "Flags, intervals and promises against the truth", text, tables, machine_facts(), raw
    )


def _long_run(number: int, world: World, n_seeds: int) -> LongRun:
    simulated = SimulatedStudy(_FIRST_LONG + number, world)
    return LongRun(simulated, simulated.joint_runs(range(n_seeds)), n_seeds)


def _null_table(false: dict[int, dict[str, Any]]) -> Table:
    rows = [
        (
            str(n),
            *(in_words(f[kind]) for kind in ("any", "negative", "positive")),
            f"{f['covered']:.1%}",
            f"{f['mean_gain']:+.2%}",
        )
        for n, f in false.items()
    ]
    columns = ("seeds", "any flag", "negative", "positive", "intervals that cover 0", "mean gain")
    return Table("Nothing to find: share of data sets with a flag at q < 0.05", columns, rows)


def _power_table(found: Sequence[dict[str, Any]]) -> Table:
    by_place = {(row["effect"], row["seeds"]): row for row in found}
    rows: list[tuple[str | float, ...]] = []
    for effect in EFFECTS:
        few, more = by_place[effect, 3], by_place[effect, 5]
        shares = [row[kind]["share"] for row in (few, more) for kind in ("power", "plain")]
        rows.append(
            (f"{effect:g}", *(f"{s:.0%}" for s in shares), f"{few['false']:.1%}, {more['false']:.1%}")
        )
    columns = (
        "true gain / between-seed sd",
        "3 seeds",
        "3 seeds, plain t",
        "5 seeds",
        "5 seeds, plain t",
        "wrong among flags, 3 and 5 seeds",
    )
    return Table("Power: share of planted gains that are flagged", columns, rows)


def _coverage(table: pd.DataFrame) -> dict[str, Any]:
    """Coverage, flags and wrong flags of the searches in a table of cells."""
    covered = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    flagged = table["q_value"] < FLAG_LEVEL
    by_search = (
        table.assign(flagged=flagged, wrong=wrong(table)).groupby("search")[["flagged", "wrong"]].any()
    )
    return {
        "covered": float(covered.mean()),
        "cells": len(table),
        "flagged": share(by_search["flagged"]),
        "wrong": share(by_search["wrong"]),
        "wrong_among_flags": float(wrong(table).sum() / max(flagged.sum(), 1)),
    }


def _coverage_table(table: pd.DataFrame, n_seeds: int) -> Table:
    rows: list[tuple[str | float, ...]] = []
    for world in WORLDS:
        found = _coverage(table[table["world"] == world])
        rows.append(
            (
                world,
                found["cells"],
                f"{found['covered']:.1%}",
                in_words(found["flagged"]),
                in_words(found["wrong"]),
                f"{found['wrong_among_flags']:.2%}",
            )
        )
    columns = (
        "tasks",
        "intervals",
        "cover the long-run gain",
        "searches with a flag",
        "with a wrong one",
        "wrong among flags",
    )
    return Table(f"Real joint runs, {n_seeds} seeds", columns, rows)


def _size_table(by_seeds: dict[int, pd.DataFrame]) -> Table:
    rows: list[tuple[str | float, ...]] = []
    sizes = {n: pd.cut((t["truth"] / t["sd"]).abs(), _SIZES, right=False) for n, t in by_seeds.items()}
    for size in sizes[5].cat.categories:
        cell: list[str] = [f"{size.left:g} to {size.right:g}"]
        for n, table in by_seeds.items():
            own = table[sizes[n] == size]
            right = (own["q_value"] < FLAG_LEVEL) & (np.sign(own["gain"]) == np.sign(own["truth"]))
            covered = (own["low"] <= own["truth"]) & (own["truth"] <= own["high"])
            cell += [f"{right.mean():.0%}", f"{covered.mean():.1%}"] if len(own) else ["", ""]
        rows.append((*cell, len(own)))
    columns = (
        "true gain / between-seed sd",
        "flagged, 3 seeds",
        "covered",
        "flagged, 5 seeds",
        "covered",
        "cells",
    )
    return Table("Real joint runs by the size of the true gain", columns, rows)


def _promises(found: pd.DataFrame) -> dict[str, float]:
    """Bias and error of what the best grouping promises, before and after shrinkage, and after confirmation."""
    raw, shrunken = found["raw"] - found["truth"], found["shrunken"] - found["truth"]
    reported = found[~found["alone"]]
    off = reported["reported"] - reported["test_truth"]
    covered = (reported["reported_low"] <= reported["test_truth"]) & (
        reported["test_truth"] <= reported["reported_high"]
    )
    return {
        "searches": len(found),
        "truth": float(found["truth"].mean()),
        "raw_bias": float(raw.mean()),
        "shrunken_bias": float(shrunken.mean()),
        "raw_rmse": float((raw**2).mean() ** 0.5),
        "shrunken_rmse": float((shrunken**2).mean() ** 0.5),
        "shrunken_covered": float(
            ((found["low"] <= found["truth"]) & (found["truth"] <= found["high"])).mean()
        ),
        "recommended": len(reported),
        "reported_bias": float(off.mean()),
        "reported_bias_error": float(off.std() / max(len(off), 1) ** 0.5),
        "reported_covered": float(covered.mean()),
        "reported_width": float((reported["reported_high"] - reported["reported_low"]).mean()),
        "test_rows_sd": float((reported["test_truth"] - reported["validation_truth"]).std()),
    }


def _promise_table(found: pd.DataFrame) -> Table:
    rows: list[tuple[str | float, ...]] = []
    for world in (*WORLDS, "all"):
        p = _promises(found if world == "all" else found[found["world"] == world])
        rows.append(
            (
                world,
                p["searches"],
                *(f"{p[name]:+.2%}" for name in ("truth", "raw_bias", "shrunken_bias")),
                *(f"{p[name]:.2%}" for name in ("raw_rmse", "shrunken_rmse")),
                f"{p['shrunken_covered']:.1%}",
            )
        )
    columns = (
        "tasks",
        "searches",
        "true gain",
        "bias, as measured",
        "bias, shrunken",
        "error, as measured",
        "error, shrunken",
        "shrunken intervals that cover",
    )
    return Table("The best grouping's gain before confirmation, 5 seeds (validation rows)", columns, rows)


def _report_table(found: pd.DataFrame) -> Table:
    p = _promises(found)
    row = (
        p["recommended"],
        f"{p['reported_bias']:+.2%} ± {1.96 * p['reported_bias_error']:.2%}",
        f"{p['reported_covered']:.1%}",
        f"{p['reported_width']:.2%}",
        f"{p['test_rows_sd']:.2%}",
    )
    columns = (
        "searches that recommend sharing",
        "bias",
        "95% intervals that cover",
        "their mean width",
        "long-run test gain less validation gain, sd",
    )
    return Table("The reported gain: 5 fresh seeds, test rows", columns, [row])


def _text(
    n_null: int, n_long: int, n_seeds: int, false: dict[int, dict[str, Any]], recommended: dict[str, float]
) -> list[str]:
    kept = all(f["any"]["low"] <= FLAG_LEVEL for f in false.values())
    return [
        "Real networks (two layers of 24, 40 epochs), trained by the cohort engine on simulated tables: 300, 500 or "
        "800 rows, five or six tasks, regressions and binary ones in turn, two levels of label noise. Every data set "
        "is analysed as a search does it: all pairs, four triples and all-in-one, gains paired by seed, "
        "`transfer_table`, q-values over everything measured, both signs.",
        f"**Null.** Tasks that are independent still share capacity and regularise each other, so that joint "
        f"training of them truly helps or hurts, and a flag on them is no error. For {n_null} data sets the joint "
        "runs are therefore sham: in place of a joint run, its tasks train alone, on the same rows of the same seed, "
        "from other initial weights and in another batch order. The sham error and the single-task error have one "
        "distribution, so that the true gain is exactly zero, while rows, noise, metrics, shared baselines and the "
        "whole analysis are those of a search. (Sharing nothing at the same seed would be no test: such gains are "
        "zero to the last digit.) The share of data sets with any flag "
        f"{'stays at or under 5% within its error' if kept else 'EXCEEDS 5% beyond its error'}. A search of two seeds, confirmed at three "
        f"others, says in {in_words(recommended)} of these data sets that a grouping beats the better baseline.",
        f"**Power.** On {min(n_null, _POWER_SETS)} of these data sets three cells in ten are given a true gain of a "
        "known size, in units of the standard deviation of their target's gain between seeds, with random signs. "
        "`plain t` tests each cell by its own variance alone: what the moderated variances are worth.",
        f"**Long run.** {n_long} data sets (independent tasks, independent tasks in conflict over the encoder, and "
        f"planted groups) are really trained jointly at {n_seeds} seeds. Each block of five is one search (the first "
        "three of it one of three seeds); the truth is the mean over all other seeds, and because that has an error of "
        f"its own, exact intervals would cover it {_exact_coverage(5, n_seeds):.1%} of the time at five seeds, "
        f"{_exact_coverage(3, n_seeds):.1%} at three. A flag is wrong where its sign is not that of the long-run gain.",
        "**Promises.** The best grouping of each search is chosen by its measured gains; `predicted_gain` shrinks "
        "its promise. Then it is confirmed at the seeds of the next block by the code that a search uses.",
        "What the intervals do not cover: seeds redraw training rows, validation rows, weights and order, but the "
        "table is the one at hand, and the test rows are fixed. The last column of the last table says how much the "
        "long-run gain differs between the test rows and the others: by so much more a gain may differ on new rows.",
    ]


def _exact_coverage(n: int, n_seeds: int) -> float:
    """How often an exact 95% interval of n seeds holds the mean of all seeds but its block."""
    widened = (1 + n / (n_seeds - BLOCK)) ** 0.5
    return float(2 * stats.norm.cdf(stats.norm.ppf(0.5 + LEVEL / 2) / widened) - 1)
