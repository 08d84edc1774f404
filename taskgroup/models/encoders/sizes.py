"""What the blocks of an encoder are sized by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sizes:
    """The inputs, widths and options of an encoder.

    Attributes:
        input_shape: Of one input: (features,), (channels, height, width) or (2, tokens).
        widths: Of its blocks.
        n_tokens: Different tokens, padding and the unknown one among them; 0 where inputs are no texts.
        options: Its further settings, with their defaults.
    """

    input_shape: tuple[int, ...]
    widths: tuple[int, ...]
    n_tokens: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def is_last(self, level: int) -> bool:
        """Whether a block is the encoder's last."""
        return level == len(self.widths) - 1
