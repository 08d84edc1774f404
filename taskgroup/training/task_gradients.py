"""One backward pass a task, and the tasks' gradients combined on what they share.

All runs of a cohort take the pass of their first task together, then that of their second, and so on. Blocks
that one task alone goes through, and heads, get the plain gradient of that task in any case.

Shape letters: R runs, T most tasks of a run, P branches, I items of a stacked tensor, N numbers of an item.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import Network, PartedBackward, Trained, Wiring
from taskgroup.training.gradient_weights import GradientWeights
from taskgroup.weighting import Gradients


@final
class TaskGradients:
    """The backward step of a cohort in which some run weighs its tasks' gradients.

    Args:
        network: Of the cohort.
        weights: Its gradient weightings.
    """

    def __init__(self, network: Network, weights: GradientWeights) -> None:
        self._network, self._weights = network, weights
        self._parted = network if isinstance(network, PartedBackward) else None
        trained, wiring = network.trained, network.wiring
        last = _last_shared_weights(trained, wiring.n_runs)
        self._shared = [
            _SharedTensor(tensor, weights.n_places, np.flatnonzero(last == place))
            for place, tensor in enumerate(trained)
            if _has_shared(tensor)
        ]
        summed = trained if self._parted is None else []
        self._private = [_PrivateTensor(tensor.grad) for tensor in summed if not _has_shared(tensor)]
        like = trained[0].value
        self._precision = torch.finfo(like.dtype).eps
        self._masks = _output_masks(wiring, weights.n_places).to(like)
        self._branch_run = torch.from_numpy(wiring.branch_run)
        self._branch_place = torch.from_numpy(_places(wiring.branch_run))

    def backward(
        self,
        x: Tensor,
        grad: Tensor,
        *,
        step: int = 0,
        losses: Tensor | None = None,
        counting: Sequence[Tensor | None] = (),
    ) -> None:
        """Fill all gradients, in place of the network's own backward pass.

        Args:
            x: As given to the forward pass.
            grad: Gradient of all losses with respect to the outputs, [nodes, columns, B].
            step: Steps that were taken before.
            losses: Of the batch, [P]; None where no weighting needs them.
            counting: 0 where a branch is to be left out, else 1, [P] each; None for none.
        """
        if not self._shared:
            self._network.backward(x, grad)
            return
        if self._parted is None:
            self._whole_passes(x, grad)
        else:
            self._shared_passes(self._parted, x, grad)
        weights = self._weights.weights(self._gradients(step, losses, counting)).to(grad)
        for shared in self._shared:
            shared.combine(weights)

    def _whole_passes(self, x: Tensor, grad: Tensor) -> None:
        for place, mask in enumerate(self._masks):
            self._network.backward(x, grad * mask, again=place < len(self._masks) - 1)
            for shared in self._shared:
                shared.keep(place)
            for private in self._private:
                private.add(first=place == 0)
        for private in self._private:
            private.finish()

    def _shared_passes(self, network: PartedBackward, x: Tensor, grad: Tensor) -> None:
        network.backward_private(x, grad)
        for place, mask in enumerate(self._masks):
            network.backward_shared(x, mask)
            for shared in self._shared:
                shared.keep(place)

    def _gradients(self, step: int, losses: Tensor | None, counting: Sequence[Tensor | None]) -> Gradients:
        n_runs, n = self._network.wiring.n_runs, self._weights.n_places
        gram = self._masks.new_zeros(n_runs, n, n)
        squares = self._masks.new_zeros(n_runs, n)
        for shared in self._shared:
            shared.add_products(gram, squares)
        counts = torch.ones(len(self._branch_run), dtype=torch.bool)
        for each in counting:
            counts &= True if each is None else each.cpu() > 0
        return Gradients(
            gram=gram.double().cpu(),
            counts=self._by_run(counts),
            precision=self._precision,
            norms=squares.double().cpu().sqrt(),
            losses=None if losses is None else self._by_run(losses.double().cpu()),
            number=step,
        )

    def _by_run(self, of_branches: Tensor) -> Tensor:
        """[P] to [R, T], with 0 where a run has fewer tasks."""
        by_run = of_branches.new_zeros(self._network.wiring.n_runs, self._weights.n_places)
        by_run[self._branch_run, self._branch_place] = of_branches
        return by_run


@final
class _SharedTensor:
    """A stacked tensor with items that several tasks reach, and its gradients task by task.

    Args:
        tensor: Of the network.
        n_places: T.
        last_of: Runs of which this holds the last shared weights.
    """

    def __init__(self, tensor: Trained, n_places: int, last_of: np.ndarray) -> None:
        assert tensor.shared is not None
        device = tensor.grad.device
        self._grad = tensor.grad
        self._run = torch.from_numpy(tensor.run).to(device)
        self._items = torch.from_numpy(np.flatnonzero(tensor.shared)).to(device)
        self._is_private = torch.from_numpy(~tensor.shared).to(device).view(-1, 1)
        last = np.flatnonzero(tensor.shared & np.isin(tensor.run, last_of))
        self._last = torch.from_numpy(last).to(device)
        self._of_tasks = tensor.grad.new_zeros(len(tensor.run), n_places, tensor.grad[0].numel())

    def keep(self, place: int) -> None:
        """Note the gradient of one task of every run."""
        self._of_tasks[:, place].copy_(self._grad.flatten(1))

    def add_products(self, gram: Tensor, squares: Tensor) -> None:
        """Add what shared items give to the inner products, [R, T, T], and the last ones' lengths, [R, T]."""
        products = torch.bmm(self._of_tasks, self._of_tasks.transpose(1, 2))
        gram.index_add_(0, self._run[self._items], products[self._items])
        lengths = products.diagonal(dim1=1, dim2=2)
        squares.index_add_(0, self._run[self._last], lengths[self._last])

    def combine(self, weights: Tensor) -> None:
        """Sum the gradients: weighted by [R, T] in shared items, plainly in others."""
        shares = weights[self._run].masked_fill(self._is_private, 1.0)
        self._grad.copy_(torch.bmm(shares.unsqueeze(1), self._of_tasks).view_as(self._grad))


@final
class _PrivateTensor:
    """The gradient of a tensor without shared items, summed over the passes."""

    def __init__(self, grad: Tensor) -> None:
        self._grad, self._sum = grad, torch.zeros_like(grad)

    def add(self, *, first: bool) -> None:
        """Note what a pass gave."""
        if first:
            self._sum.copy_(self._grad)
        else:
            self._sum.add_(self._grad)

    def finish(self) -> None:
        """Let the gradient be the sum."""
        self._grad.copy_(self._sum)


def _has_shared(tensor: Trained) -> bool:
    return tensor.shared is not None and bool(tensor.shared.any())


def _last_shared_weights(trained: Sequence[Trained], n_runs: int) -> np.ndarray:
    """For each run, the last tensor with shared items that is no bias or scale; -1 where there is none."""
    last = np.full(n_runs, -1)
    for place, tensor in enumerate(trained):
        if tensor.shared is not None and tensor.value.dim() > 2:
            last[tensor.run[tensor.shared]] = place
    return last


def _output_masks(wiring: Wiring, n_places: int) -> Tensor:
    """1 where an output belongs to the k-th task of its run, else 0, [T, nodes, columns, 1]."""
    masks = torch.zeros(n_places, wiring.n_output_nodes, wiring.n_columns, 1)
    for branch, place in enumerate(_places(wiring.branch_run)):
        first = int(wiring.branch_column[branch])
        columns = slice(first, first + int(wiring.branch_outputs[branch]))
        masks[place, int(wiring.branch_node[branch]), columns] = 1.0
    return masks


def _places(branch_run: np.ndarray) -> np.ndarray:
    """Which task of its run each branch is, [P]."""
    first = np.searchsorted(branch_run, branch_run)
    return np.arange(len(branch_run)) - first
