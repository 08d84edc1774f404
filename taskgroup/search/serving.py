"""What the networks of a study cost to serve, and the groupings that keep within its limit."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import final

from taskgroup.errors import InfeasibleError
from taskgroup.grouping import Candidate, Grouping, Network, Problem, Rules, solve
from taskgroup.search.analysis import importance
from taskgroup.search.arm import Arm
from taskgroup.search.cost import study_cost
from taskgroup.search.lean import Leanness
from taskgroup.search.plan import serving_limit
from taskgroup.search.recipe import Recipes
from taskgroup.search.strategy import ServingLimit, Values
from taskgroup.spec import InputShape, Sharing, Study, Subset


@final
class Serving:
    """Groupings of a study's networks under its recipes.

    Args:
        study: Tasks, importance, encoder and limit.
        recipes: How each subset is trained and shared.
        n_inputs: Input features, or the shape of an image or text.
    """

    def __init__(self, study: Study, recipes: Recipes, n_inputs: InputShape) -> None:
        self._study, self._recipes, self._n_inputs = study, recipes, n_inputs
        self._limit = serving_limit(study)
        self._rules = Rules.of(study.grouping)

    def cost(self, arm: Arm) -> float:
        """Cost of serving all main tasks of a subset from its network, in network equivalents."""
        served = tuple(task for task in arm.subset if task in self._study.main_names)
        return self._cost(self._recipes.of_arm(arm).sharing, arm.subset, served)

    def allows(self, grouping: Grouping) -> bool:
        """Whether a grouping keeps within the limit and the rules."""
        if not self._keeps_rules(grouping):
            return False
        if self._limit.budget is not None:
            return grouping.cost <= self._limit.budget * (1 + 1e-9)
        return self._limit.max_groups is None or len(grouping.networks) <= self._limit.max_groups

    def _keeps_rules(self, grouping: Grouping) -> bool:
        server = {task: network.subset for network in grouping.networks for task in network.serves}
        units = self._rules.units(self._study.main_names)
        return all(self._rules.allow(network.subset) for network in grouping.networks) and all(
            len({server[task] for task in unit}) == 1 for unit in units
        )

    def best(self, values: Values) -> Grouping:
        """The best grouping of measured networks within the limit.

        Raises:
            InputError: If none keeps within it.
        """
        return self._solve(values, self._limit, {})

    def finalists(
        self,
        values: Values,
        n: int,
        *,
        errors: Mapping[str, float] | None = None,
        noise: Mapping[str, float] | None = None,
    ) -> list[Grouping]:
        """The best groupings at each number of networks within the limit, best first, at most `n`.

        Auxiliary tasks that do not earn their place in them are left out (`Leanness`).

        Args:
            values: Of the measured networks.
            n: How many.
            errors: Standard error of a joint value by task, for a risk-averse choice.
            noise: Variance by task of a joint value beyond what a seed does to all networks alike.
        """
        study = self._study
        leanness = Leanness(
            values,
            study.auxiliary_names,
            importance(study.main_tasks),
            noise or {},
            errors or {},
            self._rules.allow,
        )
        n_tasks = len(self._study.main_names)
        most = min(self._limit.max_groups or n_tasks, n_tasks)
        limits = [ServingLimit(max_groups=k) for k in range(1, most + 1)]
        if self._limit.budget is not None:
            limits = [self._limit]
        found: dict[frozenset[Arm], Grouping] = {}
        for limit in limits:
            with contextlib.suppress(InfeasibleError):  # where all-in-one failed, few networks may not do
                grouping = self._lean(self._solve(values, limit, errors or {}), leanness)
                networks = frozenset(self._recipes.arm_of(network) for network in grouping.networks)
                found.setdefault(networks, grouping)
        return sorted(found.values(), key=lambda grouping: -grouping.select_total)[:n]

    def _lean(self, grouping: Grouping, leanness: Leanness) -> Grouping:
        """The grouping without auxiliary tasks that do not earn their place; itself where all do."""
        arms = [self._recipes.arm_of(network) for network in grouping.networks]
        serves = [network.serves for network in grouping.networks]
        lean = [leanness.leaner(arm, served) for arm, served in zip(arms, serves, strict=True)]
        if lean == arms:
            return grouping
        networks = tuple(self._network(arm, served) for arm, served in zip(lean, serves, strict=True))
        weights = importance(self._study.main_tasks)
        total = math.fsum(
            weights[task] * leanness.values[arm][task]
            for arm, served in zip(lean, serves, strict=True)
            for task in served
        )
        cost = math.fsum(network.cost for network in networks)
        return replace(grouping, networks=networks, cost=cost, select_total=total, optimal=False)

    def _network(self, arm: Arm, serves: Subset) -> Network:
        candidate = self._candidate(arm, {}, {})
        network = Network(
            subset=arm.subset,
            serves=serves,
            sharing=candidate.sharing,
            weighting=candidate.weighting,
            hyperparameters=candidate.hyperparameters,
        )
        return self._at_served_cost(network)

    def baselines(self) -> dict[str, Grouping]:
        """Every task alone, and all in one network."""
        names = self._study.main_names
        return {
            "single_task": self._solve({Arm((name,)): {name: 0.0} for name in names}, ServingLimit(), None),
            "all_in_one": self._solve({Arm(names): dict.fromkeys(names, 0.0)}, ServingLimit(), None),
        }

    def _solve(self, values: Values, limit: ServingLimit, errors: Mapping[str, float] | None) -> Grouping:
        """Solve with every candidate at its full cost, then leave out the branches that serve nothing.

        Without errors, for a baseline, the study's rules are left out too.
        """
        grouping = solve(
            Problem(
                tasks=self._study.main_names,
                candidates=tuple(
                    self._candidate(arm, of_tasks, errors or {}) for arm, of_tasks in values.items()
                ),
                direction="maximize",
                importance=importance(self._study.main_tasks),
                budget=limit.budget,
                max_groups=limit.max_groups,
                rules=Rules() if errors is None else self._rules,
                risk=self._study.grouping.risk,
                riding=self._study.auxiliary_names,
            )
        )
        networks = tuple(self._at_served_cost(network) for network in grouping.networks)
        return replace(grouping, networks=networks, cost=math.fsum(network.cost for network in networks))

    def _at_served_cost(self, network: Network) -> Network:
        sharing = self._recipes.of_arm(self._recipes.arm_of(network)).sharing
        return replace(network, cost=self._cost(sharing, network.subset, network.serves))

    def _cost(self, sharing: Sharing, trained: Subset, served: Subset) -> float:
        """A task that only rides along needs no private blocks once the network serves."""
        return study_cost(self._study, self._n_inputs, sharing, trained, served)

    def _candidate(self, arm: Arm, of_tasks: Mapping[str, float], errors: Mapping[str, float]) -> Candidate:
        recipe = self._recipes.of_arm(arm)
        return Candidate(
            subset=arm.subset,
            cost=self.cost(arm),
            values=of_tasks,
            errors={task: errors[task] for task in of_tasks if len(arm.subset) > 1 and task in errors},
            sharing=recipe.sharing if self._study.says_depth else None,
            weighting=recipe.weighting if self._study.says_weighting else None,
            hyperparameters=recipe.hyperparameters,
        )
