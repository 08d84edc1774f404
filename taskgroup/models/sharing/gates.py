"""Gates: which experts a task listens to, for every example anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.sharing.experts import Experts
from taskgroup.models.sharing.kind import Extra, Outline, Places
from taskgroup.seeds import derive_seed
from taskgroup.spec import Subset

_FEW_PRODUCTS = 1 << 17  # up to here, all of them at once take less time than many small matrix products


def gate_width(outline: Outline, level: int) -> int:
    """Features that the gates after a block read: those of its input."""
    if level > 0:
        return outline.shapes[level][0]
    return outline.shapes[1][0] if outline.tokens else int(np.prod(outline.shapes[0]))


def gates(name: str, level: int, tasks: Sequence[Places], *, n_experts: int, n_inputs: int) -> Extra:
    """A gate for each task: linear maps without bias, [T, n_experts, n_inputs], drawn as linear layers are.

    Args:
        name: Of the parameter.
        level: The block behind which the gates stand.
        tasks: Which tasks each gate reaches.
        n_experts: That each chooses among.
        n_inputs: Features that they read.
    """

    def start(seed: int, subset: Subset) -> np.ndarray:
        return np.stack([_drawn(derive_seed(seed, "gate", level, t), n_experts, n_inputs) for t in subset])

    return Extra(name, tuple(tasks), start)


def gate_of_all(name: str, level: int, experts: Experts, *, n_inputs: int) -> Extra:
    """One gate over all experts, [1, E, n_inputs]; the part for a task's own experts starts by its name."""

    def start(seed: int, subset: Subset) -> np.ndarray:
        parts = [_drawn(derive_seed(seed, "gate", level, ""), experts.n_shared, n_inputs)]
        parts += [_drawn(derive_seed(seed, "gate of all", level, t), experts.n_own, n_inputs) for t in subset]
        return np.concatenate(parts)[None]

    return Extra(name, (experts.tasks,), start)


def _drawn(seed: int, n_outputs: int, n_inputs: int) -> np.ndarray:
    bound = n_inputs**-0.5
    return np.random.default_rng(seed).uniform(-bound, bound, (n_outputs, n_inputs))


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


def gate_shares(
    weights: Tensor, read: Tensor, *, heard: Sequence[Sequence[int]] | None = None, n_experts: int
) -> Tensor:
    """How much each gate listens to each expert: the softmax of a linear map of what it reads.

    Args:
        weights: Of the gates, [R, K, E', D].
        read: One column for each gate or for all, [R, K or 1, D, B].
        heard: The E' experts that each gate chooses among; all by default.
        n_experts: E.

    Returns:
        [R, K, E, B]; zero for experts that a gate does not hear.
    """
    n_runs, n_gates, n_heard, _ = weights.shape
    if read.shape[1] == 1:
        logits = (weights.flatten(1, 2) @ read[:, 0]).view(n_runs, n_gates, n_heard, -1)
    else:
        logits = weights @ read
    shares = logits.softmax(dim=2)
    if heard is None:
        return shares
    places = torch.tensor(heard, device=shares.device)[None, :, :, None].expand_as(shares)
    return shares.new_zeros(n_runs, n_gates, n_experts, shares.shape[3]).scatter(2, places, shares)


def weighted_sums(shares: Tensor, experts: Tensor) -> Tensor:
    """Sums of experts, weighted anew for each example.

    Args:
        shares: [R, K, E, B].
        experts: [R, E, F, ..., B].

    Returns:
        [R, K, F, ..., B].
    """
    flat = experts.flatten(2, -2)
    if shares.numel() * flat.shape[2] <= _FEW_PRODUCTS:
        mixed = (shares.unsqueeze(3) * flat.unsqueeze(1)).sum(dim=2)
    else:
        mixed = torch.einsum("rkeb,refb->rkfb", shares, flat)
    return mixed.reshape(*shares.shape[:2], *experts.shape[2:])
