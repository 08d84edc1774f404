"""Tasks that train for the sake of others and are served by nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from grouping_cases import problems
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.errors import InputError
from taskgroup.grouping import Candidate, Problem, Rules, solve, verify


@given(problems(), st.data())
def test_company_changes_nothing_about_who_is_best_served(problem, data):
    """Values decide; that a network also trains a hint is not the solver's business."""
    company = [
        tuple(data.draw(st.sets(st.sampled_from(["x", "y"])), label="company")) for _ in problem.candidates
    ]
    candidates = tuple(
        replace(candidate, subset=(*sorted(riding), *candidate.subset))
        for candidate, riding in zip(problem.candidates, company, strict=True)
    )
    accompanied = replace(problem, candidates=candidates, riding=("x", "y"))
    grouping = solve(accompanied)
    verify(accompanied, grouping)
    assert grouping.select_total == pytest.approx(solve(problem).select_total)
    assert {network.subset for network in grouping.networks} <= {c.subset for c in candidates}


def test_without_overlap_company_may_train_twice():
    """A hint that helps two networks belongs to neither."""
    tasks, hinted = ("a", "b"), [Candidate((task, "hint"), 1.0, {task: 1.0}) for task in ("a", "b")]
    alone = [Candidate((task,), 1.0, {task: 0.0}) for task in tasks]
    problem = Problem(
        tasks, (*alone, *hinted), "maximize", rules=Rules(overlap=False), riding=("hint",), max_groups=2
    )
    grouping = solve(problem)
    verify(problem, grouping)
    assert {network.subset for network in grouping.networks} == {("a", "hint"), ("b", "hint")}


def test_rules_may_keep_company_away():
    """Whom a user keeps apart stays apart, served or not."""
    tasks = ("a",)
    candidates = (Candidate(("a",), 1.0, {"a": 0.0}), Candidate(("a", "hint"), 1.0, {"a": 1.0}))
    rules = Rules(cannot_link=(("a", "hint"),))
    problem = Problem(tasks, candidates, "maximize", rules=rules, riding=("hint",))
    assert [network.subset for network in solve(problem).networks] == [("a",)]
    with pytest.raises(InputError, match="names the unknown task 'hint'"):
        Problem(tasks, candidates, "maximize")
