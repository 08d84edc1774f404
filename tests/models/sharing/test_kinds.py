"""What the kinds of sharing state of themselves: facts, starts, and what it takes to serve tasks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from column_cases import TASKS

from taskgroup.models import SHARINGS
from taskgroup.models.sharing import Outline, make_kind
from taskgroup.spec import SHARING_KINDS, Sharing

VARIANTS = [
    *SHARINGS,
    'mmoe {"experts": 1}',
    'cgc {"shared": 0}',
    'cgc {"own": 3}',
    'ple {"shared": 0}',
    'ple {"own": 0}',
    'ple {"own": 2}',
]


def test_every_kind_has_facts():
    """A study that names it would be refused, or break in training."""
    assert SHARINGS.keys() == SHARING_KINDS.keys() - {"hard", "low_supervision", "tree"}


@pytest.mark.parametrize("depth", range(4))
@pytest.mark.parametrize("kind", VARIANTS)
def test_serving_costs_are_what_the_networks_compute(kind, depth):
    """Budgets are kept by these facts: a network must compute no more copies, and no fewer."""
    sharing = Sharing(kind, depth)
    outline = Outline(3, depth, ((5,),) * 4)
    built, facts = make_kind(sharing, outline), SHARING_KINDS[sharing.method.name]
    for n_served in (1, 2, 3):
        for served in itertools.combinations(range(3), n_served):
            columns = 1
            for level in range(3):
                copies = [copy for copy in built.copies(level) if set(copy.tasks) & set(served)]
                columns = max(len(copies), columns if len(built.copies(level)) == 1 else 0)
                names = tuple(TASKS[t] for t in served)
                sizes = {"depth": depth, "n_blocks": 3, "trained": TASKS, "served": names}
                assert facts.copies_at(sharing.settings, level, **sizes) == columns


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("kind", VARIANTS)
def test_starts_do_not_depend_on_company(kind, depth):
    """Subsets of one seed are compared, so that what they have in common must start alike."""
    built = make_kind(Sharing(kind, depth), Outline(2, depth, ((5,), (4,), (4,))))

    def starts_of_b(*subset: str) -> tuple[list[int], list[np.ndarray]]:
        place = subset.index("b")
        copies = [copy for level in range(2) for copy in built.copies(level)]
        seeds = [copy.seed(4, subset) for copy in copies if copy.owner in (None, place)]
        gates = [extra for extra in built.extras() if extra.name.startswith("gate")]
        return seeds, [extra.start(4, subset)[place] for extra in gates]

    (seeds, gates), (other_seeds, other_gates) = starts_of_b("a", "b"), starts_of_b("b", "c")
    assert seeds == other_seeds
    np.testing.assert_equal(gates, other_gates)


@pytest.mark.parametrize("level", [0, 1])
def test_a_gate_over_all_experts_starts_by_task(level):
    """Another order or company of tasks must not start a task's experts at another weight."""
    extras = make_kind(Sharing("ple", 3), Outline(2, 3, ((5,), (4,), (4,), (4,)))).extras()
    (gate,) = [extra for extra in extras if extra.name == f"shared gate {level}"]
    one, other = (gate.start(4, subset)[0] for subset in (("a", "b"), ("b", "c")))
    np.testing.assert_equal(one[[0, 1, 3]], other[[0, 1, 2]])
    assert not np.isclose(one[2], one[3]).any()


@pytest.mark.parametrize("kind", ["mmoe", "cgc", "ple"])
def test_experts_start_apart_and_the_first_as_hard_sharing_does(kind):
    """Equal experts would stay equal, and one expert would not be hard sharing."""
    built = make_kind(Sharing(kind, 1), Outline(2, 1, ((5,), (4,))))
    seeds = [copy.seed(9, ("a", "b")) for copy in built.copies(0)]
    assert seeds[0] == 9
    assert len(set(seeds)) == len(seeds)
