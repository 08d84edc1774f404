"""The `distillation` and `keep_weights` keys of a study: what may be written, and what runs are called by."""

from __future__ import annotations

import pytest
from planted import document

from taskgroup.errors import InputError
from taskgroup.spec import DISTILLATION_FACTS, Distillation, RunSpec, Sharing, Study, parse_study, settled


def searched(**search: object) -> Study:
    return parse_study(document("memory", search=search))


def test_nobody_teaches_by_default():
    """Studies of earlier versions must mean what they meant."""
    assert searched().search.distillation == [""]
    assert searched(distillation="none") == searched()
    assert not searched().search.distils
    assert searched().search.keep_weights == "none"


def test_entries_become_the_texts_of_runs():
    """The same student under two names would be trained twice."""
    study = searched(distillation=["none", "annealed", {"fixed": {"weight": [0.25, 0.5]}}, {"fixed": None}])
    assert study.search.distillation == ["", "annealed", 'fixed {"weight": 0.25}', "fixed"]
    assert study.search.distils
    again = searched(distillation=study.document()["search"]["distillation"])
    assert again == study


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ({"distillation": "aneal"}, "distillation 'aneal'; did you mean 'annealed'"),
        ({"distillation": {"fixed": {"wait": 1}}}, "unknown setting 'wait' of distillation 'fixed'"),
        ({"distillation": {"fixed": {"weight": 2}}}, "'weight' of distillation 'fixed' is 2; use a number"),
        ({"distillation": {"annealed": {"teacher_learning_rate": 0}}}, "or 'tuned'"),
        ({"distillation": []}, "distillation"),
        ({"distillation": False}, "give a distillation's name"),
        ({"distillation": [{}]}, "give a distillation's name"),
        ({"keep_weights": "some"}, "keep_weights"),
    ],
)
def test_mistakes_are_named(search, said):
    """A misspelt key must not be a search without teachers."""
    with pytest.raises(InputError) as caught:
        searched(**search)
    assert said in str(caught.value)


@pytest.mark.parametrize("search", [{"distillation": "annealed"}, {"keep_weights": "all"}])
def test_a_trainer_of_the_users_has_no_teachers_here(search):
    """Its networks are not seen, so that the key would be ignored."""
    outside = {k: v for k, v in document("memory").items() if k in ("name", "tasks", "grouping")}
    with pytest.raises(InputError, match=f"search.{next(iter(search))} needs networks trained here"):
        parse_study({**outside, "trainer": {"command": "true {subset} {out}"}, "search": search})


def test_unlabelled_rows_need_shared_rows():
    """Where each task has its own rows, all of them have labels."""
    study = document("memory", search={"distillation": {"annealed": {"unlabelled": True}}})
    study["data"]["task_column"] = "task"
    with pytest.raises(InputError, match="unlabelled: true, but here each task has rows of its own"):
        parse_study(study)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("annealed", [0.0, 0.5, 1.0]),
        ('annealed {"end": 0.4, "start": 0.8}', [0.8, 0.6, 0.4]),
        ("fixed", [0.5] * 3),
    ],
)
def test_what_a_label_counts_for(text, shares):
    """From teachers to labels, ends included."""
    teaching = Distillation.of(text)
    assert [teaching.label_share(p) for p in (0.0, 0.5, 1.0)] == pytest.approx(shares)


def test_teachers_settings_are_filled_in_once():
    """A run is only determined when its teachers are; what a user fixed stays."""
    assert settled("", learning_rate=0.1, weight_decay=0.2) == ""
    text = settled('annealed {"teacher_learning_rate": 0.5}', learning_rate=0.1, weight_decay=0.2)
    teaching = Distillation.of(text)
    assert (teaching.learning_rate, teaching.weight_decay) == (0.5, 0.2)
    assert settled(text, learning_rate=0.9, weight_decay=0.9) == text
    assert teaching.is_settled
    assert not Distillation.of("fixed").is_settled


def test_keys_of_untaught_runs_stay():
    """Stored runs would be trained again."""
    run = RunSpec(("a",), Sharing("hard", 1), "equal", 0.01, 0.01, 0)
    keys = {RunSpec(**{**run.__dict__, "distillation": text}).key("c") for text in ("", *DISTILLATION_FACTS)}
    assert len(keys) == 1 + len(DISTILLATION_FACTS)
    assert run.key("c") in keys
