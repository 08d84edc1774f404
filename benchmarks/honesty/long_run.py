"""Real joint runs at very many seeds: what a search of a few of them says, against the mean over all others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.honesty.simulated import SimulatedStudy
from taskgroup.search.analysis import in_any_way, measured_values
from taskgroup.search.confirm import Confirmation, decide, serving_of, single_task
from taskgroup.search.serving import Serving
from taskgroup.transfer import FLAG_LEVEL, predicted_gain, transfer_table

BLOCK = 5  # seeds of one search


@dataclass(frozen=True)
class LongRun:
    """A simulated study with its joint runs at seeds 0, 1, 2 and so on.

    Attributes:
        simulated: The study.
        runs: Scores with gains.
        n_seeds: How many seeds.
    """

    simulated: SimulatedStudy
    runs: pd.DataFrame
    n_seeds: int

    def blocks(self) -> Iterator[list[int]]:
        """The seeds of each search, none in two."""
        for first in range(0, self.n_seeds - BLOCK + 1, BLOCK):
            yield list(range(first, first + BLOCK))

    def at(self, seeds: list[int]) -> pd.DataFrame:
        """The runs of some seeds."""
        return self.runs[self.runs["seed"].isin(seeds)]

    def without(self, seeds: list[int]) -> pd.DataFrame:
        """The runs of all other seeds."""
        return self.runs[~self.runs["seed"].isin(seeds)]


def cells(long_run: LongRun, n_seeds: int) -> pd.DataFrame:
    """Every search's transfer table with the long-run gain of each cell.

    Adds to the table: search, world, truth, its standard error `truth_error`, and `sd`, the standard
    deviation of the gain between seeds.
    """
    found = []
    for number, seeds in enumerate(long_run.blocks()):
        table = transfer_table(long_run.at(seeds[:n_seeds]))
        others = long_run.without(seeds)
        others = others[(others["n_tasks"] > 1) & (others["split"] == "validation")]
        truth = others.groupby(["task", "subset"])["gain"].agg(["mean", "std", "count"])
        truth = truth.loc[pd.MultiIndex.from_frame(table[["target", "subset"]])]
        found.append(
            table.assign(
                search=f"{long_run.simulated.study.name} {number}",
                world=long_run.simulated.world,
                truth=truth["mean"].to_numpy(),
                truth_error=(truth["std"] / np.sqrt(truth["count"])).to_numpy(),
                sd=truth["std"].to_numpy(),
            )
        )
    return pd.concat(found, ignore_index=True)


def wrong(table: pd.DataFrame) -> pd.Series:
    """Which cells are flagged with a sign that the long run does not have."""
    other_sign = np.sign(table["gain"]) != np.sign(table["truth"])
    return pd.Series((table["q_value"] < FLAG_LEVEL) & other_sign)


def recommendations(long_run: LongRun) -> pd.DataFrame:
    """What searches promise and report, and what the other seeds show.

    One row a search: the best grouping's mean measured gain (`raw`), what `predicted_gain` makes of it
    (`shrunken`, `low`, `high`) and its long-run gain (`truth`), all on validation rows; then the test gain
    that is reported after confirmation at the seeds of the next search, with its interval, and its long run.
    """
    study, recipes = long_run.simulated.study, long_run.simulated.recipes
    serving = Serving(study, recipes, long_run.simulated.n_inputs)
    baselines = serving.baselines()
    importance = {task.name: task.importance for task in study.tasks}
    blocks, rows = list(long_run.blocks()), []
    for seeds, fresh in zip(blocks, [*blocks[1:], blocks[0]], strict=True):
        runs = long_run.at(seeds)
        values = measured_values(in_any_way(runs, recipes, seeds), study.task_names)
        finalists = serving.finalists(values, 2)
        chosen = serving_of(finalists[0])
        promised = predicted_gain(runs, chosen, importance)
        assert promised is not None  # all that may be chosen was measured at five seeds
        others = [seed for block in blocks if block not in (seeds, fresh) for seed in block]
        later = Confirmation(long_run.at(others), study.tasks, others)
        confirmation = Confirmation(long_run.at(fresh), study.tasks, fresh)
        decision = decide(finalists, baselines, dict.fromkeys(baselines, True), confirmation, study)
        alone = single_task(study.tasks)
        reported = confirmation.advantage(decision.serving, alone, "test")
        rows.append(
            {
                "world": long_run.simulated.world,
                "raw": finalists[0].select_total / len(study.tasks),
                "shrunken": promised.gain,
                "low": promised.low,
                "high": promised.high,
                "truth": later.advantage(chosen, alone, "validation").gain,
                "alone": decision.serving == alone,
                "reported": reported.gain,
                "reported_low": reported.low,
                "reported_high": reported.high,
                "test_truth": later.advantage(decision.serving, alone, "test").gain,
                "validation_truth": later.advantage(decision.serving, alone, "validation").gain,
            }
        )
    return pd.DataFrame(rows)
