"""Searching with a trainer of the user's: any function from a subset and a seed to scores.

Such a trainer may be slow, deterministic, or a table lookup, so that the number of calls is a hard limit:
single tasks and all-in-one first, then what the strategy asks for; with `confirm`, the calls that the best
grouping and the baselines need at fresh seeds are set aside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import final

import pandas as pd

from taskgroup.errors import RunFailedError
from taskgroup.grouping import Grouping
from taskgroup.search.analysis import importance, results_frame, runs_with_gains, seed_noise
from taskgroup.search.arm import Arm
from taskgroup.search.calls import Calls
from taskgroup.search.catalog import strategy_named
from taskgroup.search.confirm import Advantage, Confirmation, all_in_one, serving_of, single_task
from taskgroup.search.lab import Lab
from taskgroup.search.lean import Leanness
from taskgroup.search.plan import calls_document
from taskgroup.search.progress import Progress
from taskgroup.search.recipe import FUNCTION_RECIPES
from taskgroup.search.strategy import ServingLimit, State, Strategy, Values, batch_size
from taskgroup.spec import Study, Subset, subset_from_name
from taskgroup.storage import Record
from taskgroup.transfer import predicted_gain


@final
class FunctionDriver:
    """Searches with the user's function.

    Args:
        study: Tasks, importance and limit.
        calls: How many of which.
        candidates: What may be asked for; None for everything.
        lab: Calls and records.
        record: Keeps the conclusions.
        study_id: The study in the record.
        progress: Hears what happens.
    """

    def __init__(
        self,
        study: Study,
        calls: Calls,
        candidates: Sequence[Subset] | None,
        *,
        lab: Lab,
        record: Record,
        study_id: int,
        progress: Progress,
    ) -> None:
        self._study, self._calls = study, calls
        self._candidates = None if candidates is None else tuple(candidates)
        self._lab, self._record, self._id, self._progress = lab, record, study_id, progress
        self._tried: set[Subset] = set()

    def search(self) -> None:
        """Measure, choose, confirm, and record the recommendation."""
        self._record_calls()
        strategy = strategy_named(self._study.search.strategy)
        self._measure("baselines", self._calls.first)
        n_left, n_tasks = self._calls.plan.n_subsets, len(self._study.tasks)
        while n_left > 0:
            n = min(n_left, batch_size(n_tasks, len(self._tried)))
            batch = strategy.propose(self._state(n_left), n)
            if not batch:
                self._progress.note("more calls are not expected to change the recommendation")
                break
            self._measure("subsets", [arm.subset for arm in batch])
            n_left -= len(batch)
        state = self._state(0)
        self._require_served(state)
        grouping = _chosen(state, strategy)
        if grouping is None:
            raise RunFailedError(self._nothing_serves())
        self._record.save_grouping(self._id, self._judged(grouping).document(), final=True)
        if known := len(self._lab.used) - self._lab.n_trained:
            self._progress.note(
                f"{known} results were taken from the record; for another function, give another name"
            )

    def _record_calls(self) -> None:
        """Which seeds were for what, so that the tables can be made again from the record alone."""
        document = calls_document(self._calls.plan)
        events = self._record.events(self._id, kind="calls")
        if not events or dict(events[-1].document) != document:
            self._record.add_event(self._id, "calls", document)

    def _measure(self, stage: str, subsets: Sequence[Subset]) -> None:
        self._tried |= set(subsets)
        seeds = self._calls.plan.seeds
        self._lab.run(stage, [FUNCTION_RECIPES.spec(s, seed) for s in subsets for seed in seeds])

    def _state(self, n_left: int) -> State:
        study, noise = self._study, seed_noise(self._search_runs(), "value")
        return State(
            tasks=study.task_names,
            values=self._values(),
            importance=importance(study.main_tasks),
            limit=ServingLimit(study.grouping.max_groups, study.grouping.budget),
            cost=lambda _: 1.0,
            n_left=n_left,
            allowed=lambda arm: self._may_try(arm.subset),
            candidates=self._candidates,
            noise=noise.apart,
            errors=noise.error,
            seed=study.seed,
            auxiliary=study.auxiliary_names,
        )

    def _may_try(self, subset: Subset) -> bool:
        if subset in self._tried or set(subset) <= set(self._study.auxiliary_names):
            return False
        return self._candidates is None or subset in self._candidates

    def _values(self) -> dict[Arm, dict[str, float]]:
        """Mean score of every measured subset and task, turned so that higher is better."""
        runs = self._search_runs()
        values: dict[Arm, dict[str, float]] = {}
        means = runs.groupby(["subset", "task"], sort=False)["value"].mean().reset_index()
        for name, task, mean in zip(means["subset"], means["task"], means["value"], strict=True):
            sign = 1.0 if self._study.task(task).score.direction == "maximize" else -1.0
            values.setdefault(Arm(subset_from_name(name)), {})[task] = sign * float(mean)
        return values

    def _search_runs(self) -> pd.DataFrame:
        runs = self._runs()
        return runs[(runs["status"] == "ok") & runs["seed"].isin(self._calls.plan.seeds)]

    def _require_served(self, state: State) -> None:
        for task in state.targets:
            if not any(task in of_tasks for of_tasks in state.values.values()):
                reasons = [r.reason for r in self._lab.used.values() if not r.ok and task in r.spec.subset]
                raise RunFailedError(f"every run with task {task!r} failed: {reasons[0]}")

    def _nothing_serves(self) -> str:
        failed = [result for result in self._lab.used.values() if not result.ok]
        return (
            "the subsets that could be trained do not serve every task within the grouping limit; "
            f"{len(failed)} runs failed, the first ({failed[0].spec.subset_name}): {failed[0].reason}"
        )

    def _judged(self, grouping: Grouping) -> Grouping:
        """Add the grouping's gain over the baselines, at fresh seeds where there are some."""
        plan, tasks = self._calls.plan, self._study.main_tasks
        alone, joint = single_task(tasks), all_in_one(tasks)
        serving, seeds = serving_of(grouping), plan.fresh_seeds or plan.seeds
        if plan.fresh_seeds:
            subsets = dict.fromkeys([*(n.subset for n in grouping.networks), *self._calls.first])
            specs = [FUNCTION_RECIPES.spec(s, seed) for seed in seeds for s in subsets]
            self._lab.run("confirm", specs)
        runs = self._runs()
        scores = Confirmation(runs[runs["seed"].isin(seeds)], tasks, seeds)
        gain = scores.advantage(serving, alone, "validation")
        if not plan.fresh_seeds:
            gain = self._shrunken(serving) or gain
        over_joint = scores.advantage(serving, joint, "validation")
        return Grouping(
            networks=grouping.networks,
            cost=grouping.cost,
            select_total=grouping.select_total,
            bound=grouping.bound,
            optimal=grouping.optimal,
            **_known(gain),
            baseline_gains={
                "single_task": 0.0,
                "all_in_one": _known(scores.advantage(joint, alone, "validation"))["gain"],
            },
            versus={"single_task": _known(gain), "all_in_one": _known(over_joint)},
            confirmed=bool(plan.fresh_seeds),
            verdict=self._verdict(grouping, over_joint, gain),
        )

    def _verdict(self, grouping: Grouping, over_joint: Advantage, over_single: Advantage) -> str:
        confirmed = bool(self._calls.plan.fresh_seeds)
        trained = {spec.subset for spec in self._lab.used}
        predicted = ["+".join(n.subset) for n in grouping.networks if n.subset not in trained]
        if predicted:
            return (
                f"Predicted to be best; {', '.join(predicted)} was not trained. Allow more runs, or "
                "confirm=True, to measure it."
            )
        return _verdict(over_joint, over_single, confirmed=confirmed)

    def _shrunken(self, serving: Mapping[str, str]) -> Advantage | None:
        """The gain of the best of many, corrected for having been chosen; None where nothing was repeated."""
        runs = runs_with_gains(self._search_runs(), FUNCTION_RECIPES, self._study)
        found = predicted_gain(runs, serving, importance(self._study.main_tasks))
        return None if found is None else Advantage(found.gain, found.low, found.high)

    def _runs(self) -> pd.DataFrame:
        return results_frame(self._lab.used.values())


def _known(advantage: Advantage) -> dict[str, float | None]:
    """NaN, where a baseline was not measured or one seed gives no interval, becomes None."""
    return {name: None if value != value else value for name, value in advantage.document().items()}


def _chosen(state: State, strategy: Strategy) -> Grouping | None:
    """The best grouping by what the strategy believes; its totals as measured, where all of it was."""
    expected = strategy.expected(state)
    grouping = _lean(state.best_grouping(expected), expected, state)
    if grouping is None or any(network.subset not in state.at_home for network in grouping.networks):
        return grouping
    total = math.fsum(
        state.importance.get(task, 1.0) * state.at_home[network.subset][task]
        for network in grouping.networks
        for task in network.serves
    )
    by_measured = state.best_grouping(state.values)
    bound = total if by_measured is None or by_measured.bound is None else max(by_measured.bound, total)
    return replace(grouping, select_total=total, bound=bound, optimal=math.isclose(total, bound))


def _lean(grouping: Grouping | None, values: Values, state: State) -> Grouping | None:
    """The grouping without auxiliary tasks that do not earn their place; itself where all do."""
    if grouping is None or not state.auxiliary:
        return grouping
    chosen = {Arm(network.subset) for network in grouping.networks}
    candidates = state.candidates
    leanness = Leanness(
        {arm: of_tasks for arm, of_tasks in values.items() if arm in state.values or arm in chosen},
        state.auxiliary,
        state.importance,
        noise=state.noise,
        errors={task: math.sqrt(2 * variance) for task, variance in state.noise.items()},  # both are scores
        allow=lambda subset: candidates is None or subset in candidates,
    )
    networks = tuple(
        replace(network, subset=leanness.leaner(Arm(network.subset), network.serves).subset)
        for network in grouping.networks
    )
    return replace(grouping, networks=networks)


def _verdict(over_joint: Advantage, over_single: Advantage, *, confirmed: bool) -> str:
    if not confirmed:
        return "The best of what was measured; not confirmed with fresh seeds, so its gain is a prediction."
    lows = [advantage.low for advantage in (over_joint, over_single)]
    if any(math.isnan(low) for low in lows):
        return (
            "Whether it beats both baselines is open: one seed, or a baseline not measured, has no interval."
        )
    if min(lows) > 0:
        return "This grouping beats both baselines beyond seed noise."
    return "The best grouping found does not beat the better baseline beyond seed noise."
