"""Methods with settings: kinds of sharing and weightings as a study file names them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import document

from taskgroup.errors import InputError
from taskgroup.spec import Method, Sharing, Study, parse_study

settings = st.dictionaries(
    st.text(max_size=5), st.floats(allow_nan=False) | st.integers() | st.text(), max_size=3
)


@given(st.from_regex(r"[a-z_]+", fullmatch=True), settings)
def test_a_method_is_read_back_from_its_text(name, given_settings):
    """Runs in the record would be taken for others."""
    method = Method(name, given_settings)
    assert Method.parse(method.text) == method


def searched(**search: object) -> Study:
    return parse_study(document("memory", model={"widths": [8, 8]}, search=search))


def test_values_to_try_are_spread_out_and_defaults_left_out():
    """The same network under two names would be trained twice."""
    study = searched(sharing={"kind": ["hard", {"mmoe": {"experts": [2, 4]}}], "depth": [1, 2]})
    assert study.search.sharing.kind == ["hard", 'mmoe {"experts": 2}', "mmoe"]
    assert Sharing('mmoe {"experts": 2}', 1) in study.sharings
    assert len(study.sharings) == 6


def test_a_written_study_is_read_again():
    """An exported study could not be searched."""
    study = searched(
        sharing={"kind": [{"soft": {"strength": 1}}]}, weighting=["equal", {"dwa": {"temperature": 1}}]
    )
    assert study.search.weighting == ["equal", 'dwa {"temperature": 1.0}']
    again = searched(
        sharing=study.document()["search"]["sharing"], weighting=study.document()["search"]["weighting"]
    )
    assert again == study


def test_a_kind_without_depth_stands_once():
    """Its settings say what is shared where; at two depths the same runs would be repeated."""
    first, second, *_ = searched().task_names
    kind = {"tree": {"branches": {"1": [[first], [second]]}}}
    study = searched(sharing={"kind": [kind], "depth": [1, 2]})
    assert [sharing.depth for sharing in study.sharings] == [2]


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"sharing": {"kind": ["mmo"]}}, "search.sharing.kind[0] is 'mmo'; did you mean 'mmoe'"),
        (
            {"sharing": {"kind": [{"mmoe": {"expert": 2}}]}},
            "unknown setting 'expert' of kind of sharing 'mmoe'",
        ),
        ({"sharing": {"kind": [{"mmoe": {"experts": 0}}]}}, "use a whole number from 1 to 64"),
        ({"sharing": {"kind": [{"soft": {"strength": []}}]}}, "lists no value"),
        ({"sharing": {"kind": [{"cgc": {"own": [1, 0], "shared": 0}}]}}, "'shared' and 'own' are both 0"),
        ({"weighting": [{"dwa": {"temperature": 0}}]}, "use a number above 0"),
        ({"weighting": [{"static": {"weights": {"nobody": 2}}}]}, "names 'nobody', which is no task"),
        ({"weighting": [{"equal": None, "dwa": None}]}, "one name with its settings"),
        ({"weighting": [{"static": {"weights": {"x": 1, True: 2}}}]}, "give a positive number a task"),
        ({"weighting": [{"static": {"weights": {"x": math.inf}}}]}, "give a positive number a task"),
        ({"weighting": ['dwa {"temperature": 1']}, "is no name; give settings as in {dwa: {...}}"),
        ({"sharing": {"kind": [{"soft": {"strength": math.inf}}]}}, "is inf; use a finite number"),
        ({"sharing": {"kind": [{"soft": {"strength": 10**400}}]}}, "use a finite number"),
        ({"sharing": {"kind": [{"soft": {"strength": math.nan}}]}}, "is nan; use a number from 0"),
        ({"sharing": {"kind": [{"low_supervision": {"attach": {1: 1, "x": 1}}}]}}, "below each task's head"),
        ({"sharing": {"kind": ["mmoe {"]}}, "'mmoe {' is no name"),
    ],
)
def test_a_wrong_method_is_refused(search, said):
    """A typing error would be searched, or end in a traceback after an hour."""
    with pytest.raises(InputError) as error:
        searched(**search)
    assert said in str(error.value)


def test_many_weights_take_few_words():
    """Forty weights in a line of the recommendation would hide what is recommended."""
    weights = {f"t{i}": 1.0 for i in range(40)}
    assert Method("static", {"weights": weights}).in_few_words == "static (40 weights of 1)"
    assert (
        Method("static", {"weights": {**weights, "t3": 2.5}}).in_few_words == "static (40 weights, 1 to 2.5)"
    )
    few = Method("static", {"weights": {"a": 1.0, "b": 2.0}})
    assert few.in_few_words == few.in_words == "static (weights a: 1, b: 2)"
    assert Method("mmoe", {"experts": 2}).in_few_words == "mmoe (experts 2)"
