"""A trained network as a linear function of its shared weights: outputs and projected gradients by example.

Near the weights where it stands, an output is `f(x) + J(x) w`, with w the change of the shared weights. J
has a row as long as the weights for every output and example, so it is projected to a few random directions
at once: `J R` replaces J, and inner products of rows stay about what they were. A block's gradient is the
outer product of the signal that reaches it and its input, and each direction is an outer product of two
random sign vectors too, so that neither a gradient nor a direction is ever written out.

Shape letters: n rows, K outputs of a task, d directions, O and I features out of and into a block.

Reference:
    Li 2024 (Grad-TAG); there the directions are Gaussian and unstructured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taskgroup.models import StackedMLP
from taskgroup.seeds import derive_seed
from taskgroup.spec import Kind
from taskgroup.training.seed_data import Part, SeedData
from taskgroup.training.shapes import Shapes

N_DIRECTIONS = 256
_MAX_ROWS = 256
_MAX_ROW_OUTPUTS = 2048

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Labelled rows of one task.

    Attributes:
        offset: Outputs of the network as it stands, [n, K].
        features: Projected gradients of the outputs, [n, K, d].
        targets: One-hot classes, 0/1 labels or standardised values, [n, K].
    """

    offset: Floats
    features: Floats
    targets: Floats


@dataclass(frozen=True)
class Linearised:
    """One task's outputs as linear functions of a change of the shared weights.

    Attributes:
        kind: The task's kind, which says what its loss is.
        train: Rows to fit the change on.
        validation: Rows to judge it by.
    """

    kind: Kind
    train: Examples
    validation: Examples

    @property
    def n_rows(self) -> int:
        """Rows in all."""
        return len(self.train.offset) + len(self.validation.offset)

    @property
    def n_outputs(self) -> int:
        """The task's outputs K."""
        return int(self.train.offset.shape[1])


def linearise(network: StackedMLP, data: SeedData, shapes: Shapes) -> dict[str, Linearised]:
    """Linearise a network of one run around its weights, for every one of its tasks.

    Of each task, up to 256 labelled training rows and as many validation rows are used, drawn at random.
    """
    (run,) = network.members
    directions = _directions(network, run.sharing.depth, seed=run.seed)
    splits = {"train": data.epoch(0), "validation": _mixed(data.scored["validation"], seed=run.seed)}
    models = {}
    for branch, name in enumerate(run.subset):
        position = int(network.wiring.branch_task[branch])
        by_split = {
            split: _examples(network, branch, _rows_of(part, position, shapes), directions, shapes)
            for split, part in splits.items()
        }
        models[name] = Linearised(shapes.tasks[position].kind, **by_split)
    return models


def _mixed(part: Part, *, seed: int) -> Part:
    """The rows in a random order: tables are often sorted."""
    order = np.random.default_rng(derive_seed(seed, "validation order")).permutation(part.n_rows)
    return part.shuffled(torch.from_numpy(order).to(part.x.device))


def _rows_of(part: Part, position: int, shapes: Shapes) -> Part:
    """The first labelled rows of a task."""
    n_outputs = shapes.n_outputs[shapes.tasks[position].name]
    most = max(1, min(_MAX_ROWS, _MAX_ROW_OUTPUTS // n_outputs))
    rows = torch.nonzero(part.labelled[position]).flatten()[:most]
    own = slice(shapes.first_row[position], shapes.first_row[position] + n_outputs)
    return Part(part.x[:, rows], part.y[own, rows], part.labelled[:, rows], complete=True)


def _examples(
    network: StackedMLP,
    branch: int,
    rows: Part,
    directions: list[tuple[Tensor, Tensor, Tensor]],
    shapes: Shapes,
) -> Examples:
    """Forward to the task's outputs, and back from each to the shared blocks."""
    wiring, depth = network.wiring, len(directions)
    column = int(wiring.branch_column[branch])
    columns = slice(column, column + int(wiring.branch_outputs[branch]))
    node_of = [0] * depth + [branch] * (len(network.blocks) - depth)
    activations = [rows.x]
    for block, node in zip(network.blocks, node_of, strict=True):
        activations.append((block.weight[node] @ activations[-1] + block.bias[node, :, None]).relu())
    node = int(wiring.branch_node[branch])
    head = network.head.weight[node, columns]
    offset = head @ activations[-1] + network.head.bias[node, columns, None]
    signal = head[:, :, None] * (activations[-1] > 0)
    features = offset.new_zeros(*offset.shape, directions[0][0].shape[0])
    for level in reversed(range(len(network.blocks))):
        if level < depth:
            features += _projected(signal, activations[level], directions[level])
        if level > 0:
            weight = network.blocks[level].weight[node_of[level]]
            signal = torch.einsum("oi,kob->kib", weight, signal) * (activations[level] > 0)
    return Examples(_rows_first(offset), _rows_first(features), _rows_first(rows.y))


def _projected(signal: Tensor, inputs: Tensor, direction: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Gradients of a block in all directions, [K, n, d], from signals [K, O, n] and inputs [I, n]."""
    left, right, bias = direction
    by_weight = torch.einsum("do,kob->kbd", left, signal) * (right @ inputs).t()
    return by_weight + torch.einsum("do,kob->kbd", bias, signal)


def _directions(network: StackedMLP, depth: int, *, seed: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Random signs for the outputs [d, O], inputs [d, I] and biases [d, O] of every shared block."""
    rng = np.random.default_rng(derive_seed(seed, "directions"))
    drawn = []
    for block in network.blocks[:depth]:
        n_outputs, n_inputs = block.weight.shape[1:]
        signs = [rng.integers(0, 2, (N_DIRECTIONS, n)) * 2.0 - 1.0 for n in (n_outputs, n_inputs, n_outputs)]
        left, right, bias = (torch.as_tensor(s).to(block.weight) for s in signs)
        scale = N_DIRECTIONS**-0.5
        drawn.append((left * scale, right, bias * scale))
    return drawn


def _rows_first(values: Tensor) -> Floats:
    """[K, n, ...] to [n, K, ...] in float64."""
    return np.ascontiguousarray(values.transpose(0, 1).double().cpu().numpy())
