"""What teachers say of the training rows, and how it is mixed with the labels.

The gradient of every loss is `activation(output) - target`, linear in the target. So training on the mixed
target `share * label + (1 - share) * said`, with `said` the teacher's activated output, is training on the
mixed loss `share * loss(label) + (1 - share) * loss(said)`: exactly for both cross entropies, and up to a
constant for the squared error, whose value (which only weightings look at) is lower by
`share * (1 - share) * (label - said)**2`.

Reference:
    Clark 2019, "BAM! Born-again multi-task networks for natural language understanding", sec. 3.

Shape letters: K outputs of a task, n rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from taskgroup.spec import Kind, RunSpec, Subset, teachers_of


@dataclass(frozen=True)
class Lessons:
    """What teachers say of the training rows of their seed.

    Attributes:
        n_blocks: Encoder blocks, all of which a teacher trains for its task.
        said: Each teacher's activated outputs, [K, n], on the rows of its seed in their own order; 0 where
            tasks have rows of their own and the row is another task's.
        failed: Why others have nothing to say.
        untaught: Tasks that nobody teaches: auxiliary ones, which are never trained alone.
    """

    n_blocks: int = 0
    said: Mapping[RunSpec, Tensor] = field(default_factory=dict)
    failed: Mapping[RunSpec, str] = field(default_factory=dict)
    untaught: Subset = ()

    def teachers(self, run: RunSpec) -> Mapping[str, RunSpec]:
        """Who teaches a run, by task."""
        teachers = teachers_of(run, n_blocks=self.n_blocks)
        return {task: teacher for task, teacher in teachers.items() if task not in self.untaught}

    def why_not(self, run: RunSpec) -> str | None:
        """Why a run cannot be taught, if so."""
        failed = [(task, t) for task, t in self.teachers(run).items() if t in self.failed]
        return (
            None
            if not failed
            else f"the teacher of task '{failed[0][0]}' failed: {self.failed[failed[0][1]]}"
        )


NO_LESSONS = Lessons()
"""Where nobody is taught."""


def activated(outputs: Tensor, kind: Kind) -> Tensor:
    """Outputs [K, n] of a task as its loss compares them with targets."""
    if kind == "regression":
        return outputs
    return outputs.softmax(dim=0) if kind == "multiclass" else outputs.sigmoid()


def mixed_targets(labels: Tensor, said: Tensor, share: float) -> Tensor:
    """`share * labels + (1 - share) * said`, [K, n]; the labels to the last bit where the share is 1.

    >>> mixed_targets(torch.tensor([[1.0]]), torch.tensor([[0.5]]), 0.5)
    tensor([[0.7500]])
    """
    return torch.lerp(said, labels, share)


def with_unlabelled(mixed: Tensor, counts: Tensor, said: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Targets and weights where the teacher alone teaches on rows without a label, for its part of the loss.

    Args:
        mixed: Targets of the rows that have one, [K, n].
        counts: How much each label counts, 0 where there is none, [n].
        said: By the teacher, [K, n].
        share: What a label counts for.
    """
    there = counts > 0
    return torch.where(there, mixed, said), torch.where(there, counts, 1.0 - share)
