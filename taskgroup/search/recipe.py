"""The settings that a search trains with: one recipe for single tasks, one or several for joint training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from taskgroup.grouping import Network
from taskgroup.search.arm import Arm, Ways
from taskgroup.spec import (
    SHARING_KINDS,
    TUNED,
    WEIGHTING_FACTS,
    Method,
    RunSpec,
    Sharing,
    Study,
    Subset,
    sampling_in_words,
    settled,
    subset_name,
    unsettled,
)

DEFAULT_LEARNING_RATE = 3e-3
DEFAULT_WEIGHT_DECAY = 1e-2
_MOST_NAMED = 3
_HELPS = ("sampling", "distillation")

WAY = ("sharing", "depth", "weighting", *_HELPS)
"""The columns of tables that name a way of joint training."""


@dataclass(frozen=True)
class Recipe:
    """Everything of a run besides its subset and seed.

    Attributes:
        learning_rate: AdamW step size.
        weight_decay: AdamW decoupled weight decay.
        sharing: How tasks share the encoder.
        weighting: How their losses are weighted.
        fidelity: The share of the full number of epochs.
        sampling: How batches mix the rows of tasks; empty where as the study says.
        distillation: How single-task networks teach; empty where they do not.
    """

    learning_rate: float
    weight_decay: float
    sharing: Sharing
    weighting: str
    fidelity: float = 1.0
    sampling: str = ""
    distillation: str = ""

    @property
    def hyperparameters(self) -> dict[str, float | str]:
        """The training settings, by name; none where the trainer sets its own."""
        if not self.learning_rate:
            return {}
        chosen = {name: getattr(self, name) for name in _HELPS if getattr(self, name)}
        return {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay, **chosen}

    @property
    def factors(self) -> tuple[str | float, ...]:
        """What ways of training differ in, each a level of one factor."""
        helps = (self.sampling, self.distillation)
        return (self.sharing.kind, self.sharing.depth, self.weighting, *helps, self.fidelity)

    @property
    def way_in_words(self) -> str:
        """How tasks share, how they are weighted and what else is done, for a reader."""
        return way_in_words(self.sharing, self.weighting, self.sampling, self.distillation)

    @property
    def way_in_full(self) -> str:
        """The same with all numbers, which tells two ways apart."""
        return way_in_words(self.sharing, self.weighting, self.sampling, self.distillation, in_full=True)

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
            sampling=self.sampling,
            distillation=self.distillation,
        )


def way_in_words(
    sharing: Sharing, weighting: str, sampling: str = "", distillation: str = "", *, in_full: bool = False
) -> str:
    """A way of training for a reader; many weights of tasks are told one by one only `in_full`.

    >>> way_in_words(Sharing("hard", 2), "equal")
    '2 blocks shared, equal weighting'
    """
    method = Method.parse(weighting)
    words = [sharing_in_words(sharing), f"{method.in_words if in_full else method.in_few_words} weighting"]
    words += [f"{sampling_in_words(sampling)} sampling"] * bool(sampling)
    if distillation:
        words.append(f"taught by single-task networks ({help_in_words('distillation', distillation)})")
    return ", ".join(words)


def help_in_words(name: str, text: str) -> str:
    """A sampling or a distillation for a reader.

    >>> help_in_words("distillation", ""), help_in_words("sampling", "round_robin")
    ('none', 'round robin')
    """
    if not text:
        return "none"
    return sampling_in_words(text) if name == "sampling" else Method.parse(unsettled(text)).in_words


def sharing_in_words(sharing: Sharing) -> str:
    """How tasks share, for a reader.

    >>> sharing_in_words(Sharing("mmoe", 1))
    'mmoe over 1 block'
    """
    blocks = f"{sharing.depth} block{'' if sharing.depth == 1 else 's'}"
    if sharing.is_hard:
        return f"{blocks} shared"
    method = sharing.method
    facts = SHARING_KINDS.get(method.name)
    return (
        method.in_words if facts is not None and not facts.has_depth else f"{method.in_words} over {blocks}"
    )


@dataclass(frozen=True)
class Recipes:
    """One recipe for single tasks and one for two or more, with other ways of joint training beside it.

    For a single task neither sharing nor weighting matters; its recipe says "all blocks shared, equal", so
    that the same run is never trained under two descriptions.

    Attributes:
        single: For single tasks.
        joint: For two or more, chosen by tuning all tasks together: the way that all subsets are compared in.
        others: Other ways of sharing, weighting, sampling and teaching, or lengths of training, that a search
            may give a network instead.
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
        settings = [recipe.factors for recipe in recipes]
        factors = [list(dict.fromkeys(values)) for values in zip(*settings, strict=True)]
        levels = [
            [of_factor.index(value) for of_factor, value in zip(factors, way, strict=True)]
            for way in settings
        ]
        varied = [place for place, values in enumerate(factors) if len(values) > 1]
        full = [settings.index((*others, 1.0)) for *others, _ in settings]
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
        """The recipes for a reader; the way concerns joint training alone.

        Of a trainer that sets its own steps, only the ways that it is asked for can be told.
        """
        words = {}
        if self.joint.hyperparameters:
            joint = f"{_steps_in_words(self.joint)}, {self.joint.way_in_words}"
            words = {"single-task training": _steps_in_words(self.single), "joint training": joint}
        elif self.others:
            words = {"joint training": self.joint.way_in_words}
        others = [recipe for recipe in self.others if recipe.fidelity == 1.0]
        if not others:
            return words
        if len(others) > _MOST_NAMED:
            return {**words, "also compared": f"{len(others)} other ways of sharing, weighting and teaching"}
        return {**words, "also compared": "; ".join(recipe.way_in_words for recipe in others)}

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
        helps = {name: str(network.hyperparameters.get(name, "")) for name in _HELPS}
        wanted = replace(
            self.joint,
            sharing=network.sharing or self.joint.sharing,
            weighting=network.weighting or self.joint.weighting,
            **helps,  # type: ignore[arg-type]
        )
        return Arm(network.subset, [r.factors for r in self.joint_ways].index(wanted.factors))

    def arm_name(self, arm: Arm) -> str:
        """A subset's name, with how it is trained where that is not as `joint` says."""
        name, recipe = subset_name(arm.subset), self.of_arm(arm)
        same = len(arm.subset) == 1 or recipe.way_in_full == self.joint.way_in_full
        return name if same else f"{name} ({recipe.way_in_full})"

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


def default_recipes(study: Study, *, single: Recipe | None = None) -> Recipes:
    """What is used without tuning: fixed settings, the first kind of sharing at its deepest, else the first.

    A trainer of the user's is told the study's sharing and weighting for single tasks too, which are its own.

    Args:
        study: Fixes settings or leaves them open.
        single: For single tasks, where it is known already.
    """
    if study.trainer is not None:
        told = Recipe(0.0, 0.0, study.sharings[0], study.search.weighting[0])
        return Recipes(told, told)
    rate = study.training.learning_rate or DEFAULT_LEARNING_RATE
    decay = study.training.weight_decay
    decay = DEFAULT_WEIGHT_DECAY if decay is None else decay
    first_kind = [sharing for sharing in study.sharings if sharing.kind == study.sharings[0].kind]
    single = single or Recipe(rate, decay, Sharing("hard", study.model.n_blocks), "equal")
    teacher = {"learning_rate": single.learning_rate, "weight_decay": single.weight_decay}
    return Recipes(
        single=single,
        joint=Recipe(
            rate,
            decay,
            max(first_kind, key=lambda sharing: sharing.depth),
            filled_weighting(study.search.weighting[0], study.task_names),
            sampling=study.samplings[0],
            distillation=settled(study.distillations[0], **teacher),
        ),
    )


def filled_weighting(text: str, tasks: Subset, weights: Mapping[str, float] | None = None) -> str:
    """The text of a weighting with nothing left to be tuned.

    Args:
        text: As in the study.
        tasks: The task list.
        weights: Static weights that were proposed for it; 1 for all others.
    """
    if not is_tuned(text):
        return text
    chosen = weights or {}
    return Method("static", {"weights": {task: chosen.get(task, 1.0) for task in tasks}}).text


def is_tuned(text: str) -> bool:
    """Whether a weighting has weights that the search chooses."""
    method = Method.parse(text)
    return method.name == "static" and method.filled(WEIGHTING_FACTS["static"].options)["weights"] == TUNED


_FUNCTION_RECIPE = Recipe(0.0, 0.0, Sharing("hard", 1), "equal")
FUNCTION_RECIPES = Recipes(_FUNCTION_RECIPE, _FUNCTION_RECIPE)
"""Of a trainer of the user's, which sets its own learning rate and weight decay: recorded as 0."""
