"""Initial weights, drawn from the run's seed and the place in the network alone.

A block's weights depend on the seed and its level, never on the subset, so that all runs of one seed start
from the same shared encoder, and a private block starts as a copy of the shared one. A head's depend on the
seed and its task. At sharing depth 0 a joint network is therefore exactly its tasks' single networks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskgroup.seeds import derive_seed

Linear = tuple[NDArray[np.float64], NDArray[np.float64]]


def initial_block(seed: int, level: int, n_inputs: int, n_outputs: int) -> Linear:
    """Weight [O, I] and bias [O] of the encoder block at `level`."""
    return _uniform(derive_seed(seed, "block", level), n_inputs, n_outputs)


def initial_head(seed: int, task: str, n_inputs: int, n_outputs: int) -> Linear:
    """Weight [O, I] and bias [O] of a task's head."""
    return _uniform(derive_seed(seed, "head", task), n_inputs, n_outputs)


def _uniform(seed: int, n_inputs: int, n_outputs: int) -> Linear:
    """Uniform in ±1/√inputs, the usual start of a linear layer (LeCun 1998, sec. 4.6, as in torch)."""
    rng, bound = np.random.default_rng(seed), n_inputs**-0.5
    return rng.uniform(-bound, bound, (n_outputs, n_inputs)), rng.uniform(-bound, bound, n_outputs)
