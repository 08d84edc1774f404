"""An auxiliary task must earn its place: where its gain is within noise, the network goes without it."""

from __future__ import annotations

import pytest

from taskgroup.search.arm import Arm
from taskgroup.search.lean import Leanness

VALUES = {
    Arm(("a",)): {"a": 0.0},
    Arm(("b",)): {"b": 0.0},
    Arm(("a", "b")): {"a": 0.10, "b": 0.10},
    Arm(("a", "hint")): {"a": 0.30},
    Arm(("a", "hint", "junk")): {"a": 0.31},
    Arm(("a", "junk")): {"a": 0.02},
    Arm(("a", "b", "hint")): {"a": 0.30, "b": 0.09},
    Arm(("a", "b", "hint"), way=1): {"a": 0.35, "b": 0.12},
    Arm(("a", "b"), way=1): {"a": 0.34, "b": 0.12},
}


def leanness(**settings) -> Leanness:
    noise = {"noise": dict.fromkeys("ab", 0.001), "errors": dict.fromkeys("ab", 0.05)}
    return Leanness(VALUES, ("hint", "junk"), {"a": 1.0, "b": 1.0}, **{**noise, **settings})


@pytest.mark.parametrize(
    ("arm", "serves", "expected"),
    [
        (Arm(("a", "hint", "junk")), ("a",), Arm(("a", "hint"))),
        (Arm(("a", "hint")), ("a",), Arm(("a", "hint"))),
        (Arm(("a", "junk")), ("a",), Arm(("a",))),
        (Arm(("a", "b", "hint")), ("a", "b"), Arm(("a", "b", "hint"))),
        (Arm(("a", "b", "hint")), ("b",), Arm(("a", "b"))),
        (Arm(("a", "b", "hint"), way=1), ("a", "b"), Arm(("a", "b"), way=1)),
        (Arm(("a", "b")), ("a", "b"), Arm(("a", "b"))),
    ],
)
def test_only_auxiliaries_beyond_noise_stay(arm, serves, expected):
    """Useless company would be trained for ever after."""
    assert leanness().leaner(arm, serves) == expected


def test_without_noise_every_gain_counts_and_ties_go_to_the_leaner():
    """Where nothing was repeated, values are all there is to go by."""
    exact = leanness(noise={}, errors={})
    assert exact.leaner(Arm(("a", "hint", "junk")), ("a",)) == Arm(("a", "hint", "junk"))
    tied = Leanness({**VALUES, Arm(("a", "junk")): {"a": 0.0}}, ("junk",), {})
    assert tied.leaner(Arm(("a", "junk")), ("a",)) == Arm(("a",))


def test_rules_hold_for_the_leaner_network():
    """A leaner network that breaks the study's rules is no answer."""
    pairs_only = leanness(allow=lambda subset: len(subset) > 1)
    assert pairs_only.leaner(Arm(("a", "junk")), ("a",)) == Arm(("a", "junk"))
