"""The tuned settings that a search trains with: one recipe for single tasks, one for joint training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from taskgroup.spec import RunSpec, Sharing, Study, Subset

DEFAULT_LEARNING_RATE = 3e-3
DEFAULT_WEIGHT_DECAY = 1e-2


@dataclass(frozen=True)
class Recipe:
    """Everything of a run besides its subset, seed and fidelity.

    Attributes:
        learning_rate: AdamW step size.
        weight_decay: AdamW decoupled weight decay.
        sharing: How tasks share the encoder.
        weighting: How their losses are weighted.
    """

    learning_rate: float
    weight_decay: float
    sharing: Sharing
    weighting: str

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The tuned training settings, by name; none where the trainer sets its own."""
        if not self.learning_rate:
            return {}
        return {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}

    def spec(self, subset: Subset, seed: int) -> RunSpec:
        """The run of a subset at full fidelity."""
        return RunSpec(
            subset=subset,
            sharing=self.sharing,
            weighting=self.weighting,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            seed=seed,
        )


@dataclass(frozen=True)
class Recipes:
    """One recipe for single tasks and one for two or more.

    For a single task neither depth nor weighting matters; its recipe says "all blocks, equal", so that the
    same run is never trained under two descriptions.
    """

    single: Recipe
    joint: Recipe

    def in_words(self) -> dict[str, str]:
        """Both recipes for a reader; depth and weighting concern joint training alone.

        Nothing is to be said of a trainer that sets its own.
        """
        if not self.joint.hyperparameters:
            return {}
        depth = self.joint.sharing.depth
        shared = f"{depth} block{'' if depth == 1 else 's'} shared, {self.joint.weighting} weighting"
        return {
            "single-task training": _steps_in_words(self.single),
            "joint training": f"{_steps_in_words(self.joint)}, {shared}",
        }

    def of(self, subset: Subset) -> Recipe:
        """The recipe that trains a subset."""
        return self.single if len(subset) == 1 else self.joint

    def spec(self, subset: Subset, seed: int) -> RunSpec:
        """The run of a subset with its recipe."""
        return self.of(subset).spec(subset, seed)

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Recipes:
        """Rebuild from `document()`."""

        def recipe(part: Mapping[str, Any]) -> Recipe:
            return Recipe(**{**part, "sharing": Sharing(**part["sharing"])})

        return cls(recipe(document["single"]), recipe(document["joint"]))


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


FUNCTION_RECIPES = Recipes(*[Recipe(0.0, 0.0, Sharing("hard", 1), "equal")] * 2)
"""Of a trainer of the user's, which sets its own learning rate and weight decay: recorded as 0."""
