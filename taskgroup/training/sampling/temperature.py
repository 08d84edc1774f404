"""Temperature sampling: between proportional and uniform, fixed or annealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from taskgroup.training.sampling.draws import Indices, StreamDraws
from taskgroup.training.sampling.mixing import counts_by_power, mixed, steps_of


@final
@dataclass(frozen=True)
class Temperature:
    """`p_t ∝ n_t ** a` with `a = 1 / temperature`, in an epoch as long as a proportional one.

    Temperature 1 is proportional sampling, and a large one is nearly uniform. Annealed, the exponent goes
    from 1 to `1 / temperature` in equal steps, `a = 1 - (1 - 1 / temperature) * e / (E - 1)` in epoch e of E,
    so that small tasks are repeated only late, when they would be forgotten.

    Attributes:
        temperature: At least 1.
        annealed: Whether the exponent goes down from 1; else it is fixed.

    Reference:
        Arivazhagan 2019, sec. 4.2 (temperature 5 in multilingual translation); Stickland, Murray 2019, sec.
        3.3 (annealed sampling; their last exponent 0.2 is temperature 5).
    """

    temperature: float
    annealed: bool = False
    mixes_tasks = True
    needs_validation = False
    needs_single_tasks = False

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return steps_of(sum(sizes), batch_size)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        last = 1.0 / self.temperature
        exponent = 1.0 - (1.0 - last) * progress if self.annealed else last
        return mixed(draws, counts_by_power(draws.sizes, exponent))
