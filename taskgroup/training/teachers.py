"""The single-task networks that teach: found where their weights are kept, else trained again, and asked.

A teacher is the baseline of its task and seed, which a search has anyway. One whose weights are not at hand
is trained once more. That gives the same teacher to rounding, as networks of a cohort are computed in other
company, and costs nothing but time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from torch import Tensor

from taskgroup.errors import InputError, nearest
from taskgroup.spec import DISTILLATION_FACTS, Distillation, Method, RunSpec, Subset
from taskgroup.training.lessons import NO_LESSONS, Lessons

_SEEDS_KEPT = 32

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Trained:
    """Teachers that were trained again.

    Attributes:
        weights: Of those that finished.
        failed: Why the others did not.
    """

    weights: dict[RunSpec, Weights] = field(default_factory=dict)
    failed: dict[RunSpec, str] = field(default_factory=dict)


@final
class Teachers:
    """Gets what the teachers of any runs say, once for each.

    Args:
        n_blocks: Encoder blocks.
        untaught: Tasks that nobody teaches.
        find: A teacher's weights where they are kept.
        train: Trains teachers.
        ask: What a teacher of such weights says of its training rows, [K, n]; None where they do not fit its
            network.
    """

    def __init__(
        self,
        *,
        n_blocks: int,
        untaught: Subset,
        find: Callable[[RunSpec], Weights | None],
        train: Callable[[Sequence[RunSpec]], Trained],
        ask: Callable[[RunSpec, Weights], Tensor | None],
    ) -> None:
        self._n_blocks, self._untaught = n_blocks, untaught
        self._find, self._train, self._ask = find, train, ask
        self._said: dict[int, dict[RunSpec, Tensor]] = {}
        self._failed: dict[RunSpec, str] = {}

    def lessons(self, members: Sequence[RunSpec]) -> Lessons:
        """What is needed to train some runs."""
        plan = Lessons(self._n_blocks, untaught=self._untaught)
        wanted = list(dict.fromkeys(t for run in members for t in plan.teachers(run).values()))
        if not wanted:
            return NO_LESSONS
        said = {t: known for t in wanted if (known := self._known(t)) is not None}
        missing = [t for t in wanted if t not in said and t not in self._failed]
        if missing:
            trained = self._train(missing)
            self._failed |= trained.failed
            for teacher, weights in trained.weights.items():
                answer = self._ask(teacher, weights)
                assert answer is not None  # they have just been trained
                said[teacher] = answer
        self._remember(said)
        return replace(plan, said=said, failed=dict(self._failed))

    def forget(self) -> None:
        """Let go of what can be asked again."""
        self._said.clear()

    def _known(self, teacher: RunSpec) -> Tensor | None:
        """What a teacher says, from memory or by its kept weights."""
        if teacher in self._said.get(teacher.seed, {}):
            return self._said[teacher.seed][teacher]
        weights = self._find(teacher)
        return None if weights is None else self._ask(teacher, weights)

    def _remember(self, said: Mapping[RunSpec, Tensor]) -> None:
        for teacher, answer in said.items():
            if teacher.seed not in self._said and len(self._said) >= _SEEDS_KEPT:
                self._said.pop(next(iter(self._said)))
            self._said.setdefault(teacher.seed, {})[teacher] = answer


def check_teaching(runs: Sequence[RunSpec], *, own_rows: bool) -> None:
    """See that all that is taught says how.

    Raises:
        InputError: If a distillation is unknown, its teachers' settings are still open, or it asks for what
            tasks with rows of their own do not have.
    """
    for text in dict.fromkeys(run.distillation for run in runs if run.distillation):
        name = Method.parse(text).name
        if name not in DISTILLATION_FACTS:
            raise InputError(f"distillation {name!r}; {nearest(name, DISTILLATION_FACTS)}")
        teaching = Distillation.of(text)
        if not teaching.is_settled:
            raise InputError(
                f"distillation {text!r} does not say what its teachers are trained with; give it "
                "teacher_learning_rate and teacher_weight_decay"
            )
        if own_rows and teaching.unlabelled:
            raise InputError(
                f"distillation {name!r} says unlabelled: true, but here each task has rows of its own, all "
                "with labels; drop it"
            )


def in_teaching_order(runs: Sequence[RunSpec], *, n_blocks: int) -> list[list[RunSpec]]:
    """Runs in one part, or in two where some of them teach others, so that these come first."""
    plan = Lessons(n_blocks)
    teachers = {teacher for run in runs for teacher in plan.teachers(run).values()}
    if teachers.isdisjoint(runs):
        return [list(runs)]
    return [[run for run in runs if not run.distillation], [run for run in runs if run.distillation]]
