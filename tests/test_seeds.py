"""Derived seeds: with others, no recorded run could be repeated."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from taskgroup.seeds import derive_seed

parts = st.lists(st.text() | st.integers() | st.floats(allow_nan=False), max_size=4)


def test_the_seed_is_the_same_everywhere_and_for_ever():
    digest = hashlib.blake2b(b'[0, "order", 1]', digest_size=8).digest()
    assert derive_seed(0, "order", 1) == int.from_bytes(digest, "big") // 2


@given(parts, parts)
def test_seeds_differ_where_their_purposes_do(one, other):
    assert 0 <= derive_seed(*one) < 2**63
    assert (derive_seed(*one) == derive_seed(*other)) == (repr(one) == repr(other))
