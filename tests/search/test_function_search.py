"""Searching with the user's trainer: calls may be dear, so that their number is a hard limit."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

import taskgroup as tg

TASKS = ("a", "b", "c", "d")
SINGLES = [(task,) for task in TASKS]


class Trainer:
    """Scores by a planted truth: a and b help each other, c and d too; strangers hurt. Notes every call."""

    def __init__(self, *, fails: set[tuple[str, ...]] = frozenset(), sign: float = 1.0) -> None:  # type: ignore[assignment]
        self.calls: list[tuple[tuple[str, ...], int]] = []
        self._fails, self._sign = fails, sign

    def __call__(self, request: tg.Request) -> Mapping[str, float]:
        self.calls.append((request.subset, request.seed))
        if request.subset in self._fails:
            raise MemoryError(f"{len(request.subset)} tasks do not fit")
        return {task: self._sign * self.score(request.subset, task, request.seed) for task in request.subset}

    @staticmethod
    def score(subset: tuple[str, ...], task: str, seed: int = 0) -> float:
        friend = {"a": "b", "b": "a", "c": "d", "d": "c"}[task]
        strangers = len(set(subset) - {task, friend})
        return 10 + (friend in subset) - 2 * strangers + 0.01 * ((seed * 7 + len(subset)) % 5)

    @property
    def subsets(self) -> set[tuple[str, ...]]:
        return {subset for subset, _ in self.calls}


def search(trainer: Trainer, **options: Any) -> tg.SearchResult:
    return tg.search(list(TASKS), train=trainer, **{"runs": 28, "groups": 2, "confirm": False, **options})


def networks(result: tg.SearchResult) -> set[tuple[str, ...]]:
    return {network.subset for network in result.recommendation.networks}


@pytest.mark.parametrize("confirm", [False, True])
@pytest.mark.parametrize("seeds", [1, 2, 3])
@pytest.mark.parametrize("runs", [36, 41, 100])
def test_never_more_calls_than_runs_and_none_twice(runs, seeds, confirm):
    trainer = Trainer()
    search(trainer, runs=runs, seeds=seeds, confirm=confirm, groups=2)
    assert len(trainer.calls) == len(set(trainer.calls)) <= runs
    assert {*SINGLES, TASKS} <= trainer.subsets


def test_the_best_grouping_is_found():
    result = search(Trainer())
    assert networks(result) == {("a", "b"), ("c", "d")}
    assert result.recommendation.gain == pytest.approx(1.0, abs=0.05)
    assert result.recommendation.baseline_gains["all_in_one"] < 0


def test_one_seed_has_no_interval_and_claims_nothing():
    result = search(Trainer(), seeds=1)
    assert result.recommendation.low is None
    assert result.recommendation.high is None
    assert result.transfer["q_value"].isna().all()
    assert result.negative_transfer.empty
    assert "not confirmed" in result.recommendation.verdict


def test_confirmation_uses_fresh_seeds_and_only_trained_networks():
    """Choosing and reporting by the same runs would make every gain too good."""
    trainer = Trainer()
    result = search(trainer, runs=100, seeds=3, confirm=True)
    chosen = {seed for subset, seed in trainer.calls if len(subset) == 3}
    fresh = {seed for _, seed in trainer.calls} - set(range(3))
    assert fresh == {3, 4, 5}
    assert chosen <= set(range(3))
    assert networks(result) <= {subset for subset, seed in trainer.calls if seed in fresh}
    assert result.recommendation.confirmed
    assert result.recommendation.low <= result.recommendation.gain <= result.recommendation.high
    assert "beats both baselines" in result.recommendation.verdict


def test_what_is_recommended_was_trained():
    trainer = Trainer()
    assert networks(search(trainer, groups=3)) <= trainer.subsets


def test_another_seed_draws_other_repetitions():
    trainer = Trainer()
    search(trainer, seed=40, seeds=2)
    assert {seed for _, seed in trainer.calls} == {40, 41}


def test_losses_are_minimised():
    """The same truth as losses: smaller is better, gains keep their sign."""
    scores, losses = search(Trainer()), search(Trainer(sign=-1.0), direction="minimize")
    assert networks(losses) == networks(scores)
    assert losses.recommendation.gain == pytest.approx(scores.recommendation.gain)
    assert set(losses.runs["metric"]) == {"loss"}
    assert (losses.runs["value"] < 0).all()


def test_the_objective_is_the_mean_score_as_returned():
    result = search(Trainer(), seeds=1)
    expected = sum(Trainer.score(s, t) for s in (("a", "b"), ("c", "d")) for t in s)
    assert result.recommendation.select_total == pytest.approx(expected)


def test_relative_gains_are_shares_of_the_single_task_score():
    difference, relative = search(Trainer()), search(Trainer(), scale="relative")
    assert networks(relative) == networks(difference)
    assert relative.recommendation.gain == pytest.approx(difference.recommendation.gain / 10, rel=0.01)


def test_importance_weighs_the_objective():
    """With two of four tasks that matter, theirs is the group."""

    def train(request: tg.Request) -> dict[str, float]:
        likes = {
            ("a", "c"): {"a": 5.0},
            ("b", "d"): {},
            ("a", "b"): {"b": 1.0},
            ("c", "d"): {"c": 1.0, "d": 1.0},
        }
        if len(request.subset) > 2:
            return dict.fromkeys(request.subset, -9.0)
        return {task: likes.get(request.subset, {}).get(task, 0.0) for task in request.subset}

    plain = tg.search(list(TASKS), train=train, groups=2, confirm=False, importance={"a": 0.1})
    heavy = tg.search(list(TASKS), train=train, groups=2, confirm=False, importance={"a": 10.0})
    assert networks(plain) == {("a", "b"), ("c", "d")}
    assert networks(heavy) == {("a", "c"), ("b", "d")}


def test_only_candidates_are_asked_for():
    candidates = [*SINGLES, ("b", "a"), ("c", "d"), ("a", "b", "c")]
    trainer = Trainer()
    result = search(trainer, candidates=candidates)
    assert trainer.subsets <= {*SINGLES, ("a", "b"), ("c", "d"), ("a", "b", "c")}
    assert networks(result) == {("a", "b"), ("c", "d")}


def test_candidates_without_baselines_leave_the_gain_open():
    result = search(Trainer(), candidates=["a+b", "c+d", "b+c"])
    assert networks(result) == {("a", "b"), ("c", "d")}
    assert result.recommendation.gain is None
    assert result.recommendation.baseline_gains["all_in_one"] is None


def test_exceptions_are_recorded_and_the_search_goes_on():
    trainer = Trainer(fails={TASKS, ("a", "c")})
    result = search(trainer)
    assert networks(result) == {("a", "b"), ("c", "d")}
    failed = result.runs[result.runs["status"] == "failed"]
    assert set(failed["subset"]) == {"a+b+c+d", "a+c"}
    assert failed["reason"].str.contains("MemoryError: 4 tasks do not fit").any()
    assert any("2 runs failed" in note for note in result.outcome.notes)


def test_a_task_that_never_trains_ends_the_search():
    fails = {subset for n in range(1, 5) for subset in itertools.combinations(TASKS, n) if "d" in subset}
    with pytest.raises(tg.RunFailedError, match=r"every run with task 'd' failed.*MemoryError"):
        search(Trainer(fails=fails))


def test_too_few_networks_that_train_end_the_search():
    fails = {subset for n in (2, 3, 4) for subset in itertools.combinations(TASKS, n)}
    with pytest.raises(tg.RunFailedError, match="grouping limit"):
        search(Trainer(fails=fails))
    assert networks(search(Trainer(fails=fails), groups=None)) == set(SINGLES)


def test_the_record_remembers_calls(tmp_path):
    """A crashed script must not pay for its calls again."""
    storage = f"sqlite:///{tmp_path / 'calls.db'}"
    first = search(Trainer(), storage=storage)
    again = Trainer()
    result = search(again, storage=storage)
    assert again.calls == []
    assert result.recommendation == first.recommendation


def test_an_interrupted_search_goes_on(tmp_path):
    storage = f"sqlite:///{tmp_path / 'calls.db'}"

    class Impatient(Trainer):
        def __call__(self, request: tg.Request) -> Mapping[str, float]:
            if len(self.calls) == 6:
                raise KeyboardInterrupt
            return super().__call__(request)

    impatient, patient, undisturbed = Impatient(), Trainer(), Trainer()
    with pytest.raises(KeyboardInterrupt):
        tg.search(list(TASKS), train=impatient, groups=2, confirm=False, storage=storage, name="mine")
    result = tg.search(list(TASKS), train=patient, groups=2, confirm=False, storage=storage, name="mine")
    expected = tg.search(list(TASKS), train=undisturbed, groups=2, confirm=False)
    assert [*impatient.calls, *patient.calls] == undisturbed.calls
    assert result.recommendation == expected.recommendation


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"runs": 4}, "need at least 5"),
        ({"runs": 14, "seeds": 3}, "need at least"),
        ({"runs": 9, "confirm": True}, "confirm=False saves them"),
        ({"runs": 0}, "runs"),
        ({"seeds": 0}, "seeds"),
        ({"groups": 0}, "max_groups"),
        ({"direction": "up"}, "'up'"),
        ({"scale": "log"}, "'log'"),
        ({"importance": {"e": 1.0}}, "unknown task 'e'"),
        ({"importance": {"a": -1.0}}, "importance"),
        ({"candidates": [("a", "e")]}, "unknown task 'e'"),
        ({"candidates": [("a", "b")]}, "no subset with task 'c'"),
        ({"candidates": [("a", "a")]}, "each once"),
        ({"candidates": SINGLES}, "max_groups 2 is too small"),
        ({"candidates": "a+b"}, "no subset with task 'c'"),
        ({"confirm": "no"}, "confirm is 'no'"),
        ({"strategy": ""}, "search.strategy"),
        ({"name": ""}, "name"),
    ],
)
def test_wrong_arguments_are_refused_before_the_first_call(options, words):
    trainer = Trainer()
    with pytest.raises(tg.InputError, match=words):
        search(trainer, **options)
    assert trainer.calls == []


@pytest.mark.parametrize("tasks", [["a", "a"], ["a+b", "c"], [], [" a"]])
def test_task_names_that_cannot_be_joined_are_refused(tasks):
    with pytest.raises(tg.InputError):
        tg.search(tasks, train=Trainer())


def test_a_trainer_is_needed():
    with pytest.raises(tg.InputError, match="train="):
        tg.search(list(TASKS))
