"""The forest of a cohort: a wrong parent or column would train one task on another's loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.models import Wiring, wire
from taskgroup.spec import Method, RunSpec, Sharing

N_OUTPUTS = {"a": 3, "b": 1, "c": 2}
N_BLOCKS = 3


def run(subset: tuple[str, ...], depth: int, seed: int = 0) -> RunSpec:
    return RunSpec(subset, Sharing("hard", depth), "equal", 0.01, 0.0, seed)


subsets = st.lists(st.sampled_from(sorted(N_OUTPUTS)), min_size=1, unique=True).map(
    lambda s: tuple(sorted(s))
)
members_of = st.lists(st.builds(run, subsets, st.integers(0, N_BLOCKS)), min_size=1, max_size=5)

TREE = Method("tree", {"branches": {"1": [["a", "c"]], "2": [["a"], ["c"]]}})
LOW = Method("low_supervision", {"attach": {"a": 1, "b": 2}})


def way(subset: tuple[str, ...], method: Method, seed: int = 0) -> RunSpec:
    return RunSpec(subset, Sharing(method.text, N_BLOCKS), "equal", 0.01, 0.0, seed)


any_members = st.lists(
    st.builds(run, subsets, st.integers(0, N_BLOCKS)) | st.builds(way, subsets, st.sampled_from([TREE, LOW])),
    min_size=1,
    max_size=5,
)


def path(wiring: Wiring, branch: int) -> list[int]:
    """The nodes that feed a branch, first layer to last."""
    ends = [(heads.level, int(node)) for heads in wiring.heads for node in heads.node]
    level, node = ends[int(wiring.branch_node[branch])]
    nodes = [node]
    for layer in reversed(wiring.layers[1 : level + 1]):
        node = node if layer.parent is None else int(layer.parent[node])
        nodes.append(node)
    return nodes[::-1]


@given(members_of)
def test_tasks_share_exactly_the_blocks_of_their_depth(members):
    wiring = wire(members, N_OUTPUTS, N_BLOCKS)
    owners = [(r, tuple(N_OUTPUTS)[t]) for r, t in zip(wiring.branch_run, wiring.branch_task, strict=True)]
    assert owners == [(r, task) for r, member in enumerate(members) for task in member.subset]
    paths = [path(wiring, branch) for branch in range(wiring.n_branches)]
    for level, layer in enumerate(wiring.layers):
        nodes = [p[level] for p in paths]
        assert sorted(set(nodes)) == list(range(len(layer.run)))
        assert [layer.run[n] for n in nodes] == wiring.branch_run.tolist()
        for one, (r, _) in enumerate(owners):
            for other in (o for o in range(len(owners)) if o != one and owners[o][0] == r):
                assert (nodes[one] == nodes[other]) == (level < members[r].sharing.depth)


def together(member: RunSpec, one: str, other: str, level: int) -> bool:
    """Whether two tasks pass through the same copy of a block."""
    if member.sharing.method.name == "low_supervision":
        return True
    parted = 1 if "b" in (one, other) else 2
    return level < (member.sharing.depth if member.sharing.is_hard else parted)


@given(any_members)
def test_any_forest_joins_its_tasks_where_it_says(members):
    wiring = wire(members, N_OUTPUTS, N_BLOCKS)
    paths = [path(wiring, branch) for branch in range(wiring.n_branches)]
    names = [tuple(N_OUTPUTS)[task] for task in wiring.branch_task]
    for p, (r, task) in enumerate(zip(wiring.branch_run, names, strict=True)):
        low = members[r].sharing.method.name == "low_supervision"
        assert len(paths[p]) == ({"a": 1, "b": 2}.get(task, N_BLOCKS) if low else N_BLOCKS)
        for q in range(wiring.n_branches):
            for level, (one, other) in enumerate(zip(paths[p], paths[q], strict=False)):
                same = wiring.branch_run[q] == r and (p == q or together(members[r], task, names[q], level))
                assert (one == other) == same
    for level, layer in enumerate(wiring.layers):
        assert {p[level] for p in paths if len(p) > level} == set(range(len(layer.run)))
        assert (np.diff(layer.run) >= 0).all()
        assert layer.parent is None or (np.diff(layer.parent) >= 0).all()
    assert set(wiring.branch_node.tolist()) == set(range(wiring.n_output_nodes))


@given(any_members)
def test_heads_in_one_node_have_columns_of_their_own(members):
    wiring = wire(members, N_OUTPUTS, N_BLOCKS)
    used = [
        (int(node), int(column) + i)
        for node, column, n in zip(
            wiring.branch_node, wiring.branch_column, wiring.branch_outputs, strict=True
        )
        for i in range(n)
    ]
    assert len(used) == len(set(used))
    assert wiring.n_columns == 1 + max(column for _, column in used)
    assert wiring.branch_outputs.tolist() == [N_OUTPUTS[t] for m in members for t in m.subset]


@given(members_of, st.permutations(sorted(N_OUTPUTS)))
def test_another_task_list_only_renumbers_the_tasks(members, order):
    before = wire(members, N_OUTPUTS, N_BLOCKS)
    after = wire(members, {task: N_OUTPUTS[task] for task in order}, N_BLOCKS)
    assert [order[t] for t in after.branch_task] == [tuple(N_OUTPUTS)[t] for t in before.branch_task]
    for name in ("branch_run", "branch_node", "branch_column", "branch_outputs"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_a_mixed_cohort_by_hand():
    wiring = wire([run(("a", "b"), 1), run(("c",), 3), run(("a", "c"), 0)], N_OUTPUTS, 2)
    first, second = wiring.layers
    assert first.run.tolist() == [0, 1, 2, 2]
    assert first.parent is None
    assert second.run.tolist() == [0, 0, 1, 2, 2]
    assert second.parent is not None
    assert second.parent.tolist() == [0, 0, 1, 2, 3]
    assert wiring.branch_node.tolist() == [0, 1, 2, 3, 4]
    assert wiring.branch_column.tolist() == [0] * 5
    assert wiring.n_columns == 3


@pytest.mark.parametrize(("depth", "nodes", "columns"), [(2, [0, 0], [0, 3]), (1, [0, 1], [0, 0])])
def test_only_wholly_shared_encoders_put_heads_side_by_side(depth, nodes, columns):
    wiring = wire([run(("a", "b"), depth)], N_OUTPUTS, 2)
    assert wiring.branch_node.tolist() == nodes
    assert wiring.branch_column.tolist() == columns
