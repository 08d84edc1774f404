"""What a single-task network says of the training rows of its seed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from taskgroup.data import Dataset
from taskgroup.models import Modules, RunNetwork, run_forest
from taskgroup.spec import RunSpec, Study
from taskgroup.training.feed import RowData
from taskgroup.training.lessons import activated
from taskgroup.training.seed_data import SeedData
from taskgroup.training.shapes import Shapes

_ROWS_AT_ONCE = 256  # keeps the activations of convolutions near the caches


@final
class TeacherNetworks:
    """Teachers as plain modules, each filled with its weights.

    Args:
        study: Its model and tasks.
        dataset: The rows.
        shapes: What the runs have in common.
    """

    def __init__(self, study: Study, dataset: Dataset, shapes: Shapes) -> None:
        self._study, self._dataset, self._shapes = study, dataset, shapes

    def ask(self, teacher: RunSpec, weights: Mapping[str, Tensor], data: RowData) -> Tensor | None:
        """What a teacher says.

        Args:
            teacher: A run of one task.
            weights: What it has learned.
            data: The rows of its seed.

        Returns:
            Activated outputs on the training rows in their own order, [K, n], 0 on rows of other tasks; None
            if the weights are not those of such a network.
        """
        network = self._filled(teacher, weights)
        if network is None:
            return None
        (name,) = teacher.subset
        kind = self._study.task(name).kind
        if isinstance(data, SeedData):
            return activated(self._outputs(network, data.train.x.t()), kind)
        position = self._study.task_names.index(name)
        said = activated(self._outputs(network, data.as_alone(position)), kind)
        own = torch.from_numpy(data.train.rows[position]).to(said.device)
        return said.new_zeros(len(said), data.train.n_rows).index_copy_(1, own, said)

    def _filled(self, teacher: RunSpec, weights: Mapping[str, Tensor]) -> RunNetwork | None:
        shapes = self._shapes
        network = self._modules.plain(teacher, shapes.n_outputs).to(shapes.device, shapes.dtype)
        own = {name: value.shape for name, value in network.state_dict().items()}
        if own != {name: value.shape for name, value in weights.items()}:
            return None
        network.load_state_dict(dict(weights))
        return network.train(False)

    def _outputs(self, network: RunNetwork, x: Tensor) -> Tensor:
        """Outputs [K, n] for rows [n, D]."""
        inputs = x.reshape(-1, *self._dataset.input_shape)
        with torch.no_grad():
            parts = [network(rows)[0] for rows in torch.split(inputs, _ROWS_AT_ONCE)]
        return torch.cat(parts).t().contiguous()

    @cached_property
    def _modules(self) -> Modules:
        return self._shapes.modules or study_modules(self._study, self._dataset)


def study_modules(study: Study, dataset: Dataset) -> Modules:
    """Builds a study's networks of plain modules."""
    n_outputs = [target.n_outputs for target in dataset.targets.values()]
    modules = Modules(study.model, dataset.input_shape, n_outputs=n_outputs, n_tokens=dataset.n_tokens)
    for sharing in study.sharings:
        for path in run_forest(sharing, study.task_names, study.model.n_blocks).paths:
            modules.encoder(1.0).features_of(len(path) - 1)  # refuses heads on blocks that none can read
    return modules
