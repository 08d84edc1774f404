"""What every executor must do, wherever it trains.

Subclass `ExecutorSuite` with an `executor` fixture that trains the four tasks of `planted`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from planted import TASKS

from taskgroup.executors import Executor
from taskgroup.spec import RunSpec, Sharing


def make_spec(*subset: str, seed: int = 0) -> RunSpec:
    return RunSpec(subset, Sharing("hard", 1), "equal", learning_rate=0.01, weight_decay=0.01, seed=seed)


def make_specs() -> list[RunSpec]:
    subsets = [*((task,) for task in TASKS), TASKS, ("a", "b"), ("b", "c")]
    return [make_spec(*subset, seed=seed) for seed in (0, 1) for subset in subsets]


class ExecutorSuite:
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> Iterator[Executor]:
        raise NotImplementedError("give an executor of the planted study")

    def test_every_run_is_packed_once_and_the_same_way_every_time(self, executor: Executor) -> None:
        """A resumed search must find the cohorts that it was interrupted in."""
        specs = make_specs()
        cohorts = executor.pack(specs)
        assert Counter(spec for cohort in cohorts for spec in cohort) == Counter(specs)
        assert executor.pack(specs) == cohorts

    def test_nothing_to_train_is_no_error(self, executor: Executor) -> None:
        assert executor.pack([]) == []
        assert list(executor.train([])) == []

    def test_every_cohort_comes_back_whole_and_in_its_order(self, executor: Executor) -> None:
        """Cohorts are recorded as they come back; half a one would unpair seeds."""
        cohorts = split_in(4, make_specs())
        returned = [tuple(result.spec for result in results) for results in executor.train(cohorts)]
        assert Counter(returned) == Counter(map(tuple, cohorts))

    def test_finished_runs_have_a_score_for_each_of_their_tasks(self, executor: Executor) -> None:
        for results in executor.train(executor.pack(make_specs())):
            for result in results:
                assert result.ok
                assert {s.task for s in result.scores if s.split == "validation"} == set(result.spec.subset)
                assert result.seconds >= 0

    def test_it_can_be_asked_again(self, executor: Executor) -> None:
        """A search asks batch by batch."""
        cohort = [make_spec("a"), make_spec("b")]
        (first,), (second,) = (list(executor.train([cohort])) for _ in range(2))
        assert [result.scores for result in first] == [result.scores for result in second]

    def test_closing_twice_is_no_error(self, executor: Executor) -> None:
        executor.close()
        executor.close()


def split_in(n: int, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
    """Cohorts of about equal size."""
    return [list(specs[i::n]) for i in range(n)]
