"""What to train and what came back: frozen values with a stable content key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from taskgroup.spec.method import Method
from taskgroup.spec.sharing_kinds import SHARING_KINDS
from taskgroup.spec.task import Subset, subset_name

Split = Literal["validation", "test"]
SPLITS: tuple[Split, ...] = ("validation", "test")


_LATER = {"capacity": 1.0, "sampling": "", "distillation": ""}


@dataclass(frozen=True, order=True)
class Sharing:
    """How the tasks of a subset share the encoder.

    Attributes:
        kind: A name of `SHARING_KINDS`, with its settings where they are not the defaults (`Method.text`):
            `hard` has shared blocks, then private ones.
        depth: The number of encoder blocks that tie tasks together, the first ones (with `decision` the
            last); 0 ties nothing, the number of blocks leaves only the heads private. Kinds whose settings
            say what is shared where have the number of blocks.
    """

    kind: str = "hard"
    depth: int = 0

    @property
    def is_hard(self) -> bool:
        """Whether blocks are shared as they are, or not at all."""
        return self.kind == "hard"

    @property
    def method(self) -> Method:
        """The kind with its settings."""
        return Method.parse(self.kind)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the kind."""
        method = self.method
        return method.filled(SHARING_KINDS[method.name].options)


@dataclass(frozen=True)
class RunSpec:
    """One short training, fully determined within its training context (data, model, budget).

    Attributes:
        subset: The tasks trained together, in the order of the task list.
        sharing: How they share the encoder.
        weighting: A name of `WEIGHTING_FACTS`, with its settings where they are not the defaults.
        learning_rate: AdamW step size.
        weight_decay: AdamW decoupled weight decay.
        seed: Fixes initial weights, batch order and the draw of training and validation rows.
        fidelity: The share of the full number of epochs, in (0, 1].
        capacity: The share of every hidden layer's units, in (0, 1], rounded up (`scaled_widths`).
        sampling: How batches mix tasks that have rows of their own; empty where as the study says.
        distillation: How single-task networks of the same seed teach this one; empty where none do.
    """

    subset: Subset
    sharing: Sharing
    weighting: str
    learning_rate: float
    weight_decay: float
    seed: int
    fidelity: float = 1.0
    capacity: float = 1.0
    sampling: str = ""
    distillation: str = ""

    @property
    def hyperparameters(self) -> dict[str, float]:
        """The tuned training settings, by name."""
        return {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}

    @property
    def subset_name(self) -> str:
        """The task names joined by ``+``."""
        return subset_name(self.subset)

    def key(self, context: str) -> str:
        """Hash the run together with its training context to a stable identifier.

        What later versions can choose is not spelled out at its default, so that runs keep their keys.
        """
        settings = {k: v for k, v in asdict(self).items() if k not in _LATER or v != _LATER[k]}
        text = json.dumps([context, settings], sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Score:
    """One task's score in one run on one split; the metric's own units and direction."""

    task: str
    split: Split
    metric: str
    value: float


@dataclass(frozen=True)
class RunResult:
    """What a run returned.

    Attributes:
        spec: What was asked for.
        status: `ok`, or `failed` with the `reason`.
        scores: One per task and split; empty for a failed run.
        seconds: The run's share of its cohort's wall time.
        epochs: The epochs trained (fewer than asked for when stopped early).
        reason: Why the run failed.
    """

    spec: RunSpec
    status: Literal["ok", "failed"]
    scores: tuple[Score, ...] = field(default=())
    seconds: float = 0.0
    epochs: int = 0
    reason: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the run finished with scores."""
        return self.status == "ok"
