"""The encoders that ship: what each reads, its options, and what its blocks cost.

Only facts stand here, so that a study is checked without torch; `taskgroup.models` builds the networks.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from taskgroup.errors import nearest
from taskgroup.spec.inputs import InputKind

OWN_CODE = "python:"
"""How a class of the user's is named: `python:module:Class`."""

Costs = Callable[[Sequence[int], Sequence[int]], list[float]]


@dataclass(frozen=True)
class EncoderFacts:
    """What is known of an encoder before it is built.

    Attributes:
        reads: The inputs that it takes.
        block_products: Multiply-adds of one row in each block, from the input's shape and the widths.
        options: The values that each option may have; the first is the default.
    """

    reads: tuple[InputKind, ...]
    block_products: Costs
    options: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def check_options(self, encoder: str, given: Mapping[str, object]) -> None:
        """Refuse options that the encoder does not have, and values that they do not take.

        Raises:
            ValueError: If there is one.
        """
        for name, value in given.items():
            if name not in self.options:
                known = nearest(name, self.options) if self.options else "it has none"
                raise ValueError(f"unknown option {name!r} of encoder {encoder!r}; {known}")
            # 1 == True, but only one of them is meant
            if not any(value == known and type(value) is type(known) for known in self.options[name]):
                values = ", ".join(map(str, self.options[name]))
                raise ValueError(f"option {name!r} of encoder {encoder!r} is {value!r}; use one of {values}")

    def filled(self, given: Mapping[str, object]) -> dict[str, object]:
        """The options with their defaults."""
        return {name: values[0] for name, values in self.options.items()} | dict(given)


def _linear(shape: Sequence[int], widths: Sequence[int]) -> list[float]:
    n_inputs = 1
    for size in shape:
        n_inputs *= size
    return [float(a * b) for a, b in itertools.pairwise([n_inputs, *widths])]


def _convolutions(shape: Sequence[int], widths: Sequence[int]) -> list[float]:
    """3 × 3 products at every place; each block but the last halves both sides."""
    channels, height, width = shape
    costs = []
    for a, b in itertools.pairwise([channels, *widths]):
        costs.append(9.0 * a * b * height * width)
        height, width = max(1, height // 2), max(1, width // 2)
    return costs


def _mean_of_embeddings(shape: Sequence[int], widths: Sequence[int]) -> list[float]:
    """A vector for each token, then linear layers."""
    return [float(shape[1] * widths[0]), *_linear([widths[0]], widths[1:])]


def _recurrences(shape: Sequence[int], widths: Sequence[int]) -> list[float]:
    """A vector for each token, then at each the four gates of every layer."""
    n_tokens = shape[1]
    gates = [4.0 * n_tokens * b * (a + b) for a, b in itertools.pairwise(widths)]
    return [float(n_tokens * widths[0]), *gates]


ENCODERS: dict[str, EncoderFacts] = {
    "mlp": EncoderFacts(("table", "image"), _linear),
    "cnn": EncoderFacts(("image",), _convolutions),
    "bag": EncoderFacts(("text",), _mean_of_embeddings, {"weights": ("tf-idf", "counts")}),
    "embedding_bag": EncoderFacts(("text",), _mean_of_embeddings, {"pool": ("mean", "max")}),
    "lstm": EncoderFacts(("text",), _recurrences, {"pool": ("mean", "max", "last")}),
}
