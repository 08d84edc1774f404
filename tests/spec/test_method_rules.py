"""Methods that do not suit the tasks of a study."""

from __future__ import annotations

import pytest
from planted import document

from taskgroup.errors import InputError
from taskgroup.models import SHARINGS
from taskgroup.spec import SHARING_KINDS, WEIGHTING_FACTS, Study, parse_study
from taskgroup.spec.forests import FOREST_KINDS


def with_adversary(**search: object) -> Study:
    described = document("memory", search=search)
    first, *others = described["tasks"]
    adversary = {"name": first["name"], "kind": first["kind"], "role": "auxiliary", "adversarial": True}
    return parse_study({**described, "tasks": [adversary, *others]})


def test_a_kind_is_a_forest_or_has_columns():
    """A kind that is neither could be written in a study and would then have no network."""
    assert {*FOREST_KINDS, *SHARINGS} == set(SHARING_KINDS)
    assert set(FOREST_KINDS).isdisjoint(SHARINGS)


@pytest.mark.parametrize("name", WEIGHTING_FACTS)
def test_gradients_are_not_weighted_beside_an_adversary(name):
    """The weighting would undo what the adversary does, without a word."""
    if WEIGHTING_FACTS[name].looks_at != "gradients":
        with_adversary(weighting=["equal", name])
        return
    with pytest.raises(InputError, match=rf"search\.weighting\[1\] is '{name}'.*use equal, static"):
        with_adversary(weighting=["equal", name])
