"""The sampling of a study: a word misread would train other networks than were asked for."""

from __future__ import annotations

from typing import Any

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import (
    MainTaskSampling,
    Study,
    TemperatureSampling,
    ValidationSampling,
    parse_study,
    sampling_from_text,
    sampling_text,
)


def study(
    *,
    own: bool = True,
    split: dict[str, Any] | None = None,
    tasks: tuple[str, ...] = ("a",),
    text: bool = False,
    **training: Any,
) -> Study:
    data = {
        "source": "t.csv",
        **({"task_column": "task"} if own else {}),
        **({"split": split} if split else {}),
        **({"text": {"column": "words"}} if text else {}),
    }
    return parse_study(
        {
            "name": "s",
            "data": data,
            "tasks": [{"name": name, "kind": "binary"} for name in tasks],
            "training": training,
            **({"model": {"encoder": "bag"}} if text else {}),
        }
    )


def test_settings_that_came_later_leave_keys_as_they_were():
    """Runs recorded before are to be found again."""
    assert study(own=False).context("rows") == "4d7ad7a306de00a12dac5f5bdbf7b720"


def test_settings_decide_the_key():
    plain = study().context("rows")
    assert study(sampling="proportional").context("rows") == plain
    others = [
        study(sampling="uniform"),
        study(sampling={"temperature": 5}),
        study(sampling={"temperature": 5, "annealed": True}),
        study(split={"by": "time", "column": "day"}),
        study(split={"by": "group", "column": "day"}),
        study(sampling="validation"),
        study(sampling={"by": "validation", "strength": 2}),
        study(sampling={"main": "a"}),
        study(sampling={"main": "a", "schedule": "sigmoid"}),
    ]
    assert len({plain, *(other.context("rows") for other in others)}) == 10


def test_one_setting_has_one_key():
    """Written out or not, the same runs are asked for."""
    assert study(sampling={"by": "validation"}).context("rows") == study(sampling="validation").context(
        "rows"
    )
    assert study(sampling={"by": "validation"}).training.sampling == "validation"


@pytest.mark.parametrize(
    "sampling",
    [
        "uniform",
        "validation",
        TemperatureSampling(temperature=5, annealed=True),
        ValidationSampling(by="validation", references={"a": 0.25}),
        ValidationSampling(by="validation", references="single_task"),
        MainTaskSampling(main="a", schedule="constant", share=0.5, similarity={"b": 0.0}),
    ],
)
def test_settings_read_back_from_documents_and_lines(sampling):
    """A resumed search must find the sampling that it recorded."""
    given = study(sampling=sampling, tasks=("a", "b"))
    assert given.training.sampling == sampling
    assert parse_study(given.document()).training.sampling == sampling
    assert sampling_from_text(sampling_text(sampling)) == sampling


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unifrm", "sampling 'unifrm': did you mean 'uniform'"),
        ("{temperature: 0}", "temperature: Input should be greater than or equal to 1"),
        ("{temperature: 5", "is no YAML"),
    ],
)
def test_mistakes_in_a_line_name_it(text, message):
    with pytest.raises(InputError, match=message):
        sampling_from_text(text)


def test_temperature_is_read():
    sampling = study(sampling={"temperature": 5}).training.sampling
    assert sampling == TemperatureSampling(temperature=5.0)
    document = study(sampling={"temperature": 5}).document()
    assert parse_study(document).training.sampling == sampling


@pytest.mark.parametrize(
    ("sampling", "message"),
    [
        ("unifrm", "'training.sampling' is 'unifrm': did you mean 'uniform'"),
        ({"temperatur": 3}, "unknown key 'temperatur'; did you mean 'temperature'"),
        ({"temperature": 0.5}, "temperature: Input should be greater than or equal to 1"),
        (3, "known: proportional, uniform, round_robin"),
        ({"mian": "a"}, "unknown key 'mian'; did you mean 'main'"),
        ({"by": "validatoin"}, "by: Input should be 'validation'"),
        ({"by": "validation", "strenght": 2}, "unknown key 'strenght'; did you mean 'strength'"),
        ({"by": "validation", "references": {"a": 0}}, "references.a: Input should be greater than 0"),
        (
            {"by": "validation", "references": "alone"},
            "references: Input should be 'own_best' or 'single_task'",
        ),
        ({"by": "validation", "references": {"bb": 1}}, "references names 'bb', which is no task"),
        ({"main": "c"}, "training.sampling.main is 'c', which is no task; Known: a, b"),
        ({"main": "a", "schedule": "linear"}, "schedule: Input should be 'exponential', 'sigmoid' or"),
        ({"main": "a", "schedule": "constant", "rate": 2}, "'constant' does not fall; drop rate"),
        ({"main": "a", "similarity": {"b": 2}}, "similarity.b: Input should be less than or equal to 1"),
        ({"main": "a", "similarity": {"a": 1}}, "names 'a', the main task itself"),
        ({"main": "a", "similarity": {"B": 1}}, "names 'B', which is no task; did you mean 'b'"),
    ],
)
def test_mistakes_are_one_message(sampling, message):
    with pytest.raises(InputError, match=message):
        study(sampling=sampling, tasks=("a", "b"))


def test_texts_do_not_tell_how_alike_tasks_are():
    """Else the search would stop at its first run."""
    with pytest.raises(InputError, match=r"data.text gives none; say similarity: \{b: NUMBER"):
        study(sampling={"main": "a"}, tasks=("a", "b"), text=True)
    assert study(sampling={"main": "a", "similarity": {"b": 0.5}}, tasks=("a", "b"), text=True)


def test_shared_rows_have_nothing_to_sample_by_task():
    with pytest.raises(InputError, match="here all tasks share their rows"):
        study(own=False, sampling="uniform")


def test_split_columns():
    for split, message in (
        ({"by": "group"}, "by 'group' needs a column"),
        ({"column": "day"}, "by 'random' takes no column"),
        ({"by": "grup", "column": "day"}, "did you mean 'group'"),
    ):
        with pytest.raises(InputError, match=message):
            study(split=split)


def test_a_study_that_searches_over_samplings_reads_back_equal():
    """A search opens its study from the record, where samplings stand as texts."""
    given = [
        "round_robin",
        {"temperature": 5},
        {"by": "validation", "strength": 2},
        {"main": "a", "similarity": {"b": 0.5}},
    ]
    tasks = [{"name": name, "kind": "binary"} for name in ("a", "b")]
    first = parse_study(
        {
            "name": "s",
            "data": {"source": "t.csv", "task_column": "task"},
            "tasks": tasks,
            "search": {"sampling": given},
        }
    )
    assert parse_study(first.document()) == first


def test_a_text_that_is_no_sampling_is_refused_by_name():
    with pytest.raises(InputError, match=r"(?s)search\.sampling.*temperature"):
        parse_study(
            {
                "name": "s",
                "data": {"source": "t.csv", "task_column": "task"},
                "tasks": [{"name": "a", "kind": "binary"}],
                "search": {"sampling": ["{temperature: 5"]},
            }
        )


def test_a_wrong_task_is_placed_where_it_stands():
    """Who reads of training.sampling does not look into the search section."""
    with pytest.raises(InputError, match=r"search\.sampling\.main is 'aa', which is no task"):
        parse_study(
            {
                "name": "s",
                "data": {"source": "t.csv", "task_column": "task"},
                "tasks": [{"name": "a", "kind": "binary"}],
                "search": {"sampling": ["proportional", {"main": "aa"}]},
            }
        )
