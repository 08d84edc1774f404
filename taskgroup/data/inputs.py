"""Rows that are images or texts: their shape, and the numbers that networks read of them at one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from taskgroup.data.standardise import Numbers, standardisation
from taskgroup.data.vocabulary import Vocabulary, seed_vocabulary

Float32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@final
@dataclass(frozen=True)
class ImageInputs:
    """Images of one size.

    Attributes:
        shape: Channels, height, width.
    """

    shape: tuple[int, int, int]

    @property
    def n_tokens(self) -> int:
        """Images have no tokens."""
        return 0

    @property
    def in_words(self) -> str:
        """What a row is, for people."""
        channels, height, width = self.shape
        return f"images of {height} × {width} with {channels} channel{'s' if channels > 1 else ''}"

    def numbers(self, features: Float32, train: Rows) -> Numbers:
        """Standardise each channel over all places of the training images."""
        channels = features.reshape(len(features), self.shape[0], -1)
        by_channel = channels[train].transpose(0, 2, 1).reshape(-1, self.shape[0])
        offset, scale = (np.repeat(values, channels.shape[2]) for values in standardisation(by_channel))
        # In place: a second copy of all images in double precision would be most of the memory in use.
        standardised = features - offset.astype(np.float32)
        standardised /= scale.astype(np.float32)
        return Numbers(standardised, offset, scale)

    def document(self) -> dict[str, Any]:
        """What a fingerprint must tell apart, beyond the pixels."""
        return {"image": list(self.shape)}


@final
@dataclass(frozen=True, eq=False)
class TextInputs:
    """Texts as numbers of their tokens among all tokens of the data; 0 after the end.

    Attributes:
        tokens: All different tokens, in the order of their numbers from 1.
        n_places: Tokens read of each text.
        min_count: Training texts that a token of the vocabulary stands in, at least.
        max_vocabulary: Its size at most.
        n_tokens: Token numbers that networks see: the most that any seed's vocabulary can have, with padding
            and the unknown token.
    """

    tokens: tuple[str, ...]
    n_places: int
    min_count: int
    max_vocabulary: int
    n_tokens: int

    @property
    def in_words(self) -> str:
        """What a row is, for people."""
        return f"texts of up to {self.n_places} tokens, {self.n_tokens:,} different ones"

    @property
    def shape(self) -> tuple[int, int]:
        """Token numbers above their tf-idf weights."""
        return 2, self.n_places

    def numbers(self, features: Float32, train: Rows) -> Numbers:
        """Number the tokens by the vocabulary of the training texts, and weight them.

        Raises:
            InputError: If no token is frequent enough.
        """
        found = features.astype(np.int64)
        vocabulary = self.vocabulary(found[train])
        numbers = vocabulary.number_of[found]
        weights = vocabulary.weights(numbers)
        both = np.concatenate([numbers, weights], axis=1).astype(np.float32)
        n_columns = both.shape[1]
        return Numbers(both, np.zeros(n_columns), np.ones(n_columns))

    def vocabulary(self, texts: npt.NDArray[np.int64]) -> Vocabulary:
        """The vocabulary of some texts ``[n, L]``."""
        return seed_vocabulary(
            texts, n_found=len(self.tokens), min_count=self.min_count, max_size=self.max_vocabulary
        )

    def document(self) -> dict[str, Any]:
        """What a fingerprint must tell apart, beyond the numbers."""
        return {"text": list(self.tokens)}


Inputs = ImageInputs | TextInputs
