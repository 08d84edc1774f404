"""The `grouping` section of a study file: rules are read, and wrong ones refused by their place."""

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import parse_study

STUDY = {
    "name": "s",
    "data": {"source": "sklearn:digits"},
    "tasks": [{"name": name, "kind": "binary"} for name in ("odd", "prime", "loop")],
}


def parse(**grouping):
    return parse_study({**STUDY, "grouping": grouping}).grouping


def test_rules_are_read():
    read = parse(
        must_link=[["odd", "prime"]],
        cannot_link=[["odd", "loop"]],
        min_size=1,
        max_size=2,
        overlap=False,
        risk=1,
    )
    assert (read.must_link, read.cannot_link) == ([["odd", "prime"]], [["odd", "loop"]])
    assert (read.min_size, read.max_size, read.overlap, read.risk) == (1, 2, False, 1.0)


@pytest.mark.parametrize(
    ("grouping", "words"),
    [
        ({"must_link": [["odd", "pirme"]]}, ["grouping.must_link[0]", "'pirme'", "did you mean 'prime'"]),
        ({"cannot_link": [["odd", "loop"], ["odd", "x"]]}, ["grouping.cannot_link[1]", "'x'"]),
        ({"must_link": [["odd"]]}, ["grouping.must_link[0]", "at least 2"]),
        ({"must_link": ["odd", "prime"]}, ["grouping.must_link[0]", "give a list"]),
        ({"min_size": 3, "max_size": 2}, ["min_size 3 exceeds max_size 2"]),
        ({"min_size": 0}, ["grouping.min_size"]),
        ({"risk": -1}, ["grouping.risk"]),
        ({"overlaps": False}, ["grouping.overlaps", "did you mean 'overlap'"]),
    ],
)
def test_wrong_rules_are_refused_by_their_place(grouping, words):
    with pytest.raises(InputError) as error:
        parse(**grouping)
    for word in words:
        assert word in str(error.value)
