"""The search of a study, stage by stage: tune, baselines, subsets, matched baselines, confirmation.

The driver decides nothing twice: every decision is a function of the study and the results so far, so that a
resumed search takes the same decisions and only trains what the record lacks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.data import Dataset
from taskgroup.errors import RunFailedError
from taskgroup.grouping import Grouping, Rules
from taskgroup.search.analysis import (
    importance,
    in_any_way,
    measured_values,
    results_frame,
    runs_with_gains,
    seed_noise,
)
from taskgroup.search.arm import Arm, at_home
from taskgroup.search.catalog import strategy_named
from taskgroup.search.confirm import (
    Confirmation,
    all_in_one,
    decide,
    serving_of,
    single_task,
)
from taskgroup.search.cost import affordable_sharings
from taskgroup.search.dimensions import tuning_runs
from taskgroup.search.fixed import open_pairs
from taskgroup.search.hints import hints_of, used_hints
from taskgroup.search.kept_estimates import KeptEstimates
from taskgroup.search.lab import Lab
from taskgroup.search.matched import (
    affordable_specs,
    joint_sizes,
    matched_capacities,
    matched_specs,
    not_trained,
)
from taskgroup.search.other_ways import with_other_ways
from taskgroup.search.plan import MAX_FINALISTS, Plan, make_plan, serving_limit
from taskgroup.search.progress import Progress
from taskgroup.search.recipe import Recipes
from taskgroup.search.serving import Serving
from taskgroup.search.strategy import State, Values
from taskgroup.search.tune import tune
from taskgroup.spec import RunSpec, Study, Subset
from taskgroup.storage import Record

_BATCH_SUBSETS = 8
_PAIRS_SHARE = 0.75
_NOTHING_MORE = {"active": "more subsets are not expected to change the recommendation"}
_CONFIRM_MARGIN = 1.2


@final
class Driver:
    """Searches one study.

    Args:
        study: What to search.
        dataset: Its rows; None where a trainer of the user's has them.
        lab: Trains and records.
        record: Keeps the conclusions.
        study_id: The study in the record.
        progress: Hears what happens.
    """

    def __init__(
        self,
        study: Study,
        dataset: Dataset | None,
        *,
        lab: Lab,
        record: Record,
        study_id: int,
        progress: Progress,
    ) -> None:
        self._study, self._lab, self._record, self._id = study, lab, record, study_id
        self._dataset = dataset
        self._n_inputs = 1 if dataset is None else dataset.n_inputs
        self._progress = progress
        self._plan = self._planned()
        self._hints: tuple[NDArray[np.float64], ...] = ()

    def search(self) -> None:
        """Run all stages and record recipes, groupings and the recommendation."""
        study, plan = self._study, self._plan
        n_tuning = tuning_runs(study, plan.n_proposals, len(plan.tuning_seeds))
        if n_tuning:
            self._progress.stage("tune", n_tuning)
        tunable = affordable_sharings(study, self._n_inputs)
        tuned = tune(tunable, self._lab, n_proposals=plan.n_proposals, seeds=plan.tuning_seeds)
        recipes = with_other_ways(tuned, tunable)
        self._record_once("recipes", recipes.document())
        for what, how in recipes.in_words().items():
            self._progress.note(f"{what}: {how}")
        self._measure_baselines(recipes)
        self._hints = self._hints_by(recipes)
        values, state = self._measure_subsets(recipes)
        if self._study.search.baseline == "matched":
            self._measure_matched(recipes)
        grouping = self._confirm(recipes, values, state)
        if self._record.grouping(self._id) != grouping.document():
            self._record.save_grouping(self._id, grouping.document(), final=True)

    def _hints_by(self, recipes: Recipes) -> tuple[NDArray[np.float64], ...]:
        if self._dataset is None or not used_hints(self._study):
            return ()
        kept = KeptEstimates(self._record, self._id, self._dataset.fingerprint)
        return hints_of(self._study, recipes, self._dataset, kept=kept, progress=self._progress)

    def _planned(self) -> Plan:
        """The plan; a search that goes on keeps the tuning that it began with."""
        events = self._record.events(self._id, kind="plan")
        if events:
            return make_plan(self._study, n_proposals=events[0].document["n_proposals"])
        plan = make_plan(self._study)
        self._record.add_event(
            self._id, "plan", {"n_proposals": plan.n_proposals, "n_inputs": self._n_inputs}
        )
        return plan

    def _measure_baselines(self, recipes: Recipes) -> None:
        tasks = self._study.main_names
        subsets: list[Subset] = [*((task,) for task in tasks), tasks]
        full = [recipes.spec(subset, seed) for seed in self._plan.seeds for subset in subsets]
        specs = [replace(spec, fidelity=share) for share in (1.0, *recipes.fidelities) for spec in full]
        results = self._lab.run("baselines", specs)
        for task in tasks:
            own = [r for r in results if r.spec.subset == (task,) and r.spec.fidelity == 1.0]
            if not any(result.ok for result in own):
                raise RunFailedError(
                    f"every single-task run of task {task!r} failed, so nothing can be compared with it: "
                    f"{own[0].reason}"
                )

    def _measure_subsets(self, recipes: Recipes) -> tuple[Values, State]:
        """Ask the strategy and measure, until runs, time or promise are spent.

        Returns:
            What the strategy then believes of the measured networks, and all that it sees.
        """
        name = self._study.search.strategy
        strategy = strategy_named(name)
        n_left: float = self._plan.n_subsets
        state = self._state(recipes, n_left)
        said = ""
        while n_left >= 1 and not self._out_of_time(self._n_matched()):
            n = min(int(n_left), _BATCH_SUBSETS)
            batch = (name == "active" and self._pairs_first(state)) or strategy.propose(state, n)
            if not batch:
                self._progress.note(_NOTHING_MORE.get(name, "the strategy asks for nothing more"))
                break
            self._measure(batch, recipes, n_left)
            n_left -= math.fsum(state.ways.cost[arm.way] for arm in batch)
            state = self._state(recipes, n_left, {*state.values, *batch})
            said = self._say_best(state, said)
        believed = strategy.expected(state)
        return {arm: believed[arm] for arm in state.served if arm in believed}, state

    def _measure(self, batch: Sequence[Arm], recipes: Recipes, n_left: float) -> None:
        only_pairs = max(len(arm.subset) for arm in batch) == 2
        n_networks = len(batch) if only_pairs else max(int(n_left), len(batch))
        stage = "pairs" if only_pairs else "larger subsets"
        self._progress.stage(stage, n_networks * len(self._plan.seeds))
        self._lab.run(stage, _specs(recipes, batch, self._plan.seeds))

    def _measure_matched(self, recipes: Recipes) -> None:
        """Train the capacity-matched baselines that the runs left allow; nothing is decided by them."""
        study, plan, used = self._study, self._plan, self._lab.used
        subsets = {spec.subset for spec in used}
        capacities = matched_capacities(
            study, recipes, self._n_inputs, joint_sizes(subsets, riding=study.auxiliary_names)
        )
        by_size = matched_specs(study, recipes, capacities, subsets, plan.seeds)
        n_runs = 0 if self._out_of_time() else plan.n_runs - len(used) - plan.n_confirmation
        specs, left_out = affordable_specs(by_size, used, n_runs)
        self._lab.run("matched baselines", specs)
        if left_out:
            self._progress.note(not_trained(left_out))

    def _n_matched(self) -> int:
        """The runs that capacity-matched baselines of what was measured so far would take."""
        if self._study.search.baseline == "full":
            return 0
        n_sizes = len(
            joint_sizes((spec.subset for spec in self._lab.used), riding=self._study.auxiliary_names)
        )
        return n_sizes * len(self._study.main_names) * len(self._plan.seeds)

    def _pairs_first(self, state: State) -> list[Arm]:
        """All pairs, where they take at most three quarters of the runs: who helps whom is a result too."""
        pairs = open_pairs(state)
        return at_home(pairs) if len(pairs) <= self._plan.n_subsets * _PAIRS_SHARE else []

    def _say_best(self, state: State, said: str) -> str:
        """Tell the best grouping so far, once."""
        best = state.best_grouping(state.served)
        if best is None:
            return said
        text = f"best so far: {_in_words(best)}, validation gain {self._mean(best):+.1%}"
        if text != said:
            self._progress.note(text)
        return text

    def _state(self, recipes: Recipes, n_left: float, tried: Set[Arm] = frozenset()) -> State:
        rules, main = Rules.of(self._study.grouping), frozenset(self._study.main_names)
        compared = in_any_way(self._runs(recipes), recipes, self._plan.seeds)
        of_noise = compared[compared["gain"].notna() & (compared["fidelity"] == 1.0)]
        noise = seed_noise(of_noise[of_noise["split"] == "validation"], "gain")
        return State(
            tasks=self._study.task_names,
            values=measured_values(compared, self._study.main_names),
            importance=importance(self._study.main_tasks),
            limit=serving_limit(self._study),
            cost=Serving(self._study, recipes, self._n_inputs).cost,
            n_left=n_left,
            allowed=lambda arm: (
                arm not in tried and rules.allow(arm.subset) and not main.isdisjoint(arm.subset)
            ),
            noise=noise.apart,
            hints=self._hints,
            rules=rules,
            risk=self._study.grouping.risk,
            errors=noise.error,
            seed=self._study.seed,
            ways=recipes.ways,
            auxiliary=self._study.auxiliary_names,
        )

    def _confirm(self, recipes: Recipes, values: Values, state: State) -> Grouping:
        study, plan = self._study, self._plan
        serving = Serving(study, recipes, self._n_inputs)
        finalists = serving.finalists(values, MAX_FINALISTS, errors=state.errors, noise=state.noise)
        baselines = serving.baselines()
        if not finalists:
            raise RunFailedError(
                "the networks that could be trained do not serve every task within the grouping limit "
                + (
                    "because too many runs failed; `taskgroup report` says why they did"
                    if any(not result.ok for result in self._lab.used.values())
                    else "and its rules: the strategy measured no subsets that would; give more runs"
                )
            )
        self._train_fresh(recipes, [*finalists, *baselines.values()])
        runs = self._runs(recipes)
        tasks = study.main_tasks
        fresh = Confirmation(runs[runs["seed"].isin(plan.fresh_seeds)], tasks, plan.fresh_seeds)
        affordable = {name: serving.allows(grouping) for name, grouping in baselines.items()}
        decision = decide(finalists, baselines, affordable, fresh, study, recipes)
        alone, joint = single_task(tasks), all_in_one(tasks)
        gain = fresh.advantage(decision.serving, alone, fresh.reported)
        best = finalists[0]
        return Grouping(
            networks=decision.networks,
            cost=math.fsum(network.cost for network in decision.networks),
            select_total=_total(study, recipes, values, decision.serving),
            bound=best.bound,
            optimal=best.optimal and serving_of(best, recipes) == decision.serving,
            gain=gain.gain,
            low=gain.low,
            high=gain.high,
            baseline_gains={
                "single_task": 0.0,
                "all_in_one": fresh.advantage(joint, alone, fresh.reported).gain,
            },
            versus={
                "single_task": gain.document(),
                "all_in_one": fresh.advantage(decision.serving, joint, fresh.reported).document(),
            },
            confirmed=True,
            verdict=decision.verdict + fresh.caveat,
        )

    def _train_fresh(self, recipes: Recipes, groupings: Sequence[Grouping]) -> None:
        """Train every network of some groupings at the fresh seeds, small ones first."""
        arms = {recipes.arm_of(network) for grouping in groupings for network in grouping.networks}
        place = {task: i for i, task in enumerate(self._study.task_names)}
        ordered = sorted(arms, key=lambda arm: (len(arm.subset), [place[t] for t in arm.subset], arm.way))
        self._lab.run("confirm", _specs(recipes, ordered, self._plan.fresh_seeds))

    def _runs(self, recipes: Recipes) -> pd.DataFrame:
        return runs_with_gains(results_frame(self._lab.used.values()), recipes, self._study)

    def _mean(self, grouping: Grouping) -> float:
        return grouping.select_total / sum(task.importance for task in self._study.main_tasks)

    def _out_of_time(self, n_more: int = 0) -> bool:
        """Whether the time left is needed to confirm the finalists, and for so many runs besides."""
        limit = self._study.search.time
        if limit is None:
            return False
        by_run = [result.seconds for result in self._lab.used.values()]
        n_tasks = len(self._study.main_names)
        n_runs = (n_tasks + 1 + 2 * n_tasks) * len(self._plan.fresh_seeds) + n_more
        return self._lab.seconds + _CONFIRM_MARGIN * n_runs * float(np.mean(by_run)) > limit

    def _record_once(self, kind: str, document: dict[str, object]) -> None:
        events = self._record.events(self._id, kind=kind)
        if not events or dict(events[-1].document) != document:
            self._record.add_event(self._id, kind, document)


def _specs(recipes: Recipes, arms: Sequence[Arm], seeds: Sequence[int]) -> list[RunSpec]:
    """The runs of some networks at some seeds."""
    return [recipes.of_arm(arm).spec(arm.subset, seed) for seed in seeds for arm in arms]


def _total(study: Study, recipes: Recipes, values: Values, serving: Mapping[str, str]) -> float:
    """Importance-weighted sum of the validation gains of an assignment."""
    by_name = {recipes.arm_name(arm): of_tasks for arm, of_tasks in values.items()}
    return math.fsum(
        task.importance * by_name.get(serving[task.name], {}).get(task.name, 0.0) for task in study.main_tasks
    )


def _in_words(grouping: Grouping) -> str:
    return " | ".join("+".join(network.serves) for network in grouping.networks)
