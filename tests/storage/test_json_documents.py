"""Documents are JSON that every reader takes."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskgroup.storage.documents import to_json

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=40)
@given(documents)
def test_plain_documents_come_back(document: object) -> None:
    assert json.loads(to_json(document)) == document


def test_numbers_that_json_cannot_say_become_null() -> None:
    """A bare NaN in a document would make it unreadable for PostgreSQL and for browsers."""
    document = {"low": -math.inf, "q": [math.nan, np.float32("nan")], "gain": np.array([0.5, np.nan])}
    assert to_json(document) == '{"low": null, "q": [null, null], "gain": [0.5, null]}'


def test_numpy_scalars_become_plain_numbers() -> None:
    assert to_json([np.int64(3), np.bool_(True), np.float64(0.5)]) == "[3, true, 0.5]"


def test_anything_else_is_refused_by_type() -> None:
    with pytest.raises(TypeError, match="of type object cannot be written as JSON"):
        to_json({"x": object()})
