"""Networks of one study whose encoder is no plain MLP: how they are built, and how many train together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import torch

from taskgroup.models.catalog import make_encoder
from taskgroup.models.encoder import Encoder
from taskgroup.models.encoders.own import own_head
from taskgroup.models.module_network import ModuleNetwork
from taskgroup.models.network import Network
from taskgroup.models.run_network import HeadMaker, check_head, linear_head
from taskgroup.spec import ModelSpec, RunSpec


@final
class Modules:
    """Builds the networks of any cohort of a study.

    Args:
        model: The encoder and head.
        input_shape: Of one input, without the batch.
        n_outputs: Output columns of the tasks.
        n_tokens: Different tokens, where inputs are texts.

    Raises:
        InputError: If the encoder or head cannot be built, or does not suit the inputs or tasks.
    """

    def __init__(
        self, model: ModelSpec, input_shape: Sequence[int], *, n_outputs: Sequence[int], n_tokens: int = 0
    ) -> None:
        self._model, self._input_shape, self._n_tokens = model, tuple(input_shape), n_tokens
        self._encoders: dict[float, Encoder] = {}
        self._make_head: HeadMaker = linear_head if model.head is None else own_head(model.head)
        encoder = self.encoder(1.0)
        if model.head is not None:
            for n in sorted(set(n_outputs)):
                check_head(self._make_head, encoder.n_features, n)

    def encoder(self, capacity: float) -> Encoder:
        """The encoder at a share of its units."""
        if capacity not in self._encoders:
            self._encoders[capacity] = make_encoder(
                self._model, self._input_shape, n_tokens=self._n_tokens, capacity=capacity
            )
        return self._encoders[capacity]

    def network(
        self,
        members: Sequence[RunSpec],
        n_outputs: Mapping[str, int],
        capacity: float,
        dtype: torch.dtype,
        device: torch.device | str,
    ) -> Network:
        """The networks of a cohort."""
        return ModuleNetwork(
            members,
            encoder=self.encoder(capacity),
            n_outputs=n_outputs,
            make_head=self._make_head,
            dtype=dtype,
            device=device,
        )

    def pack(self, specs: Sequence[RunSpec], *, device: str, batch_size: int) -> list[list[RunSpec]]:
        """Divide runs into cohorts: modules gain nothing from company, so each run is one."""
        return [[spec] for spec in specs]
