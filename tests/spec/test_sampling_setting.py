"""The sampling of a study: a word misread would train other networks than were asked for."""

from __future__ import annotations

from typing import Any

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import Study, TemperatureSampling, parse_study


def study(*, own: bool = True, split: dict[str, Any] | None = None, **training: Any) -> Study:
    data = {
        "source": "t.csv",
        **({"task_column": "task"} if own else {}),
        **({"split": split} if split else {}),
    }
    return parse_study(
        {"name": "s", "data": data, "tasks": [{"name": "a", "kind": "binary"}], "training": training}
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
    ]
    assert len({plain, *(other.context("rows") for other in others)}) == 6


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
    ],
)
def test_mistakes_are_one_message(sampling, message):
    with pytest.raises(InputError, match=message):
        study(sampling=sampling)


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
