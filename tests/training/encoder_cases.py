"""Every encoder of the catalog with inputs that it can read, for tests of what all of them must do."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from cases import N_OUTPUTS, TASKS, seed_rows

from taskgroup.models import Modules
from taskgroup.spec import ModelSpec
from taskgroup.training import Part, SeedData, Shapes

N_TOKENS = 9


@dataclass(frozen=True)
class EncoderCase:
    """A small encoder and the shape of its inputs."""

    model: ModelSpec
    input_shape: tuple[int, ...]
    n_tokens: int = 0

    def modules(self) -> Modules:
        return Modules(
            self.model, self.input_shape, n_outputs=list(N_OUTPUTS.values()), n_tokens=self.n_tokens
        )

    def shapes(self, *, batch_size: int = 8, dtype: torch.dtype = torch.float64) -> Shapes:
        """What runs have in common; all go through modules, the MLP too."""
        n_inputs = math.prod(self.input_shape)
        return Shapes(
            TASKS, N_OUTPUTS, n_inputs, tuple(self.model.widths), batch_size, dtype, modules=self.modules()
        )

    def rows(self, seed: int, *, missing: float = 0.0) -> SeedData:
        """The labels of `seed_rows` with inputs of this shape."""
        data, rng = seed_rows(seed, missing=missing), np.random.default_rng(seed + 77)
        scored = {split: self._with_inputs(part, rng) for split, part in data.scored.items()}
        return replace(data, train=self._with_inputs(data.train, rng), scored=scored)

    def _with_inputs(self, part: Part, rng: np.random.Generator) -> Part:
        n = part.n_rows
        if not self.n_tokens:
            return replace(part, x=torch.tensor(rng.normal(size=(math.prod(self.input_shape), n))))
        lengths = rng.integers(0, self.input_shape[1] + 1, n)
        tokens = rng.integers(1, self.n_tokens, (self.input_shape[1], n))
        tokens[np.arange(self.input_shape[1])[:, None] >= lengths] = 0
        weights = rng.random(tokens.shape) * (tokens > 0)
        return replace(part, x=torch.tensor(np.concatenate([tokens, weights]).astype(float)))


CASES = {
    "mlp": EncoderCase(ModelSpec(widths=[6, 4]), (5,)),
    "cnn": EncoderCase(ModelSpec(encoder="cnn", widths=[4, 6]), (2, 5, 4)),
    "bag": EncoderCase(ModelSpec(encoder="bag", widths=[6, 4]), (2, 7), N_TOKENS),
    "embedding_bag": EncoderCase(ModelSpec(encoder="embedding_bag", widths=[6, 4]), (2, 7), N_TOKENS),
    "lstm": EncoderCase(ModelSpec(encoder="lstm", widths=[3, 4]), (2, 7), N_TOKENS),
}
