"""From a column of texts to token numbers."""

from __future__ import annotations

import numpy as np

from taskgroup.data.inputs import TextInputs
from taskgroup.data.table import Table, is_missing
from taskgroup.data.vocabulary import number_tokens, text_counts, tokenise
from taskgroup.errors import InputError
from taskgroup.spec import TextSpec


def build_texts(table: Table, spec: TextSpec) -> tuple[np.ndarray, tuple[str, ...], TextInputs]:
    """Tokenise a column.

    Returns:
        Token numbers ``[N, L]`` as float32, a name for each place, and how to read them.

    Raises:
        InputError: If the column is unknown, holds something other than text, or hardly a word.
    """
    values = table.column(spec.column, wanted_by="data.text.column")
    about = f"text column {spec.column!r}"
    if values.dtype.kind != "O":
        raise InputError(f"{about} of {table.place} holds {values.dtype.name} values; name a column of text")
    missing = is_missing(values)
    if missing.any():
        raise InputError(
            f"{about} is missing in {missing.sum():,} of {len(values):,} rows, first in row "
            f"{int(np.argmax(missing)) + 1}; fill it in or drop the rows"
        )
    other = next(((i, v) for i, v in enumerate(values, 1) if not isinstance(v, str)), None)
    if other is not None:
        raise InputError(f"{about} holds a {type(other[1]).__name__} in row {other[0]}; make it text")
    numbers, tokens = number_tokens([tokenise(text) for text in values], max_tokens=spec.max_tokens)
    n_frequent = int((text_counts(numbers, len(tokens)) >= spec.min_count).sum())
    if not n_frequent:
        raise InputError(
            f"{about} of {table.place} has no word that stands in {spec.min_count} texts "
            "(data.text.min_count); lower it, or name another column"
        )
    inputs = TextInputs(
        tokens=tokens,
        n_places=numbers.shape[1],
        min_count=spec.min_count,
        max_vocabulary=spec.max_vocabulary,
        n_tokens=min(n_frequent, spec.max_vocabulary) + 2,
    )
    names = tuple(f"{spec.column}[{i}]" for i in range(numbers.shape[1]))
    return numbers.astype(np.float32), names, inputs
