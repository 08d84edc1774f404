"""Choosing between the finalists and the baselines on fresh seeds, and reporting the winner on test rows.

The best of many noisy estimates is too good to be true. The finalists are therefore trained again with
seeds that nothing was chosen by. Their validation rows decide which is best and whether it beats the better
baseline beyond seed noise; their test rows, which decide nothing, give the gain that is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.grouping import Grouping, Network
from taskgroup.search.analysis import task_values
from taskgroup.search.recipe import Recipes
from taskgroup.spec import Split, Study, Task, subset_name
from taskgroup.transfer import moderated_means, relative_gain

Serving = Mapping[str, str]
"""Which network serves each task, by name."""


@dataclass(frozen=True)
class Advantage:
    """Mean relative reduction of the error, with a 95% interval over seeds."""

    gain: float
    low: float
    high: float

    def document(self) -> dict[str, float]:
        """As plain JSON values."""
        return {"gain": self.gain, "low": self.low, "high": self.high}


class Confirmation:
    """Fresh-seed scores of finalists and baselines.

    Args:
        runs: Their rows: finalists' networks, single tasks and all-in-one at the fresh seeds; networks of
            less than full capacity, and short runs, are left out.
        tasks: Errors and importance.
        seeds: The fresh seeds.
    """

    def __init__(self, runs: pd.DataFrame, tasks: Sequence[Task], seeds: Sequence[int]) -> None:
        self._tasks, self._seeds = tasks, seeds
        full_size = runs[runs["capacity"] == 1.0] if "capacity" in runs else runs
        full_size = full_size[full_size["fidelity"] == 1.0] if "fidelity" in runs else full_size
        self._values = {split: task_values(full_size, split) for split in ("validation", "test")}
        self._weights = np.array([task.importance for task in tasks])

    @property
    def reported(self) -> Split:
        """The rows that gains are reported on: test rows, or validation rows where there are no others."""
        return "test" if self._values["test"].keys() >= self._values["validation"].keys() else "validation"

    @property
    def caveat(self) -> str:
        """What a reader must know of the reported rows; to be added to a verdict."""
        if self.reported == "test":
            return ""
        return (
            " The trainer gave no test scores for all of these runs, so that the gains told are of the same "
            "validation rows: at fresh seeds, but likely to be too good."
        )

    def gains(self, serving: Serving, over: Serving, split: Split) -> NDArray[np.float64]:
        """Gain of each task at each seed, [T, S]; NaN where a run failed."""
        errors, baseline = self._errors(serving, split), self._errors(over, split)
        floor = np.array([[task.score.floor] for task in self._tasks])
        return relative_gain(baseline, errors, scale=self._tasks[0].score.gain_scale, floor=floor)[0]

    def advantage(self, serving: Serving, over: Serving, split: Split) -> Advantage:
        """The importance-weighted mean gain over tasks, with an interval over seeds."""
        gains = self.gains(serving, over, split)
        return Advantage(*_mean_interval(self._weights @ gains / self._weights.sum()))

    def ahead(self, serving: Serving, rival: Serving, split: Split) -> Advantage:
        """How much higher the mean gain over single tasks is than a rival's, with an interval over seeds.

        Unlike `advantage`, this stays fair where the two differ by more than a small share: a mean of ratios
        flatters whoever is the baseline.
        """
        alone = single_task(self._tasks)
        apart = self.gains(serving, alone, split) - self.gains(rival, alone, split)
        return Advantage(*_mean_interval(self._weights @ apart / self._weights.sum()))

    def task_gains(self, strategy: str, serving: Serving) -> pd.DataFrame:
        """Reported gains over single tasks: strategy, task, subset, gain, low, high.

        A task that is served alone is its own baseline, with a gain of 0.
        """
        gains = self.gains(serving, single_task(self._tasks), self.reported)
        names = [task.name for task in self._tasks]
        table = pd.DataFrame({"strategy": strategy, "task": names, "subset": [serving[n] for n in names]})
        for i, name in enumerate(names):
            table.loc[i, ["gain", "low", "high"]] = _mean_interval(gains[i]) if serving[name] != name else 0.0
        return table

    def _errors(self, serving: Serving, split: Split) -> NDArray[np.float64]:
        values = self._values[split]
        return np.array(
            [
                [
                    task.score.error(float(values.get((serving[task.name], task.name, seed), np.nan)))
                    for seed in self._seeds
                ]
                for task in self._tasks
            ]
        )


def _mean_interval(by_seed: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean and 95% interval over the seeds whose runs all finished."""
    mean = moderated_means([by_seed[np.isfinite(by_seed)]], ["one"])
    return float(mean.mean[0]), float(mean.low[0]), float(mean.high[0])


def single_task(tasks: Sequence[Task]) -> dict[str, str]:
    """Every task served by its own network."""
    return {task.name: task.name for task in tasks}


def all_in_one(tasks: Sequence[Task]) -> dict[str, str]:
    """Every task served by one network of all."""
    return {task.name: subset_name(tuple(t.name for t in tasks)) for task in tasks}


def serving_of(grouping: Grouping, recipes: Recipes | None = None) -> dict[str, str]:
    """Which network serves each task of a grouping.

    Args:
        grouping: Its networks.
        recipes: The ways in which they may be trained; by default there is one.
    """

    def name(network: Network) -> str:
        if recipes is None:
            return subset_name(network.subset)
        return recipes.arm_name(recipes.arm_of(network))

    return {task: name(network) for network in grouping.networks for task in network.serves}


@dataclass(frozen=True)
class Decision:
    """What to recommend and how to say it.

    Attributes:
        networks: The recommended networks.
        serving: Which network serves each task, by name.
        verdict: One sentence.
    """

    networks: tuple[Network, ...]
    serving: Serving
    verdict: str


def decide(
    finalists: Sequence[Grouping],
    baselines: Mapping[str, Grouping],
    affordable: Mapping[str, bool],
    confirmation: Confirmation,
    study: Study,
    recipes: Recipes | None = None,
) -> Decision:
    """Choose on the validation rows of the fresh seeds.

    Args:
        finalists: The groupings that the search found best.
        baselines: `single_task` and `all_in_one` as groupings, the latter in the first way.
        affordable: Which baselines keep within the serving limit.
        confirmation: The fresh runs.
        study: Names the tasks.
        recipes: The ways in which networks may be trained; by default there is one.
    """
    alone = single_task(study.main_tasks)

    def serving(grouping: Grouping) -> dict[str, str]:
        return serving_of(grouping, recipes)

    def against_single(grouping: Grouping) -> float:
        gain = confirmation.advantage(serving(grouping), alone, "validation").gain
        return gain if np.isfinite(gain) else -np.inf

    within = {
        name: baseline
        for name, baseline in baselines.items()
        if affordable[name] and against_single(baseline) > -np.inf  # else its runs failed
    }
    rival_name, rival = max(within.items(), key=lambda item: against_single(item[1]), default=("", None))
    winner = max([*finalists, *([rival] if rival else [])], key=against_single)
    beyond = _out_of_reach(baselines, affordable, against_single(winner))
    if rival is None:
        return Decision(winner.networks, serving(winner), _NO_RIVAL + beyond)
    label = _label(rival_name, recipes)
    if serving(winner) == serving(rival):
        return Decision(
            rival.networks,
            serving(rival),
            f"{label} did best; no grouping found does better." + beyond,
        )
    edge = confirmation.advantage(serving(winner), serving(rival), "validation")
    label = label[0].lower() + label[1:]
    if edge.low > 0:
        better = "the better baseline" if len(within) > 1 else "the baseline that keeps within the limit"
        return Decision(
            winner.networks,
            serving(winner),
            f"On fresh validation rows this grouping beats {label}, {better}, beyond seed noise." + beyond,
        )
    return Decision(
        rival.networks,
        serving(rival),
        f"No grouping beats {label} beyond seed noise, so that is recommended; the best one found is at "
        f"{edge.gain:+.1%} [{edge.low:+.1%}, {edge.high:+.1%}] against it." + beyond,
    )


_NO_RIVAL = (
    "There is no baseline to compare with: each breaks the serving limit or the rules, or its runs failed."
)
_LABEL = {"single_task": "Training every task alone", "all_in_one": "One network for all tasks"}


def _label(baseline: str, recipes: Recipes | None) -> str:
    """A baseline for a reader; where there are several ways of joint training, all-in-one has the first."""
    if baseline == "all_in_one" and recipes is not None and len(recipes.ways.serving) > 1:
        return f"{_LABEL[baseline]} ({recipes.joint.way_in_words})"
    return _LABEL[baseline]


def _out_of_reach(baselines: Mapping[str, Grouping], affordable: Mapping[str, bool], gain: float) -> str:
    """Say where single tasks would do better but cost more than the limit allows."""
    if affordable["single_task"] or gain >= 0:
        return ""
    n_networks = len(baselines["single_task"].networks)
    return (
        f" Training every task alone is still {-gain:.1%} better on the validation rows, but its "
        f"{n_networks} networks exceed the serving limit or break the rules."
    )
