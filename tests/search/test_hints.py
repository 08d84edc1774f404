"""Guesses that the search takes for what they are worth: which are made, what they cost, what may fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import TASKS, make_study

import taskgroup as tg
from taskgroup.errors import InputError
from taskgroup.search import Silent, make_plan
from taskgroup.search.hints import n_hint_runs, used_hints
from taskgroup.session import open_session


class Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_hints_that_need_trainings_count_in_the_runs(tmp_path: Path) -> None:
    """Else a search would train more networks than it was allowed."""
    hinted = (["static"], ["static", "gradient_cosine", "lookahead"])
    free, dear = (make_study(tmp_path, search={"hints": hints, "runs": 36}) for hints in hinted)
    assert (n_hint_runs(free), n_hint_runs(dear)) == (0, 3)
    subsets = [make_plan(study).n_subsets for study in (free, dear)]
    assert subsets[1] < subsets[0]


def test_other_strategies_take_no_hints(tmp_path: Path) -> None:
    assert used_hints(make_study(tmp_path, search={"strategy": "hoa", "hints": ["lookahead"]})) == ()


def test_a_search_takes_hints_and_keeps_them_for_the_report(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'runs.db'}"
    study = make_study(tmp_path, search={"hints": ["gradient_projection"], "runs": 80})
    result = tg.search(study, storage=storage)
    assert result.recommendation.confirmed
    with open_session(study, (0,), storage=storage) as session:
        kept = session.record.affinities(session.study_id)
    assert kept["gradient_projection"]["tasks"] == list(TASKS)


def test_an_estimator_that_cannot_be_used_is_said_and_does_no_harm(tmp_path: Path) -> None:
    """With nothing shared there are no common gradients to compare."""
    heard = Heard()
    study = make_study(
        tmp_path,
        model={"widths": [8]},
        search={"hints": ["gradient_cosine"], "runs": 80, "sharing": {"depth": [0]}},
    )
    result = tg.search(study, progress=heard)
    assert result.recommendation.confirmed
    assert any("no hints from gradient_cosine" in note for note in heard.notes)


def test_an_unknown_estimator_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hints"):
        make_study(tmp_path, search={"hints": ["tea_leaves"]})
