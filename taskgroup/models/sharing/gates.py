"""Gates: which experts a task listens to, for every example anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.sharing.kind import Extra, Outline, Places, Start
from taskgroup.seeds import derive_seed
from taskgroup.spec import Subset


def gate_width(outline: Outline, level: int) -> int:
    """Features that the gates after a block read: those of its input."""
    if level > 0:
        return outline.shapes[level][0]
    return outline.shapes[1][0] if outline.tokens else int(np.prod(outline.shapes[0]))


def gate(
    name: str, level: int, tasks: Sequence[Places], *, n_experts: int, n_inputs: int, owned: bool = True
) -> Extra:
    """Linear maps without bias, [K, n_experts, n_inputs], drawn as a linear layer's weights are.

    Args:
        name: Of the parameter.
        level: The block behind which the gates stand.
        tasks: Which tasks each gate reaches.
        n_experts: That it chooses among.
        n_inputs: Features that it reads.
        owned: Whether there is one for each task, which starts by its name, or one for all.
    """
    return Extra(name, tuple(tasks), _start(level, n_experts, n_inputs, owned))


def _start(level: int, n_experts: int, n_inputs: int, owned: bool) -> Start:
    def start(seed: int, subset: Subset) -> np.ndarray:
        seeds = [derive_seed(seed, "gate", level, of) for of in (subset if owned else ("",))]
        bound = n_inputs**-0.5
        draws = [np.random.default_rng(s).uniform(-bound, bound, (n_experts, n_inputs)) for s in seeds]
        return np.stack(draws)

    return start


def read_by_first_gates(outline: Outline, seen: Sequence[Tensor], heard: Sequence[Sequence[int]]) -> Tensor:
    """What gates read that look at the input: one column for all gates, or one each, [R, 1 or K, D, B].

    The input itself, flattened; of texts, whose inputs are numbers of tokens, the mean over places and over
    the first blocks of the experts that a gate hears.
    """
    if not outline.tokens:
        return seen[0].flatten(2, -2)
    first = over_places(seen[1])
    return first[:, torch.tensor(heard, device=first.device)].mean(dim=2)


def over_places(x: Tensor) -> Tensor:
    """Features as their means over an image's or a text's places: [R, C, F, ..., B] to [R, C, F, B]."""
    return x if x.ndim == 4 else x.flatten(3, -2).mean(dim=3)


def gated(
    weights: Tensor, read: Tensor, experts: Tensor, heard: Sequence[Sequence[int]] | None = None
) -> Tensor:
    """Mix experts by the softmax of a linear map of what the gates read.

    Args:
        weights: Of the gates, [R, K, E', D].
        read: One column for each gate or for all, [R, K or 1, D, B].
        experts: [R, E, F, ..., B].
        heard: The E' experts that each gate chooses among; all by default.

    Returns:
        [R, K, F, ..., B].
    """
    n_runs, n_gates, n_heard, _ = weights.shape
    if read.shape[1] == 1:
        logits = (weights.flatten(1, 2) @ read[:, 0]).view(n_runs, n_gates, n_heard, -1)
    else:
        logits = weights @ read
    shares = logits.softmax(dim=2)
    if heard is not None:
        places = torch.tensor(heard, device=shares.device).view(1, n_gates, n_heard, 1).expand_as(shares)
        none = shares.new_zeros(n_runs, n_gates, experts.shape[1], shares.shape[3])
        shares = none.scatter(2, places, shares)
    mixed: Tensor = torch.einsum("rkeb,refb->rkfb", shares, experts.flatten(2, -2))
    return mixed.reshape(n_runs, n_gates, *experts.shape[2:])
