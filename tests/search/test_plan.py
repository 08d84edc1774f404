"""The plan: a search may never train more than was asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import document

from taskgroup.errors import InputError
from taskgroup.search import Plan, make_plan
from taskgroup.search.dimensions import tuning_runs
from taskgroup.search.plan import MAX_FINALISTS
from taskgroup.spec import Study, parse_study


def study_of(n_tasks: int = 4, *, tuned: bool = False, groups: int | None = None, **search: Any) -> Study:
    settings = {"learning_rate": None, "weight_decay": None} if tuned else {}
    sections = document("memory", training=settings, search=search, grouping={"max_groups": groups})
    tasks = [{"name": f"t{i}", "kind": "regression"} for i in range(n_tasks)]
    return parse_study({**sections, "tasks": tasks})


def runs_at_most(study: Study, plan: Plan) -> int:
    """All stages at their largest; a finalist's networks of one task are baselines already."""
    n_tasks = len(study.tasks)
    networks = min(study.grouping.max_groups or n_tasks, n_tasks // 2 + 1)
    return (
        tuning_runs(study, plan.n_proposals, len(plan.tuning_seeds))
        + (n_tasks + 1 + plan.n_subsets) * len(plan.seeds)
        + (n_tasks + 1 + MAX_FINALISTS * networks) * len(plan.fresh_seeds)
    )


@given(
    n_tasks=st.integers(2, 9),
    tuned=st.booleans(),
    groups=st.none() | st.integers(1, 9),
    runs=st.integers(1, 2000),
    seeds=st.integers(1, 8),
    confirm_seeds=st.none() | st.integers(2, 8),
)
def test_the_stages_keep_within_the_runs(n_tasks, tuned, groups, runs, seeds, confirm_seeds):
    study = study_of(n_tasks, tuned=tuned, groups=groups, runs=runs, seeds=seeds, confirm_seeds=confirm_seeds)
    try:
        plan = make_plan(study)
    except InputError:
        return
    assert runs_at_most(study, plan) <= runs
    assert plan.n_subsets >= 1 or n_tasks == 2
    assert len(plan.seeds) == seeds
    assert not set(plan.seeds) & set(plan.fresh_seeds)
    assert set(plan.tuning_seeds) <= set(plan.seeds)


@given(n_tasks=st.integers(2, 9), runs=st.integers(1, 3000), seeds=st.integers(1, 8))
def test_matched_baselines_keep_within_the_runs_too(n_tasks, runs, seeds):
    try:
        full, plan = (
            make_plan(study_of(n_tasks, runs=runs, seeds=seeds, baseline=b)) for b in ("full", "matched")
        )
    except InputError:
        return
    assert plan.n_subsets >= 1 or n_tasks == 2
    assert plan.n_proposals == full.n_proposals
    assert plan.n_subsets <= full.n_subsets
    spare = runs - runs_at_most(study_of(n_tasks, seeds=seeds), plan)
    assert spare >= (full.n_subsets - plan.n_subsets) * seeds


def test_many_runs_measure_everything_over_both_baselines():
    plan = make_plan(study_of(4, runs=1000, seeds=3, baseline="matched"))
    assert plan.n_subsets == 2**4 - 4 - 2


@pytest.mark.parametrize("baseline", ["full", "matched"])
@pytest.mark.parametrize("n_tasks", [3, 4, 7])
def test_too_few_runs_are_refused_with_the_number_that_suffices(n_tasks, baseline):
    with pytest.raises(InputError, match=r"search\.runs is 5") as raised:
        make_plan(study_of(n_tasks, runs=5, seeds=2, baseline=baseline))
    least = int(re.search(r"need at least (\d+)", str(raised.value)).group(1))
    all_pairs = int(re.search(r"Give (\d+) to measure all pairs", str(raised.value)).group(1))
    plans = [
        make_plan(study_of(n_tasks, runs=runs, seeds=2, baseline=baseline)) for runs in (least, all_pairs)
    ]
    assert plans[0].n_subsets >= 1
    assert plans[1].n_subsets >= n_tasks * (n_tasks - 1) // 2
    with pytest.raises(InputError):
        make_plan(study_of(n_tasks, runs=least - 1, seeds=2))


def test_studies_of_other_seeds_share_no_repetition():
    """Two searches of one study must be independent evidence."""
    plans = [make_plan(study_of().model_copy(update={"seed": seed})) for seed in (0, 1)]
    used = [{*plan.seeds, *plan.fresh_seeds} for plan in plans]
    assert not used[0] & used[1]


def test_a_search_that_goes_on_with_more_runs_keeps_its_tuning():
    """Else more runs would mean other settings, and every run trained so far would be worthless."""
    small, large = (study_of(6, tuned=True, runs=runs) for runs in (150, 1000))
    first = make_plan(small)
    assert make_plan(large).n_proposals > first.n_proposals
    continued = make_plan(large, n_proposals=first.n_proposals)
    assert continued.n_proposals == first.n_proposals
    assert continued.n_subsets > first.n_subsets
