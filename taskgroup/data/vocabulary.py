"""The tokens of texts, the vocabulary of some of them, and tf-idf weights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taskgroup.errors import InputError

PADDING, UNKNOWN = 0, 1
"""The numbers of what stands after a text's end, and of every token outside the vocabulary."""

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_BLOCK = 1024  # texts whose tokens are compared pairwise at once

Integers = npt.NDArray[np.int64]


def tokenise(text: str) -> list[str]:
    """Runs of letters and digits, in lower case; an apostrophe inside a word belongs to it.

    >>> tokenise("It's 2 o'clock -- ISN'T it?")
    ["it's", '2', "o'clock", "isn't", 'it']
    """
    return _TOKEN.findall(text.lower())


def number_tokens(texts: Sequence[Sequence[str]], *, max_tokens: int) -> tuple[Integers, tuple[str, ...]]:
    """Number all tokens from 1 in alphabetical order.

    Returns:
        The numbers of each text's first tokens ``[N, L]``, 0 after its end, with L the longest text's or
        ``max_tokens``; and the tokens.
    """
    cut = [text[:max_tokens] for text in texts]
    tokens = sorted({token for text in cut for token in text})
    number = {token: i for i, token in enumerate(tokens, 1)}
    numbers = np.full((len(cut), max(1, max(map(len, cut), default=1))), PADDING, dtype=np.int64)
    for row, text in zip(numbers, cut, strict=True):
        row[: len(text)] = [number[token] for token in text]
    return numbers, tuple(tokens)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tokens that networks of one seed know.

    Attributes:
        number_of: The number that networks see for each token of the data, 1 for those outside; ``[V + 1]``.
        rarity: The inverse document frequency by that number, ``[size + 2]``; 0 for padding and unknown.
    """

    number_of: Integers
    rarity: npt.NDArray[np.float64]

    def weights(self, numbers: Integers) -> npt.NDArray[np.float64]:
        """Tf-idf weights of the tokens ``[N, L]``, for a bag of words of length 1 a text.

        Each occurrence has its own weight, so that the sum over occurrences is the token's.
        """
        weights = self.rarity[numbers]
        for start in range(0, len(numbers), _BLOCK):
            part = numbers[start : start + _BLOCK]
            occurrences = (part[:, :, None] == part[:, None, :]).sum(axis=2)
            own = weights[start : start + _BLOCK]
            length = np.sqrt((occurrences * own**2).sum(axis=1, keepdims=True))
            own /= np.where(length > 0, length, 1.0)
        return weights


def seed_vocabulary(texts: Integers, *, n_found: int, min_count: int, max_size: int) -> Vocabulary:
    """The vocabulary of training texts.

    Args:
        texts: Token numbers, ``[n, L]``.
        n_found: Different tokens in all data.
        min_count: Texts that a token must stand in.
        max_size: Tokens at most, those of the most texts; of equals the alphabetically first.

    Raises:
        InputError: If no token stands in so many texts.
    """
    counts = text_counts(texts, n_found)
    kept = np.flatnonzero(counts >= min_count)
    if not len(kept):
        raise InputError(
            f"data.text.min_count is {min_count}, but no token stands in so many of the {len(texts):,} "
            "training texts; lower it, or check data.text.column"
        )
    kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")][:max_size])
    number_of = np.full(n_found + 1, UNKNOWN, dtype=np.int64)
    number_of[PADDING] = PADDING
    number_of[kept] = np.arange(len(kept)) + 2
    rarity = np.zeros(len(kept) + 2)
    rarity[2:] = np.log((1 + len(texts)) / (1 + counts[kept])) + 1  # smoothed, as scikit-learn does
    return Vocabulary(number_of, rarity)


def text_counts(texts: Integers, n_found: int) -> Integers:
    """How many texts ``[n, L]`` each token stands in, ``[V + 1]``; 0 for padding."""
    rows = np.repeat(np.arange(len(texts)), texts.shape[1])
    once = np.unique(rows * (n_found + 1) + texts.ravel())
    counts = np.bincount(once % (n_found + 1), minlength=n_found + 1)
    counts[PADDING] = 0
    return counts
