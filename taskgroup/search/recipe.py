"""The settings that a search trains with: one recipe for single tasks, one or several for joint training."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from taskgroup.grouping import Network
from taskgroup.search.arm import Arm, Ways
from taskgroup.spec import RunSpec, Sharing, Study, Subset, subset_name

DEFAULT_LEARNING_RATE = 3e-3
DEFAULT_WEIGHT_DECAY = 1e-2
_MOST_COMBINED = 12


@dataclass(frozen=True)
class Recipe:
    """Everything of a run besides its subset and seed.

    Attributes:
        learning_rate: AdamW step size.
        weight_decay: AdamW decoupled weight decay.
        sharing: How tasks share the encoder.
        weighting: How their losses are weighted.
        fidelity: The share of the full number of epochs.
    """

    learning_rate: float
    weight_decay: float
    sharing: Sharing
    weighting: str
    fidelity: float = 1.0

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The tuned training settings, by name; none where the trainer sets its own."""
        if not self.learning_rate:
            return {}
        return {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}

    @property
    def way_in_words(self) -> str:
        """How tasks share and how they are weighted, for a reader."""
        depth = self.sharing.depth
        return f"{depth} block{'' if depth == 1 else 's'} shared, {self.weighting} weighting"

    def spec(self, subset: Subset, seed: int) -> RunSpec:
        """The run of a subset."""
        return RunSpec(
            subset=subset,
            sharing=self.sharing,
            weighting=self.weighting,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            seed=seed,
            fidelity=self.fidelity,
        )


@dataclass(frozen=True)
class Recipes:
    """One recipe for single tasks and one for two or more, with other ways of joint training beside it.

    For a single task neither depth nor weighting matters; its recipe says "all blocks, equal", so that the
    same run is never trained under two descriptions.

    Attributes:
        single: For single tasks.
        joint: For two or more, chosen by tuning all tasks together: the way that all subsets are compared in.
        others: Other depths, weightings or lengths that a search may give a network instead.
    """

    single: Recipe
    joint: Recipe
    others: tuple[Recipe, ...] = ()

    @property
    def joint_ways(self) -> tuple[Recipe, ...]:
        """All recipes for two or more tasks, `joint` first."""
        return (self.joint, *self.others)

    @cached_property
    def ways(self) -> Ways:
        """The ways of joint training, in the order of `joint_ways`."""
        recipes = self.joint_ways
        settings = [(r.sharing, r.weighting, r.fidelity) for r in recipes]
        factors = [list(dict.fromkeys(values)) for values in zip(*settings, strict=True)]
        levels = [
            [of_factor.index(value) for of_factor, value in zip(factors, way, strict=True)]
            for way in settings
        ]
        varied = [place for place, values in enumerate(factors) if len(values) > 1]
        full = [settings.index((sharing, weighting, 1.0)) for sharing, weighting, _ in settings]
        return Ways(
            levels=np.array(levels, dtype=np.int64)[:, varied],
            full=tuple(full),
            cost=tuple(recipe.fidelity for recipe in recipes),
        )

    @property
    def fidelities(self) -> tuple[float, ...]:
        """The shares of the full number of epochs that are used beside 1."""
        return tuple(dict.fromkeys(r.fidelity for r in self.others if r.fidelity < 1.0))

    def in_words(self) -> dict[str, str]:
        """The recipes for a reader; depth and weighting concern joint training alone.

        Of a trainer that sets its own steps, only the ways that it is asked for can be told.
        """
        words = {}
        if self.joint.hyperparameters:
            joint = f"{_steps_in_words(self.joint)}, {self.joint.way_in_words}"
            words = {"single-task training": _steps_in_words(self.single), "joint training": joint}
        elif self.others:
            words = {"joint training": self.joint.way_in_words}
        others = "; ".join(r.way_in_words for r in self.others if r.fidelity == 1.0)
        return {**words, "also compared": others} if others else words

    def of(self, subset: Subset) -> Recipe:
        """The recipe that trains a subset at first."""
        return self.single if len(subset) == 1 else self.joint

    def of_arm(self, arm: Arm) -> Recipe:
        """The recipe that trains a network."""
        return self.single if len(arm.subset) == 1 else self.joint_ways[arm.way]

    def spec(self, subset: Subset, seed: int) -> RunSpec:
        """The run of a subset with its first recipe."""
        return self.of(subset).spec(subset, seed)

    def arm_of(self, network: Network) -> Arm:
        """The network of a grouping as something that a search can train."""
        if len(network.subset) == 1:
            return Arm(network.subset)
        wanted = network.sharing or self.joint.sharing, network.weighting or self.joint.weighting, 1.0
        settings = [(r.sharing, r.weighting, r.fidelity) for r in self.joint_ways]
        return Arm(network.subset, settings.index(wanted))

    def arm_name(self, arm: Arm) -> str:
        """A subset's name, with how it is trained where that is not as `joint` says."""
        name, recipe = subset_name(arm.subset), self.of_arm(arm)
        same = len(arm.subset) == 1 or recipe.way_in_words == self.joint.way_in_words
        return name if same else f"{name} ({recipe.way_in_words})"

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Recipes:
        """Rebuild from `document()`."""

        def recipe(part: Mapping[str, Any]) -> Recipe:
            return Recipe(**{**part, "sharing": Sharing(**part["sharing"])})

        others = tuple(recipe(part) for part in document.get("others", ()))
        return cls(recipe(document["single"]), recipe(document["joint"]), others)


def _steps_in_words(recipe: Recipe) -> str:
    return f"learning rate {recipe.learning_rate:.2g}, weight decay {recipe.weight_decay:.2g}"


def default_recipes(study: Study) -> Recipes:
    """What is used without tuning: the study's fixed settings, the deepest sharing, the first weighting.

    A trainer of the user's is told the study's depth and weighting for single tasks too, as they are its own.
    """
    if study.trainer is not None:
        told = Recipe(0.0, 0.0, Sharing("hard", study.depths[0]), study.search.weighting[0])
        return Recipes(told, told)
    rate = study.training.learning_rate or DEFAULT_LEARNING_RATE
    decay = study.training.weight_decay
    decay = DEFAULT_WEIGHT_DECAY if decay is None else decay
    return Recipes(
        single=Recipe(rate, decay, Sharing("hard", study.model.n_blocks), "equal"),
        joint=Recipe(rate, decay, Sharing("hard", max(study.depths)), study.search.weighting[0]),
    )


def with_other_ways(recipes: Recipes, study: Study) -> Recipes:
    """Add the depths, weightings and lengths that a search may give single networks.

    Learning rate and weight decay are those of `recipes.joint`, so that ways differ in what they are named
    by. Depths and weightings are combined where there are few; else one of the two is as in `recipes.joint`.
    Only the strategy `active` measures networks in several ways.

    Args:
        recipes: As tuned.
        study: Leaves ways open, or not.
    """
    if study.search.strategy != "active":
        return recipes
    home = recipes.joint
    weightings = tuple(dict.fromkeys(study.search.weighting))
    pairs = list(itertools.product(study.depths, weightings)) if study.search.per_network else []
    if len(pairs) > _MOST_COMBINED:
        pairs = [pair for pair in pairs if pair[0] == home.sharing.depth or pair[1] == home.weighting]
    full = [replace(home, sharing=Sharing("hard", depth), weighting=name) for depth, name in pairs]
    full = [home, *(way for way in full if way != home)]
    short = [replace(way, fidelity=share) for share in dict.fromkeys(study.search.fidelity) for way in full]
    return replace(recipes, others=(*full[1:], *short))


_FUNCTION_RECIPE = Recipe(0.0, 0.0, Sharing("hard", 1), "equal")
FUNCTION_RECIPES = Recipes(_FUNCTION_RECIPE, _FUNCTION_RECIPE)
"""Of a trainer of the user's, which sets its own learning rate and weight decay: recorded as 0."""
