"""Networks of one study whose encoder is no plain MLP: how they are built, and how many train together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import final

import torch

from taskgroup.models.catalog import make_encoder
from taskgroup.models.encoder import Encoder
from taskgroup.models.encoders.own import own_head
from taskgroup.models.gradient_reversal import Reversal
from taskgroup.models.module_network import ModuleNetwork
from taskgroup.models.network import Network
from taskgroup.models.run_network import HeadMaker, RunNetwork, check_head, linear_head
from taskgroup.models.sharing import in_columns
from taskgroup.models.stacked_cnn import StackedCnn
from taskgroup.spec import ModelSpec, RunSpec, block_products

_RUNS_AT_ONCE = 8
_MAX_STACKED_PRODUCTS = 3e7  # multiply-adds of a run's step; above, one network at a time is faster


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
        *,
        kinds: Mapping[str, str] | None = None,
        reversal: Reversal | None = None,
    ) -> Network:
        """The networks of a cohort, stacked where that can be and there are several."""
        encoder = self.encoder(capacity)
        wired = not any(in_columns(member.sharing) for member in members)
        if len(members) > 1 and self._stacks and wired:
            return StackedCnn(
                members,
                encoder=encoder,
                n_outputs=n_outputs,
                reversal=reversal,
                dtype=dtype,
                device=device,
            )
        return ModuleNetwork(
            members,
            encoder=encoder,
            n_outputs=n_outputs,
            kinds=kinds,
            make_head=self._make_head,
            reversal=reversal,
            dtype=dtype,
            device=device,
        )

    def plain(self, run: RunSpec, n_outputs: Mapping[str, int]) -> RunNetwork:
        """The network of one run that shares by a forest, as it starts."""
        return RunNetwork(run, self.encoder(run.capacity), n_outputs, self._make_head)

    def pack(self, specs: Sequence[RunSpec], *, device: str, batch_size: int) -> list[list[RunSpec]]:
        """Divide runs into cohorts: those that train faster together, and the others one by one.

        Runs of one cohort have the same fidelity and capacity, and stand together by seed and settings.
        """
        if not self._gain_from_company(device, batch_size):
            return [[spec] for spec in specs]
        cohorts = []
        for _, group in groupby(sorted(specs, key=_place), key=lambda spec: (spec.fidelity, spec.capacity)):
            runs = list(group)
            n_cohorts = math.ceil(len(runs) / _RUNS_AT_ONCE)
            bounds = [round(i * len(runs) / n_cohorts) for i in range(n_cohorts + 1)]
            cohorts += [runs[a:b] for a, b in itertools.pairwise(bounds)]
        return cohorts

    @property
    def _stacks(self) -> bool:
        """Whether networks can be stacked: convolutions that ship, all trained, with linear heads."""
        model = self._model
        return model.encoder == "cnn" and not model.frozen and model.head is None

    def _gain_from_company(self, device: str, batch_size: int) -> bool:
        """Whether runs train faster together, as measured on processors (`benchmarks.encoders`).

        Convolutions do while a step is short; those of texts save what a cohort does once for all runs.
        Modules of the user's own may be of any size and stay alone, as does everything on other devices.
        """
        if device != "cpu" or self._model.is_own_code:
            return False
        products = sum(block_products(self._model, self._input_shape)) * batch_size
        return self._n_tokens > 0 or (self._stacks and products <= _MAX_STACKED_PRODUCTS)


def _place(spec: RunSpec) -> tuple[float, float, int, int, str, float, float, int]:
    settings = spec.sharing.kind, spec.learning_rate, spec.weight_decay, len(spec.subset)
    return spec.fidelity, spec.capacity, spec.seed, spec.sharing.depth, *settings
