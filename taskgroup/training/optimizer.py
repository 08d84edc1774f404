"""AdamW over stacked parameters, with its own learning rate and weight decay for every run.

Runs of a cohort stand in order, so those with equal settings form contiguous segments of every stacked
tensor. Each segment takes one fused step: all its tensors in a single pass over memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.spec import RunSpec


@dataclass
class Stacked:
    """One trained tensor of a cohort.

    Attributes:
        name: Its place in the network, the same before and after runs are dropped.
        value: Shape [items, ...]; updated in place.
        grad: The same shape.
        run: The run that owns each item, ascending.
        decays: Whether weight decay applies.
    """

    name: str
    value: Tensor
    grad: Tensor
    run: np.ndarray
    decays: bool = True


@dataclass
class _Segment:
    """Parameters of consecutive runs with equal settings, as views."""

    learning_rate: float
    weight_decay: float
    values: list[Tensor] = field(default_factory=list)
    grads: list[Tensor] = field(default_factory=list)
    first_moments: list[Tensor] = field(default_factory=list)
    second_moments: list[Tensor] = field(default_factory=list)


@final
class CohortAdamW:
    """Decoupled weight decay on all parameters, biases included (Loshchilov, Hutter 2019, alg. 2).

    Args:
        stacked: The trained tensors.
        members: The runs, in cohort order.
    """

    def __init__(self, stacked: Sequence[Stacked], members: Sequence[RunSpec]) -> None:
        self._averages = {s.name: (torch.zeros_like(s.value), torch.zeros_like(s.value)) for s in stacked}
        self._n_steps = torch.zeros((), device=stacked[0].value.device)
        self._lay_out(stacked, members)

    def step(self) -> None:
        """Update all parameters from their gradients."""
        self._n_steps += 1
        for segment in self._segments:
            torch._fused_adamw_(
                segment.values,
                segment.grads,
                segment.first_moments,
                segment.second_moments,
                [],
                [self._n_steps] * len(segment.values),
                lr=segment.learning_rate,
                beta1=0.9,
                beta2=0.999,
                weight_decay=segment.weight_decay,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )

    def keep(self, stacked: Sequence[Stacked], runs: Sequence[int], members: Sequence[RunSpec]) -> None:
        """Go on with some of the runs.

        Args:
            stacked: The tensors of the smaller cohort.
            runs: Which runs are kept, by position in the cohort so far.
            members: The kept runs.
        """
        averages = {}
        for s in stacked:
            items = torch.from_numpy(np.flatnonzero(np.isin(self._owners[s.name], runs)))
            shape = tuple(map(slice, s.value.shape))
            first, second = self._averages[s.name]
            averages[s.name] = (first[items][shape].contiguous(), second[items][shape].contiguous())
        self._averages = averages
        self._lay_out(stacked, members)

    def _lay_out(self, stacked: Sequence[Stacked], members: Sequence[RunSpec]) -> None:
        self._owners = {s.name: s.run for s in stacked}
        settings = [(member.learning_rate, member.weight_decay) for member in members]
        self._segments: list[_Segment] = []
        for (rate, decay), group in groupby(range(len(members)), key=settings.__getitem__):
            runs = list(group)
            for decays in (True, False):
                segment = _Segment(rate, decay if decays else 0.0)
                chosen = [s for s in stacked if s.decays == decays]
                self._fill(segment, chosen, runs[0], runs[-1] + 1)
                if segment.values:
                    self._segments.append(segment)

    def _fill(self, segment: _Segment, stacked: Sequence[Stacked], first_run: int, last_run: int) -> None:
        for s in stacked:
            start, stop = np.searchsorted(s.run, [first_run, last_run])
            if stop > start:
                first, second = self._averages[s.name]
                segment.values.append(s.value[start:stop])
                segment.grads.append(s.grad[start:stop])
                segment.first_moments.append(first[start:stop])
                segment.second_moments.append(second[start:stop])
