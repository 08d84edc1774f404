"""Training by a function of the user's: what it is asked, and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from planted import TASKS
from suites.executor_suite import ExecutorSuite, make_spec

from taskgroup.errors import InputError
from taskgroup.executors import FunctionExecutor, Request, TrainFunction
from taskgroup.spec import RunResult, RunSpec, Sharing, Task

SCORED = [Task(name=name, kind="regression", metric="score") for name in TASKS]


def one_score_a_task(request: Request) -> dict[str, float]:
    return {task: request.seed + len(request.subset) / 10 for task in request.subset}


def answer(function: TrainFunction, spec: RunSpec | None = None) -> RunResult:
    ((result,),) = FunctionExecutor(function, SCORED).train([[spec or make_spec("a", "b")]])
    return result


class TestFunctionExecutor(ExecutorSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> FunctionExecutor:
        return FunctionExecutor(one_score_a_task, SCORED)


def test_each_run_is_a_cohort():
    """Calls may take hours; each is recorded as soon as it is done."""
    specs = [make_spec("a"), make_spec("b")]
    assert FunctionExecutor(one_score_a_task, SCORED).pack(specs) == [[specs[0]], [specs[1]]]


def test_the_function_is_told_what_to_train():
    asked: list[Request] = []

    def train(request: Request) -> dict[str, float]:
        asked.append(request)
        return one_score_a_task(request)

    answer(train, make_spec("a", "c", seed=7))
    assert asked == [Request(("a", "c"), 7, 1.0, Sharing("hard", 1), "equal")]


def test_scores_come_back_as_returned():
    result = answer(lambda request: {"b": -3, "a": 2.5, "another": 9.0})
    assert [(s.task, s.split, s.metric, s.value) for s in result.scores] == [
        ("a", "validation", "score", 2.5),
        ("b", "validation", "score", -3.0),
    ]


def test_an_exception_fails_that_run_alone():
    def train(request: Request) -> dict[str, float]:
        if request.subset == ("a",):
            raise ValueError("out of luck")
        return one_score_a_task(request)

    executor = FunctionExecutor(train, SCORED)
    (bad,), (good,) = executor.train([[make_spec("a")], [make_spec("b")]])
    assert bad.reason == "train() raised ValueError: out of luck"
    assert not bad.ok
    assert good.ok


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (None, "score for each task"),
        (0.5, "score for each task"),
        ({"a": 1.0}, "score for each task"),
        ({"a": 1.0, "b": None}, "None for task 'b'"),
        ({"a": 1.0, "b": "good"}, "'good' for task 'b'"),
    ],
)
def test_answers_that_are_no_scores_end_the_search(returned: Mapping[str, Any], words: str):
    """A trainer with a bug would otherwise fail every run, one expensive run after the other."""
    with pytest.raises(InputError, match=words):
        answer(lambda request: returned)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e200])
def test_a_diverged_run_fails_alone(value):
    """One bad run of many dear ones must not end the search."""
    result = answer(lambda request: {"a": value, "b": 1.0})
    assert not result.ok
    assert "for task 'a'" in result.reason


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_user_can_stop_it(error):
    def train(request: Request) -> dict[str, float]:
        raise error

    with pytest.raises(error):
        answer(train)
